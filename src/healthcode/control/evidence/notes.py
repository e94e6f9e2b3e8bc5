"""What the resident's page shows of the grounds: short texts and ends in both languages, for the edges' side file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from healthcode.control.offices.models import Unit
from healthcode.domain.evidence import Evidence
from healthcode.domain.unit import UnitKind
from healthcode.rules.explain import Explanation, GroundText, Offices, explain
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Evaluation, Ground
from healthcode.rules.succession import Rules, ruleset_at
from healthcode.table.payloads import GroundLine, GroundsNote, note_encode


def grounds_note(
    evaluation: Evaluation, rules: Rules, evidence: Sequence[Evidence], *, version: int, offices: Offices
) -> bytes | None:
    """The payload of a GROUNDS message, or None where no ground and no notice is open.

    `offices` has whom to ask for every county of a ground (`offices_of`).
    """
    if not evaluation.grounds and not evaluation.notices:
        return None
    ruleset = ruleset_at(rules, evaluation.now)
    zh = _by_key(explain(evaluation, rules, evidence, "zh", offices=offices))
    en = _by_key(explain(evaluation, rules, evidence, "en", offices=offices))
    lines = [_line(ground, ruleset, zh[ground.key], en[ground.key]) for ground in evaluation.grounds]
    notices = [{"id": notice.id, **ruleset.notices[notice.id].text} for notice in evaluation.notices]
    return note_encode(GroundsNote(version=version, grounds=lines, notices=notices))


def no_grounds_note(*, version: int) -> bytes:
    """The payload of a GROUNDS message that says: no ground and no notice is open any more."""
    return note_encode(GroundsNote(version=version, grounds=[], notices=[]))


def offices_of(divisions: Collection[str]) -> Offices:
    """Whom to ask, by county code: the county's own office and its public number."""
    units = Unit.objects.filter(kind=UnitKind.county_office, division__in=[d for d in divisions if d])
    return {unit.division: {"zh": unit.name_zh, "en": unit.name_en, "phone": unit.phone} for unit in units}


def _by_key(explanation: Explanation) -> dict[str, GroundText]:
    return {text.key: text for text in explanation.grounds}


def _line(ground: Ground, ruleset: Ruleset, zh: GroundText, en: GroundText) -> GroundLine:
    return GroundLine(
        key=ground.key,
        rule=ground.rule,
        state=ruleset.colors.state(ground.color),
        since=ground.since,
        until=ground.until,
        held=ground.held,
        next_change=ground.next_change,
        tests_due=[sampling.day for sampling in ground.tests_due if sampling.day is not None],
        words={"zh": _why(zh, "zh"), "en": _why(en, "en")},
        way_out={"zh": _how(zh, "zh"), "en": _how(en, "en")},
    )


def _why(text: GroundText, lang: Literal["zh", "en"]) -> str:
    """Why, and how it goes on."""
    parts = [text.reason, text.changes, text.until]
    return _sentences(parts, lang)


def _how(text: GroundText, lang: Literal["zh", "en"]) -> str:
    """What to do, the tests still due, whom to ask."""
    return _sentences([text.way_out, *text.tests, text.ask], lang)


def _sentences(parts: Sequence[str], lang: Literal["zh", "en"]) -> str:
    stop, space = ("。", "") if lang == "zh" else (".", " ")
    written = (part.strip().rstrip("。.") for part in dict.fromkeys(parts))
    return space.join(part[:1].upper() + part[1:] + stop for part in written if part)
