"""When a level changes by rule (spec/rule-language.md §9): values in, the next step out. No database, no clock.

Law: a step is a function of what was designated, of the cases and holds known at an instant, and of the table of the
ruleset in force then. So the worker that makes it, the page that announces it and the audit that doubts it agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from healthcode.control.areas.book import Approved, area_periods, period_at
from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.time import Day, Minute, day_of, day_start
from healthcode.rules.model import Downgrade, Ruleset

_ORDER = [AreaLevel.low, AreaLevel.medium, AreaLevel.high]


@dataclass(frozen=True, slots=True)
class Case:
    """A case in the area on a day, known from an instant on; `gone` is when it was taken back or excluded."""

    day: Day
    known: Minute
    gone: Minute | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """An approved order to leave the level as it is until an instant. The last one approved counts."""

    approved: Minute
    until: Minute


@dataclass(frozen=True, slots=True)
class Watch:
    """What is said of one area: designations and steps in their order, cases, holds in their order."""

    approved: Sequence[Approved]
    cases: Sequence[Case] = ()
    holds: Sequence[Hold] = ()

    def before(self, number: int) -> Watch:
        """The same without the approvals and steps from `number` on."""
        return Watch([row for row in self.approved if row.approval < number], self.cases, self.holds)


@dataclass(frozen=True, slots=True)
class Step:
    """A level that ends by rule: `clear_days` after the day `since`, so at `due`. `to` None lifts the area."""

    level: AreaLevel
    to: AreaLevel | None
    since: Day
    clear_days: int
    due: Minute
    source: str


def step_next(watch: Watch, ruleset: Ruleset, now: Minute) -> Step | None:
    """The next step of an area by what is known at `now`, also where it is not due yet; None where there is none."""
    period = period_at(watch.approved, now)
    if period is None:
        return None
    table = next((row for row in ruleset.area_levels if row.level is period.level), None)
    if table is None:
        return None
    reached, higher = _reached(watch.approved, now)
    last = max((case.day for case in _known(watch.cases, now)), default=reached)
    since = max(reached, last)
    clear_days = _clear_days(table, outright=not higher or last > reached)
    due = max(day_start(since + clear_days + 1), ruleset.from_)
    if period.until is not None and period.until <= due:
        return None  # it ends earlier by itself
    held = _held(watch.holds, now)
    return Step(period.level, table.to, since, clear_days, max(due, held), table.source)


def _clear_days(table: Downgrade, *, outright: bool) -> int:
    return table.clear_days_outright if outright else table.clear_days


def _known(cases: Iterable[Case], now: Minute) -> list[Case]:
    return [case for case in cases if case.known <= now and (case.gone is None or now < case.gone)]


def _held(holds: Iterable[Hold], now: Minute) -> Minute:
    """Until when the last hold that is approved by `now` keeps the level, 0 where there is none."""
    return next((hold.until for hold in reversed([h for h in holds if h.approved <= now])), 0)


def _reached(approved: Sequence[Approved], now: Minute) -> tuple[Day, bool]:
    """The day 0 of the level in force at `now`, and whether the area had a higher one before without a break."""
    dues = {(row.from_, row.period.level): row.due for row in approved if row.by_rule and row.period is not None}
    since, before, higher, end = day_of(now), None, False, None
    for period in _course(approved, now):
        if end != period.from_:
            before, higher = None, False
        if period.level is not before:
            higher = before is not None and (higher or _ORDER.index(before) > _ORDER.index(period.level))
            due = dues.get((period.from_, period.level))
            since = day_of(period.from_) if due is None else day_of(due) - 1
        before, end = period.level, period.until
    return since, higher


def _course(approved: Sequence[Approved], now: Minute) -> list[Area]:
    """The periods that have begun by `now`, in their order."""
    begun = [p for p in area_periods(approved) if p.from_ <= now and (p.until is None or p.from_ < p.until)]
    return sorted(begun, key=lambda period: period.from_)
