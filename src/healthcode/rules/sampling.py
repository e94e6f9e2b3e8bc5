"""The samplings of a ground that are still to be done or reported, as its explanation shows them."""

from healthcode.domain.time import Day, Minute, day_of, day_start
from healthcode.rules.ground import Course
from healthcode.rules.model import CatchUp, Phase
from healthcode.rules.result import Span
from healthcode.rules.schedule import Sampling, TestBook, day_status

_DONE = frozenset({"met", "waived", "made_good"})


def samplings_due(course: Course, span: Span, book: TestBook, today: Day) -> tuple[Sampling, ...]:
    """The samplings of this and later phases that are still to be done or reported."""
    due: list[Sampling] = []
    for phase in course.rule.phases[span.phase :]:
        schedule = phase.schedule
        if schedule is None or phase.when is not None:
            continue
        origin = day_of(span.minute) if phase.from_previous else course.day0
        if schedule.count:
            done = _spaced(book, day_start(origin + schedule.from_day), schedule.count, schedule.spacing)
            if done < schedule.count:
                status = "overdue" if today > origin + phase.last else "due"
                due.append(Sampling(phase.id, None, status, schedule.count - done))
        else:
            due.extend(_day_samplings(course, phase, origin, book, today))
    return tuple(due)


def _day_samplings(course: Course, phase: Phase, origin: Day, book: TestBook, today: Day) -> list[Sampling]:
    determined = course.waived
    catch_up = course.rule.catch_up
    due: list[Sampling] = []
    missed: Day | None = None
    for offset in phase.schedule.days if phase.schedule else ():
        day = origin + offset
        status = day_status(book, day, determined, catch_up, today)
        if status not in _DONE:
            due.append(Sampling(phase.id, day, status))
        if status == "overdue":
            missed = day
    if missed is not None:
        due.append(_make_up(phase, missed, book, catch_up))
    return due


def _make_up(phase: Phase, missed: Day, book: TestBook, catch_up: CatchUp) -> Sampling:
    done = _spaced(book, day_start(missed + 1), catch_up.count, catch_up.spacing)
    return Sampling(phase.id, None, "make_up", catch_up.count - done)


def _spaced(book: TestBook, since: Minute, count: int, spacing: int) -> int:
    """How many of `count` spaced samplings are done."""
    return next((n for n in range(count, 0, -1) if book.complete(since, n, spacing) is not None), 0)
