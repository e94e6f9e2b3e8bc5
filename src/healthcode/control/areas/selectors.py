"""What the consoles show of areas. Row policies narrow each query to the scope of the act; numbers have no rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from healthcode.control.areas.book import Approved, period_at
from healthcode.control.areas.models import Carried, Carrying, Designation, RiskArea, RuledStep, Verdict
from healthcode.control.areas.reading import areas_read
from healthcode.control.areas.words import LEVEL_WORDS, carrying_word, clear_word, level_word, said_word, verdict_word
from healthcode.control.language import say
from healthcode.control.people.places import place_index
from healthcode.domain.address import place_named
from healthcode.domain.area import Area
from healthcode.domain.division import division_get
from healthcode.domain.time import instant_of, minute_of

_MOST_CARRYINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many people a designation may concern, and how many of them are worse than green already.

    Residents are those of the extent (the county, or its compounds); `named` are those whose evidence names the area.
    """

    residents: int
    residents_red: int
    residents_yellow: int
    named: int
    named_red: int
    named_yellow: int

    def document(self) -> dict[str, int]:
        """As it is recorded with the proposal."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area as a list shows it."""

    area: RiskArea
    name: str
    county: str
    level: str
    hue: str
    since: datetime | None
    until: datetime | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class CarryingLine:
    """How far a designation is carried out; `percent` None while that is not known."""

    name: str
    said: str
    step: str
    row: Carrying
    percent: int | None
    finished: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an area's history: a designation, or a step by rule."""

    at: datetime
    title: str
    by_rule: bool
    verdict: str
    who: str
    why: str


def numbers_of(division: str, code: str = "", addresses: Iterable[str] = ()) -> Numbers:
    """The numbers of an extent (no address: the county) and, where `code` names an area, of those in its evidence."""
    places = [place_index(place_named(line)) for line in addresses]
    residents = _by_color("SELECT color, people FROM area_residents_by_color(%s, %s::bytea[])", division, places)
    named = _by_color("SELECT color, people FROM area_people_by_color(%s)", code) if code else {}
    return Numbers(
        residents=sum(residents.values()),
        residents_red=residents.get("red", 0),
        residents_yellow=residents.get("yellow", 0),
        named=sum(named.values()),
        named_red=named.get("red", 0),
        named_yellow=named.get("yellow", 0),
    )


def reached_by(division: str, addresses: Iterable[str] = ()) -> list[tuple[str, int]]:
    """(office, people): whose acts already reach residents of an extent who are red or yellow, largest first."""
    places = [place_index(place_named(line)) for line in addresses]
    with connection.cursor() as cursor:
        cursor.execute("SELECT zh, en, people FROM area_reached_by_office(%s, %s::bytea[])", [division, places])
        return [(say(zh, en), int(people)) for zh, en, people in cursor.fetchall()]


def areas_in_scope(scope: str) -> QuerySet[RiskArea]:
    """The areas whose division begins with `scope`, newest first."""
    return RiskArea.objects.filter(division__startswith=scope).order_by("-pk")


def designations_waiting(scope: str) -> QuerySet[Designation]:
    """Proposals that no city officer has decided, oldest first."""
    waiting = Designation.objects.filter(division__startswith=scope, approval__isnull=True)
    return waiting.select_related("area", "proposer", "office").order_by("pk")


def level_now(area: RiskArea, *, now: datetime) -> Area | None:
    """The period of the area that holds at `now`, or None."""
    return _period(areas_read([area.pk]).approved.get(area.code, ()), now)


def area_rows(areas: Iterable[RiskArea], *, now: datetime) -> list[AreaRow]:
    """Lines for a page of areas."""
    page = list(areas)
    book = areas_read([area.pk for area in page]).approved
    waiting = set(
        Designation.objects.filter(area__in=page, approval__isnull=True).values_list("area_id", flat=True),
    )
    return [_row(area, _period(book.get(area.code, ()), now), area.pk in waiting) for area in page]


def area_history(area: RiskArea) -> list[Line]:
    """All that was ever said of an area and every step by rule, newest first."""
    rows = Designation.objects.filter(area=area).select_related("proposer", "approval", "approval__reviewer")
    steps = RuledStep.objects.filter(area=area)
    lines = [*map(_said, rows), *map(_stepped, steps)]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def carryings(scope: str, *, area: int | None = None) -> list[CarryingLine]:
    """What the worker is at within `scope`, and of one area also what it did last."""
    rows = Carrying.objects.filter(designation__division__startswith=scope).select_related("designation__area")
    if area is not None:
        rows = rows.filter(designation__area=area)
    rows = rows.order_by("-designation")
    under_way = list(rows.exclude(step=Carried.DONE.value)[:_MOST_CARRYINGS])
    last = list(rows[:1]) if area is not None and not under_way else []
    return [_carried(row) for row in (*under_way, *last)]


def batch_to_rescind(area: RiskArea) -> int | None:
    """The last designation that took residents in and was not taken back, or None."""
    rows = Designation.objects.filter(area=area, approval__verdict=Verdict.APPROVE.value)
    taken_back = set(rows.exclude(rescinds=None).values_list("rescinds_id", flat=True))
    standing = [pk for pk in rows.filter(residents=True).values_list("pk", flat=True) if pk not in taken_back]
    return max(standing, default=None)


def area_name(area: RiskArea) -> str:
    """Its name in the language of the request."""
    return say(area.name, area.name_en or area.name)


def county_name(code: str) -> str:
    """A county's name in the language of the request."""
    found = division_get(code)
    return say(found.name_zh, found.name_en)


def _row(area: RiskArea, period: Area | None, waiting: bool) -> AreaRow:
    key = period.level.value if period else ""
    return AreaRow(
        area,
        area_name(area),
        county_name(area.division),
        level_word(key) if period else say("未生效", "Not in force"),
        LEVEL_WORDS[key].hue if period else "grey",
        instant_of(period.from_) if period else None,
        instant_of(period.until) if period and period.until is not None else None,
        waiting,
    )


def _carried(row: Carrying) -> CarryingLine:
    finished = row.step == Carried.DONE.value
    percent = 100 if finished else 100 * row.done // row.of if row.of else None
    said = row.designation
    return CarryingLine(area_name(said.area), said_word(said), carrying_word(Carried(row.step)), row, percent, finished)


def _said(row: Designation) -> Line:
    approval = getattr(row, "approval", None)
    names = [row.proposer.name, *([approval.reviewer.name] if approval else [])]
    why = say("：", ": ").join([row.basis, row.reason]) + (
        f"；{approval.reason}" if approval and approval.reason else ""
    )
    verdict = verdict_word(Verdict(approval.verdict) if approval else None)
    return Line(row.proposed_at, said_word(row), False, verdict, say("、", ", ").join(names), why)


def _stepped(row: RuledStep) -> Line:
    why = clear_word(row.clear_days, row.clear_since)
    return Line(row.made_at, level_word(row.level), True, why, say("系统", "system"), row.ruleset)


def _period(approved: Sequence[Approved], now: datetime) -> Area | None:
    return period_at(approved, minute_of(now))


def _by_color(query: str, *values: str | list[bytes]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return {str(color): int(people) for color, people in cursor.fetchall()}
