"""JSON in and out: one subject's evidence and areas, and the evaluation (`spec/evidence.schema.json`,
`spec/evaluation.schema.json`). Reading refuses what it cannot understand and names each place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from jsonschema import Draft202012Validator

from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.evidence import Evidence, EvidenceError, EvidenceKind, evidence_check, evidence_timely
from healthcode.domain.time import Day, Minute, date_of, day_from_date, day_start, minute_parse, minute_text
from healthcode.domain.unit import UnitKind
from healthcode.rules.document_schema import AREA, EVIDENCE, RECORD
from healthcode.rules.result import Evaluation, Ground, Notice, Span, Step, Unclear
from healthcode.rules.schedule import Sampling
from healthcode.rules.succession import Rules, ruleset_of

Json = dict[str, Any]


class DocumentFault(ValueError):
    """A JSON document that cannot be read; `problems` are (path, message) pairs."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known about one subject, as `evaluate` takes it; `offices` says whom to ask, by county."""

    evidence: tuple[Evidence, ...]
    areas: tuple[Area, ...] = ()
    holds_code: bool = True
    offices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_CHECKS: Final = {name: Draft202012Validator(s) for name, s in (("record", RECORD), ("area", AREA), ("all", EVIDENCE))}


def _check(which: str, data: object, prefix: str) -> None:
    problems = [
        (".".join([prefix, *(str(p) for p in e.absolute_path)]).strip("."), e.message[:200])
        for e in _CHECKS[which].iter_errors(data)
    ]
    if problems:
        raise DocumentFault(problems)


def _instant(prefix: str, text: str) -> Minute:
    try:
        return minute_parse(text)
    except (ValueError, OverflowError) as error:
        raise DocumentFault([(prefix, f"no such instant: {error}")]) from None


def _day(prefix: str, text: str | None) -> Day | None:
    try:
        return None if text is None else day_from_date(date.fromisoformat(text))
    except ValueError:
        raise DocumentFault([(prefix, "no such date; write YYYY-MM-DD")]) from None


def evidence_from_json(data: Mapping[str, Any], index: int = 0) -> Evidence:
    """One record. Where left out: `id` is its number, `occurred` the begin of day 0 or `learned`, `learned` the same.

    Raises DocumentFault when a field is wrong or a time lies in the future of its own recording.
    """
    prefix = f"evidence[{index}]"
    _check("record", data, prefix)
    kind = EvidenceKind(data["kind"])
    anchor = _day(f"{prefix}.anchor", data.get("anchor"))
    given = data.get("occurred") or data.get("learned")
    if given is None and anchor is None:
        raise DocumentFault([(prefix, "a time is missing; write `occurred` or `anchor`")])
    begun = day_start(anchor) if anchor is not None and "occurred" not in data else None
    occurred = begun if begun is not None else _instant(f"{prefix}.occurred", str(given))
    learned = _instant(f"{prefix}.learned", data["learned"]) if "learned" in data else occurred
    try:
        fields = evidence_check(kind, data.get("fields", {}))
    except EvidenceError as error:
        raise DocumentFault([(f"{prefix}.fields.{p.field}", p.message) for p in error.problems]) from None
    record = Evidence(
        id=data.get("id", f"e{index + 1}"),
        kind=kind,
        fields=fields,
        anchor=anchor,
        occurred=occurred,
        learned=learned,
        supersedes=data.get("supersedes"),
        rescinded=data.get("rescinded", False),
        unit=UnitKind(data["unit"]) if data.get("unit") else None,
        source=data.get("source", ""),
        county=data.get("county", ""),
        document=data.get("document", ""),
        batch=data.get("batch", ""),
    )
    fault = evidence_timely(record)
    if fault:
        raise DocumentFault([(f"{prefix}.{fault.field}", fault.message)])
    return record


def evidence_to_json(record: Evidence) -> Json:
    """One record as JSON; reading it again gives an equal record."""
    data: Json = {
        "id": record.id,
        "kind": record.kind.value,
        "fields": {k: list(v) if isinstance(v, tuple) else v for k, v in record.fields.items()},
        "anchor": None if record.anchor is None else date_of(record.anchor).isoformat(),
        "occurred": minute_text(record.occurred),
        "learned": minute_text(record.learned),
    }
    optional: Json = {
        "supersedes": record.supersedes,
        "rescinded": record.rescinded or None,
        "unit": record.unit.value if record.unit else None,
        "source": record.source,
        "county": record.county,
        "document": record.document,
        "batch": record.batch,
    }
    return data | {k: v for k, v in optional.items() if v}


def area_from_json(data: Mapping[str, Any], index: int = 0) -> Area:
    """One level of an area over one period; raises DocumentFault."""
    prefix = f"areas[{index}]"
    _check("area", data, prefix)
    names = data.get("names", {})
    return Area(
        id=data["id"],
        level=AreaLevel(data["level"]),
        from_=_instant(f"{prefix}.from", data["from"]),
        until=_instant(f"{prefix}.until", data["until"]) if data.get("until") else None,
        divisions=tuple(data.get("divisions", ())),
        addresses=tuple(data.get("addresses", ())),
        basis=data.get("basis", ""),
        office=data.get("office", ""),
        names=(names.get("zh", ""), names.get("en", "")),
    )


def area_to_json(area: Area) -> Json:
    """One level of an area as JSON."""
    return {
        "id": area.id,
        "level": area.level.value,
        "from": minute_text(area.from_),
        "until": _maybe(area.until),
        "divisions": list(area.divisions),
        "addresses": list(area.addresses),
        "basis": area.basis,
        "office": area.office,
        "names": {"zh": area.names[0], "en": area.names[1]},
    }


def subject_from_json(data: object) -> Subject:
    """One subject's whole input; raises DocumentFault naming every place that is wrong."""
    _check("all", data, "")
    document: Json = data if isinstance(data, dict) else {}
    return Subject(
        evidence=tuple(evidence_from_json(e, i) for i, e in enumerate(document["evidence"])),
        areas=tuple(area_from_json(a, i) for i, a in enumerate(document.get("areas", []))),
        holds_code=document.get("holds_code", True),
        offices=document.get("offices", {}),
    )


def _maybe(minute: Minute | None) -> str | None:
    return None if minute is None else minute_text(minute)


def _ground_to_json(ground: Ground, rules: Rules, now: Minute) -> Json:
    course = []
    for span in ground.spans:
        rule = ruleset_of(rules, span.ruleset, now).rule(ground.rule) if span.phase >= 0 else None
        phase = rule.phases[span.phase] if rule else None
        color = None if phase is None else phase.hold_color if span.held else phase.color
        at = minute_text(span.minute)
        step: Json = {"at": at, "phase": phase.id if phase else None, "color": color, "held": span.held}
        course.append(step | ({"ruleset": span.ruleset} if span.ruleset else {}))
    return {
        "key": ground.key,
        "rule": ground.rule,
        "evidence": ground.evidence,
        "record": ground.record,
        "phase": ground.phase,
        "color": ground.color,
        "held": ground.held,
        "pending": ground.pending,
        "since": minute_text(ground.since),
        "phase_since": minute_text(ground.phase_since),
        "next_change": _maybe(ground.next_change),
        "until": _maybe(ground.until),
        "planned_end": _maybe(ground.planned_end),
        "review": _maybe(ground.review),
        "county": ground.county,
        "course": course,
        "tests_due": [
            {
                "phase": s.phase,
                "day": None if s.day is None else date_of(s.day).isoformat(),
                "status": s.status,
                "number": s.number,
            }
            for s in ground.tests_due
        ],
        "notices": list(ground.notices),
        **({"ruleset": ground.ruleset} if ground.ruleset else {}),
    }


def evaluation_to_json(evaluation: Evaluation, rules: Rules) -> Json:
    """The answer as JSON (`spec/evaluation.schema.json`), without the explanation."""
    return {
        "ruleset": evaluation.ruleset,
        "version": evaluation.version,
        "now": minute_text(evaluation.now),
        "color": evaluation.color,
        "grounds": [_ground_to_json(g, rules, evaluation.now) for g in evaluation.grounds],
        "notices": [{"id": n.id, "until": _maybe(n.until), "grounds": list(n.grounds)} for n in evaluation.notices],
        "timeline": [
            {"at": minute_text(s.minute), "color": s.color, "notices": list(s.notices)} for s in evaluation.timeline
        ],
        "next_review": _maybe(evaluation.next_review),
        "unclear": [{"evidence": u.evidence, "reason": u.reason} for u in evaluation.unclear],
        "last_negative": _maybe(evaluation.last_negative),
        "doses": evaluation.doses,
    }


def _read_minute(text: str | None) -> Minute | None:
    return None if text is None else minute_parse(text)


def _span_from_json(data: Json, rule_id: str, rules: Rules, now: Minute) -> Span:
    key: str = data.get("ruleset", "")
    phases = ruleset_of(rules, key, now).rule(rule_id).phases if data["phase"] is not None else ()
    index = next((i for i, phase in enumerate(phases) if phase.id == data["phase"]), -1)
    return Span(minute_parse(data["at"]), index, data["held"], key)


def _ground_from_json(data: Json, rules: Rules, now: Minute) -> Ground:
    due: Sequence[Json] = data["tests_due"]
    return Ground(
        key=data["key"],
        rule=data["rule"],
        evidence=data["evidence"],
        record=data["record"],
        phase=data["phase"],
        color=data["color"],
        held=data["held"],
        pending=data["pending"],
        since=minute_parse(data["since"]),
        phase_since=minute_parse(data["phase_since"]),
        next_change=_read_minute(data["next_change"]),
        until=_read_minute(data["until"]),
        planned_end=_read_minute(data["planned_end"]),
        review=_read_minute(data["review"]),
        county=data["county"],
        spans=tuple(_span_from_json(s, data["rule"], rules, now) for s in data["course"]),
        tests_due=tuple(Sampling(s["phase"], _day("day", s["day"]), s["status"], s["number"]) for s in due),
        notices=tuple(data["notices"]),
        ruleset=data.get("ruleset", ""),
    )


def evaluation_from_json(data: Json, rules: Rules) -> Evaluation:
    """A stored answer read again under its own ruleset or rulesets, to replay or to explain it."""
    now = minute_parse(data["now"])
    return Evaluation(
        ruleset=data["ruleset"],
        version=data["version"],
        now=now,
        color=data["color"],
        grounds=tuple(_ground_from_json(g, rules, now) for g in data["grounds"]),
        notices=tuple(Notice(n["id"], _read_minute(n["until"]), tuple(n["grounds"])) for n in data["notices"]),
        timeline=tuple(Step(minute_parse(s["at"]), s["color"], tuple(s["notices"])) for s in data["timeline"]),
        next_review=_read_minute(data["next_review"]),
        unclear=tuple(Unclear(u["evidence"], u["reason"]) for u in data["unclear"]),
        last_negative=_read_minute(data["last_negative"]),
        doses=data["doses"],
    )
