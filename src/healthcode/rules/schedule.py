"""Tests of one subject, and whether a schedule of samplings is met (color.md, Tests).

A day is met by a negative *sampled* on that day; days before the determination are waived; a missed day is made good
by the rule's catch-up. Pure integers: sampling minutes and local day numbers.
"""

from bisect import bisect_left
from typing import Literal, NamedTuple

from healthcode.domain.time import Day, Minute, day_of, day_start
from healthcode.rules.model import CatchUp, Schedule

DayStatus = Literal["met", "waived", "made_good", "pending", "overdue", "due", "upcoming"]


class Sampling(NamedTuple):
    """Samplings still to be done or reported: their phase, the calendar day (None: any day), `status`, how many."""

    phase: str
    day: Day | None
    status: str
    number: int = 1


class TestBook:
    """What is known about one subject's tests at one instant; built once per evaluation.

    `negatives` are sampling minutes in order, `known[i]` when each was learned; `pending` are sampling minutes without
    a result; `singles` are sampling minutes of single-tube results (the end of a pooled positive).
    """

    __slots__ = ("days", "known", "negatives", "pending", "pending_days", "singles")
    __test__ = False

    def __init__(
        self, negatives: list[tuple[Minute, Minute]], pending: list[Minute], singles: list[tuple[Minute, Minute]]
    ) -> None:
        negatives.sort(reverse=True)
        first_known = dict(negatives)  # one sampling reported twice counts once, from its first report
        self.negatives = sorted(first_known)
        self.known = [first_known[n] for n in self.negatives]
        self.pending = pending
        self.pending_days = {day_of(p) for p in pending}
        self.days = {(m + 480) // 1440 for m in self.negatives}
        singles.sort()
        self.singles = singles

    def complete(self, since: Minute, count: int, spacing: int) -> Minute | None:
        """When `count` samplings since a minute, each `spacing` apart or more, were all known; None if they lack."""
        negatives = self.negatives
        last: Minute | None = None
        latest = -1
        for index in range(bisect_left(negatives, since), len(negatives)):
            if last is None or negatives[index] - last >= spacing:
                last = negatives[index]
                latest = max(latest, self.known[index])
                count -= 1
                if count <= 0:
                    return latest
        return None


def day_status(book: TestBook, day: Day, determined: Day, catch_up: CatchUp, today: Day) -> DayStatus:
    """What has become of one scheduled test day."""
    if day in book.days:
        return "met"
    if day < determined:
        return "waived"
    if day >= today:
        return "pending" if day in book.pending_days else ("due" if day == today else "upcoming")
    if book.complete(day_start(day + 1), catch_up.count, catch_up.spacing) is not None:
        return "made_good"
    return "pending" if day in book.pending_days else "overdue"


def unmet_days(book: TestBook, schedule: Schedule, origin: Day, determined: Day, catch_up: CatchUp) -> list[Day]:
    """The calendar days of a schedule that nothing meets, waives or makes good as things are known."""
    unmet: list[Day] = []
    days = book.days
    for offset in schedule.days:
        day = origin + offset
        if day in days or day < determined:
            continue
        if book.complete(day_start(day + 1), catch_up.count, catch_up.spacing) is None:
            unmet.append(day)
    return unmet


def count_met_at(book: TestBook, schedule: Schedule, origin: Day) -> Minute | None:
    """When a counted schedule became complete (the last result needed was known), or None."""
    return book.complete(day_start(origin + schedule.from_day), schedule.count, schedule.spacing)


def days_met_at(book: TestBook, schedule: Schedule, origin: Day, determined: Day, catch_up: CatchUp) -> Minute | None:
    """When the last needed result of a days schedule became known, None while a day is unmet.

    Where every day was waived this is the end of the last day.
    """
    latest: Minute | None = None
    for offset in schedule.days:
        day = origin + offset
        moment = _day_met_at(book, day, catch_up)
        if moment is None and day >= determined:
            return None
        if moment is not None and (latest is None or moment > latest):
            latest = moment
    return day_start(origin + max(schedule.days) + 1) if latest is None else latest


def _day_met_at(book: TestBook, day: Day, catch_up: CatchUp) -> Minute | None:
    """When the result that meets one day, or makes it good, was known."""
    begin, end = day_start(day), day_start(day + 1)
    first = bisect_left(book.negatives, begin)
    on_day = [book.known[i] for i in range(first, bisect_left(book.negatives, end))]
    return min(on_day) if on_day else book.complete(end, catch_up.count, catch_up.spacing)
