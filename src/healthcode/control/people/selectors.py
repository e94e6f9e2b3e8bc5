"""What a person reads about herself (H3, T4): who she is to us, her color and why, what was decided, who looked.

The color is evaluated at `now` from the same evidence as the last decision, so that a midnight that has passed since
is already in it; the explanation is the one that officers and ledger show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from healthcode.control.areas.reading import areas_of
from healthcode.control.audit.models import Event
from healthcode.control.audit.names import EventName
from healthcode.control.documents.selectors import document_checks_of
from healthcode.control.evidence.models import Decision
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.language import language, say
from healthcode.control.notices.selectors import notices_of, texts_wanted
from healthcode.control.offices.models import Post, Unit
from healthcode.control.people.models import Consent, Subject
from healthcode.control.people.vault import identity_masked
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.division import division_get
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import minute_of
from healthcode.domain.unit import UnitKind
from healthcode.rules.evaluate import evaluate
from healthcode.rules.explain import Explanation, color_word, explain
from healthcode.rules.model import Rule, Ruleset
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import Rules, ruleset_last
from healthcode.rules.words import LANGS

Json = dict[str, Any]
MOST_ROWS: Final = 100

_LOOKS: Final[dict[EventName, tuple[str, str]]] = {
    EventName.IDENTITY_UNMASKED: ("查看了您的完整信息", "saw your details in full"),
    EventName.LEAD_ACCEPTED: (
        "受理了与您有关的线索，可见您的电话和住址",
        "took up a lead about you, with your phone and address",
    ),
    EventName.LEAD_HANDED_BACK: ("退回了与您有关的线索", "handed back a lead about you"),
    EventName.LEAD_ROUTED: ("转派了与您有关的线索", "routed a lead about you to a county"),
    EventName.DETERMINATION_PROPOSED: ("提出了对您的判定意见", "proposed a determination about you"),
    EventName.DETERMINATION_APPROVED: ("复核通过了对您的判定", "reviewed and approved a determination about you"),
    EventName.DETERMINATION_RETURNED: ("复核退回了对您的判定意见", "reviewed and returned a proposal about you"),
}


def me(number: int, *, now: datetime) -> Json:
    """Everything that the acting resident sees on her page, texts in both languages by `zh` and `en`."""
    person = Subject.objects.get(pk=number)
    shown = identity_masked(number)
    evidence = evidence_of([number]).get(number, [])
    areas = areas_of(evidence).of(evidence)
    rules = rules_known().rules
    answer = evaluate(evidence, areas, rules, minute_of(now), holds_code=person.holds_code)
    return {
        "masked_name": shown.name if shown else "*",
        "masked_document": shown.document if shown else "*",
        "document_kind": shown.document_kind.value if shown else None,
        "masked_phone": shown.phone if shown else "",
        "residence": _division(person.residence_division),
        "consent": _consent(number),
        **_answer(answer, evidence, rules),
        "decisions": decisions_of(number),
        "tests": _tests(evidence),
        "looks": _newest([*looks_at(number), *document_checks_of(number)]),
        "told": notices_of(number),
        "texts": texts_wanted(number),
        "server_time_ms": int(now.timestamp() * 1000),
    }


def decisions_of(number: int) -> list[Json]:
    """The last decisions about a person, newest first: color, rules (by title, in the request's language) and when."""
    rows = Decision.objects.filter(subject_id=number).order_by("-version")[:MOST_ROWS]
    return [
        {
            "id": str(row.id),
            "at_minute": minute_of(row.decided_at),
            "color": row.color,
            "color_word": _color_word(row.color),
            "rules": _titles(ground["rule"] for ground in row.evaluation.get("grounds", [])),
            "ruleset": row.ruleset,
            "decided_in": _division(row.division),
        }
        for row in rows
    ]


def looks_at(number: int) -> list[Json]:
    """Which office looked at or acted on this person, in which post, when and for what; newest first. No names."""
    rows = Event.objects.filter(subject=number, officer__isnull=False, name__in=[n.value for n in _LOOKS])
    found = list(rows.order_by("-id")[:MOST_ROWS])
    posts = Post.objects.select_related("unit").in_bulk([row.post for row in found if row.post])
    return [_look(row, posts.get(row.post or 0)) for row in found]


def _newest(looks: list[Json]) -> list[Json]:
    return sorted(looks, key=lambda look: int(look["at_minute"]), reverse=True)[:MOST_ROWS]


def _look(row: Event, post: Post | None) -> Json:
    zh, en = _LOOKS[EventName(row.name)]
    return {
        "at_minute": minute_of(row.at),
        "office": {"zh": post.unit.name_zh, "en": post.unit.name_en} if post else None,
        "post": {"zh": post.title_zh, "en": post.title_en} if post else None,
        "what": {"zh": zh, "en": en},
        "purpose": row.detail.get("reason") or say("新冠肺炎疫情防控核查", "COVID-19 investigation"),
        "fields": row.detail.get("fields", []),
    }


def _titles(rules: Iterable[str]) -> list[str]:
    """Rules by title; one that has left the ruleset keeps its id."""
    known = {rule.id: rule.title[language()] for rule in _every_rule(rules_known().rules)}
    return [known.get(rule, rule) for rule in sorted(set(rules))]


def _every_rule(rules: Rules) -> Iterable[Rule]:
    """Rules of all sets, the latest last: its title counts."""
    sets = [rules] if isinstance(rules, Ruleset) else rules.rulesets
    return (rule for ruleset in sets for rule in ruleset.rules)


def _answer(answer: Evaluation, evidence: Sequence[Evidence], rules: Rules) -> Json:
    offices = _offices(ground.county for ground in answer.grounds)
    told = {lang: explain(answer, rules, evidence, lang, offices=offices) for lang in LANGS}
    return {
        "color": answer.color,
        "color_word": _color_word(answer.color),
        "headline": {lang: told[lang].headline for lang in LANGS},
        "hotline": {lang: told[lang].hotline for lang in LANGS},
        "ruleset": {lang: told[lang].ruleset for lang in LANGS},
        "grounds": _grounds(answer, told),
        "notices": [
            {"id": zh.id, "zh": asdict(zh), "en": asdict(en)}
            for zh, en in zip(told["zh"].notices, told["en"].notices, strict=True)
        ],
        "timeline": [{"minute": step.minute, "color": step.color} for step in answer.timeline],
        "last_negative_minute": answer.last_negative,
        "doses": answer.doses,
    }


def _grounds(answer: Evaluation, told: dict[Any, Explanation]) -> list[Json]:
    by_key = {ground.key: ground for ground in answer.grounds}
    return [
        {
            "key": zh.key,
            "rule": zh.rule,
            "color": zh.color,
            "held": zh.held,
            "pending": zh.pending,
            "since_minute": by_key[zh.key].since,
            "until_minute": by_key[zh.key].until,
            "next_change_minute": by_key[zh.key].next_change,
            "zh": asdict(zh),
            "en": asdict(en),
        }
        for zh, en in zip(told["zh"].grounds, told["en"].grounds, strict=True)
    ]


def _offices(counties: Iterable[str]) -> dict[str, dict[str, str]]:
    """Whom to ask about a ground: the owning county's office."""
    rows = Unit.objects.filter(kind=UnitKind.county_office, division__in=set(counties))
    return {row.division: {"zh": row.name_zh, "en": row.name_en, "phone": row.phone} for row in rows}


def _color_word(color: str) -> dict[str, str]:
    return {lang: color_word(color, ruleset_last(rules_known().rules), lang) for lang in LANGS}


def _tests(evidence: Sequence[Evidence]) -> list[Json]:
    tests = [e for e in evidence if e.kind is EvidenceKind.test and not e.rescinded]
    corrected = {e.supersedes for e in evidence if e.supersedes}
    return [
        {
            "sampled_minute": e.occurred,
            "reported_minute": e.learned,
            "result": e.fields.get("result"),
            "pool_size": e.fields.get("pool_size", 1),
            "source": e.source,
        }
        for e in sorted(tests, key=lambda e: e.occurred, reverse=True)
        if e.id not in corrected
    ][:MOST_ROWS]


def _consent(number: int) -> Json | None:
    row = Consent.objects.filter(subject_id=number).order_by("-id").first()
    return {"version": row.version, "given": row.given, "at_minute": minute_of(row.at)} if row else None


def _division(code: str) -> Json | None:
    try:
        found = division_get(code)
    except KeyError:
        return None
    return {"code": code, "zh": found.name_zh, "en": found.name_en}
