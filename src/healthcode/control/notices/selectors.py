"""Who is released tonight, who is held and why, whom no text reached: read from steps, nobody is evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from healthcode.control.evidence.notes import offices_of
from healthcode.control.language import language
from healthcode.control.notices.models import Choice, Notice
from healthcode.control.notices.services import scale_now
from healthcode.control.notices.states import TO_CALL, NoticeKind
from healthcode.control.notices.words import Told, notice_text
from healthcode.control.people.models import SubjectState
from healthcode.control.people.vault import MaskedIdentity, identities_masked
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.division import division_get
from healthcode.domain.time import date_of, day_of, day_start, instant_of, minute_of
from healthcode.rules.explain import color_word
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import ruleset_last
from healthcode.rules.words import Lang
from healthcode.table.payloads import GroundsNote, note_decode

SHOWN: Final = 100

_TONIGHT: Final = """
    WITH now_ AS (
        SELECT DISTINCT ON (subject) subject, state, notices FROM notices_step
         WHERE at <= %(now)s ORDER BY subject, place DESC
    ), then_ AS (
        SELECT DISTINCT ON (subject) subject, state, notices FROM notices_step
         WHERE at <= %(midnight)s ORDER BY subject, place DESC
    )
    SELECT t.subject, COALESCE(NULLIF(p.present_division, ''), p.residence_division), n.state, t.state,
           n.notices, t.notices
      FROM then_ t JOIN now_ n USING (subject) JOIN people_subject p ON p.number = t.subject
     WHERE t.state <> n.state OR t.notices & %(hold)s <> 0
     ORDER BY t.subject
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the list: her handle, masked where a work item of hers is in scope, from and to, and why."""

    subject: int
    person: MaskedIdentity | None
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class CountyCount:
    """How many of a county are released at midnight, are held already, and will be held from midnight on."""

    name: str
    released: int
    held: int
    newly_held: int


@dataclass(frozen=True, slots=True)
class _Tonight:
    subject: int
    division: str
    before: int
    after: int
    held: bool
    newly: bool


def next_midnight(now: datetime) -> datetime:
    """The next midnight of the region."""
    return instant_of(day_start(day_of(minute_of(now)) + 1))


def tonight(*, now: datetime) -> tuple[list[_Tonight], list[_Tonight]]:
    """Who is released at the next midnight, and who is held then, as far as the act may see; one query."""
    scale = scale_now()
    hold = 1 << scale.bits[scale.hold]
    with connection.cursor() as cursor:
        cursor.execute(_TONIGHT, {"now": now, "midnight": next_midnight(now), "hold": hold})
        rows = [
            _Tonight(number, division, before, after, bool(then & hold), not former & hold)
            for number, division, before, after, former, then in cursor.fetchall()
        ]
    severity = scale.colors.severity_of_state
    released = [row for row in rows if 0 <= severity(row.after) < severity(row.before)]
    return released, [row for row in rows if row.held]


def tonight_rows(found: Sequence[_Tonight]) -> list[Row]:
    """The first hundred of a list with mask and reason."""
    chosen = found[:SHOWN]
    numbers = [row.subject for row in chosen]
    people, why = identities_masked(numbers), _reasons(numbers)
    colors, ruleset = scale_now().colors, ruleset_last(rules_known().rules)
    return [
        Row(
            row.subject,
            people.get(row.subject),
            color_word(colors.id_of(row.before), ruleset, _lang()),
            color_word(colors.id_of(row.after), ruleset, _lang()),
            why.get(row.subject, ""),
        )
        for row in chosen
    ]


def tonight_counties(released: Sequence[_Tonight], held: Sequence[_Tonight]) -> list[CountyCount]:
    """Counts by county, most released first."""
    divisions = sorted({row.division for row in (*released, *held)})
    counts = [
        CountyCount(
            division_name(code),
            sum(row.division == code for row in released),
            sum(row.division == code and not row.newly for row in held),
            sum(row.division == code and row.newly for row in held),
        )
        for code in divisions
    ]
    return sorted(counts, key=lambda c: (-c.released, -c.held - c.newly_held, c.name))


def _reasons(numbers: Sequence[int]) -> dict[int, str]:
    """Of each person the rules of her open grounds with the tests still due, from the note that her page shows."""
    ruleset, zh = ruleset_last(rules_known().rules), _lang() == "zh"
    titles = {rule.id: rule.title[_lang()] for rule in ruleset.rules}
    words: dict[int, str] = {}
    for state in SubjectState.objects.filter(pk__in=numbers, grounds__isnull=False):
        parts = []
        for line in note_decode(bytes(state.grounds or b""), GroundsNote).grounds:
            days = ("、" if zh else ", ").join(f"{date_of(day):%m-%d}" for day in line.tests_due)
            due = (f"（待检 {days}）" if zh else f" (tests due {days})") if days else ""
            parts.append(titles.get(line.rule, line.rule) + due)
        words[state.pk] = ("；" if zh else "; ").join(parts)
    return words


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the county's call list."""

    notice: int
    subject: int
    person: MaskedIdentity | None
    text: str
    made_at: datetime


def calls(*, most: int = SHOWN) -> list[Call]:
    """People whom no text reached, red first, as far as the act may see: to be told by telephone or in person."""
    found = list(Notice.objects.filter(state__in=TO_CALL).order_by("-urgent", "made_at")[:most])
    people, texts = identities_masked(row.subject_id for row in found), _texts(found)
    return [Call(row.pk, row.subject_id, people.get(row.subject_id), texts[row.pk], row.made_at) for row in found]


def notices_of(number: int) -> list[dict[str, Any]]:
    """What a person was told or would have been, newest first, in both languages: for her own page."""
    found = list(Notice.objects.filter(subject_id=number).order_by("-id")[:SHOWN])
    ruleset, offices = ruleset_last(rules_known().rules), offices_of({row.division for row in found})
    return [
        {
            "at_minute": minute_of(row.made_at),
            "kind": row.kind,
            "state": row.state,
            "zh": notice_text(_told(row, offices), ruleset, "zh"),
            "en": notice_text(_told(row, offices), ruleset, "en"),
        }
        for row in found
    ]


def texts_wanted(number: int) -> bool:
    """Whether a person wants text messages; who has not chosen does."""
    chosen = Choice.objects.filter(pk=number).values_list("texts", flat=True).first()
    return chosen is not False


def _texts(found: Collection[Notice]) -> dict[int, str]:
    ruleset: Ruleset = ruleset_last(rules_known().rules)
    offices = offices_of({row.division for row in found})
    return {row.pk: notice_text(_told(row, offices), ruleset, _lang()) for row in found}


def _told(row: Notice, offices: Mapping[str, Mapping[str, str]]) -> Told:
    return Told(NoticeKind(row.kind), row.content, offices.get(row.division))


def _lang() -> Lang:
    return "zh" if language() == "zh" else "en"


def division_name(code: str) -> str:
    """A county's name in the request's language; of an unknown place a dash."""
    try:
        found = division_get(code)
    except KeyError:
        return "–"
    return found.name_zh if _lang() == "zh" else found.name_en
