"""Levels by rule: 7 clear days, 3 more, 5 under the twenty measures; a case starts them again."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.adapters.rulebook_files import ruleset_load
from healthcode.control.areas.book import Approved, area_periods, period_at
from healthcode.control.areas.steps import Case, Hold, Step, Watch, step_next
from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.time import REGION_TZ, date_of, day_from_date, day_of, day_start, minute_of
from healthcode.rules.model import Downgrade, Ruleset

NINTH = ruleset_load("ninth-edition")
TWENTY = ruleset_load("twenty-measures")
HIGH, MEDIUM, LOW = AreaLevel.high, AreaLevel.medium, AreaLevel.low


def at(text: str) -> int:
    """A minute of the region's clock."""
    return minute_of(datetime.fromisoformat(text).replace(tzinfo=REGION_TZ))


def day(text: str) -> int:
    return day_from_date(date.fromisoformat(text))


def said(number: int, level: AreaLevel | None, from_: str, until: str | None = None) -> Approved:
    """An approval by the city."""
    minute = at(from_)
    period = Area("140728-1", level, minute, at(until) if until else None) if level else None
    return Approved(number, minute, period)


def made(number: int, step: Step, when: int) -> Approved:
    """A step as the worker records it."""
    period = Area("140728-1", step.to, when) if step.to else None
    return Approved(number, when, period, by_rule=True, due=step.due)


def next_of(watch: Watch, now: str, rules: Ruleset = NINTH) -> Step:
    found = step_next(watch, rules, at(now))
    assert found is not None
    return found


def days_due(watch: Watch, rules: Ruleset = NINTH, now: str = "2022-10-10T10:00") -> str:
    """When the next step is due, as the region's clock shows it."""
    due = next_of(watch, now, rules).due
    assert day_start(day_of(due)) == due, "at midnight"
    return date_of(day_of(due)).isoformat()


def test_high_becomes_medium_when_the_seventh_clear_day_ends() -> None:
    step = next_of(Watch([said(1, HIGH, "2022-10-10T10:00")]), "2022-10-10T10:00")
    assert (step.to, step.clear_days, step.due) == (MEDIUM, 7, at("2022-10-18T00:00"))


def test_three_more_clear_days_make_it_low_also_where_the_worker_was_late() -> None:
    high = said(1, HIGH, "2022-10-10T10:00")
    first = next_of(Watch([high]), "2022-10-18T00:00")
    for late in ("2022-10-18T00:00", "2022-10-19T13:00"):
        step = next_of(Watch([high, made(2, first, at(late))]), late)
        assert (step.level, step.to, step.clear_days, step.due) == (MEDIUM, LOW, 3, at("2022-10-21T00:00"))


def test_medium_outright_takes_seven_days() -> None:
    assert days_due(Watch([said(1, MEDIUM, "2022-10-10T10:00")])) == "2022-10-18"


def test_medium_after_a_break_is_outright() -> None:
    course = [said(1, HIGH, "2022-10-01T00:00"), said(2, None, "2022-10-05T00:00"), said(3, MEDIUM, "2022-10-10T00:00")]
    assert days_due(Watch(course)) == "2022-10-18"
    by_hand = [said(1, HIGH, "2022-10-01T00:00"), said(2, MEDIUM, "2022-10-10T00:00")]
    assert days_due(Watch(by_hand)) == "2022-10-14"


@pytest.mark.parametrize(("found", "due"), [("2022-10-09", "2022-10-18"), ("2022-10-13", "2022-10-21")])
def test_a_case_starts_the_count_again_and_an_earlier_one_does_not(found: str, due: str) -> None:
    watch = Watch([said(1, HIGH, "2022-10-10T10:00")], [Case(day(found), at("2022-10-13T12:00"))])
    assert days_due(watch, now="2022-10-14T10:00") == due


def test_a_case_known_one_minute_too_late_stops_nothing_and_one_taken_back_counts_no_more() -> None:
    high, case = [said(1, HIGH, "2022-10-10T10:00")], Case(day("2022-10-17"), at("2022-10-18T00:01"))
    assert days_due(Watch(high, [case]), now="2022-10-18T00:00") == "2022-10-18"
    gone = replace(case, known=at("2022-10-17T09:00"), gone=at("2022-10-17T18:00"))
    assert days_due(Watch(high, [gone]), now="2022-10-17T17:59") == "2022-10-25"
    assert days_due(Watch(high, [gone]), now="2022-10-17T18:00") == "2022-10-18"


def test_a_case_while_medium_asks_for_seven_days_not_three() -> None:
    course = [said(1, HIGH, "2022-10-01T00:00"), said(2, MEDIUM, "2022-10-10T00:00")]
    assert days_due(Watch(course, [Case(day("2022-10-11"), 0)]), now="2022-10-12T00:00") == "2022-10-19"


def test_a_hold_keeps_the_level_until_its_end_and_the_last_one_counts() -> None:
    high = [said(1, HIGH, "2022-10-10T10:00")]
    held = [Hold(at("2022-10-17T09:00"), at("2022-10-20T00:00"))]
    assert days_due(Watch(high, (), held), now="2022-10-18T00:00") == "2022-10-20"
    shorter = [*held, Hold(at("2022-10-18T08:00"), at("2022-10-19T00:00"))]
    assert days_due(Watch(high, (), shorter), now="2022-10-18T09:00") == "2022-10-19"


def test_the_year_ends_like_any_day() -> None:
    assert days_due(Watch([said(1, HIGH, "2022-12-28T23:59")]), now="2022-12-29T00:00") == "2023-01-05"


def test_the_same_level_designated_again_goes_on_counting() -> None:
    course = [said(1, HIGH, "2022-10-06T10:00"), said(2, HIGH, "2022-10-10T10:00")]
    assert days_due(Watch(course)) == "2022-10-14"


def test_a_switch_of_rules_counts_the_same_days_by_the_new_table_and_never_before_it() -> None:
    """High on 8 November: medium on 16 November by the ninth edition, low on 14 November by the twenty measures."""
    watch = Watch([said(1, HIGH, "2022-11-08T09:00")])
    assert days_due(watch, NINTH, "2022-11-10T23:59") == "2022-11-16"
    step = next_of(watch, "2022-11-11T00:00", TWENTY)
    assert (step.to, step.clear_days, step.due) == (LOW, 5, at("2022-11-14T00:00"))
    early = Watch([said(1, HIGH, "2022-11-04T09:00")])
    assert days_due(early, TWENTY, "2022-11-11T00:00") == "2022-11-11"


def test_a_level_that_the_ruleset_does_not_name_stays() -> None:
    assert step_next(Watch([said(1, MEDIUM, "2022-11-08T09:00")]), TWENTY, at("2022-12-24T00:00")) is None


def test_low_is_lifted_where_the_ruleset_says_so() -> None:
    rules = replace(NINTH, area_levels=(*NINTH.area_levels, Downgrade(LOW, None, 3, 3, "default")))
    low = said(1, LOW, "2022-10-10T10:00")
    step = next_of(Watch([low]), "2022-10-14T00:00", rules)
    assert (step.to, step.due) == (None, at("2022-10-14T00:00"))
    assert period_at([low, made(2, step, step.due)], step.due) is None


def test_a_step_leaves_an_end_and_what_is_designated_for_later() -> None:
    high = said(1, HIGH, "2022-10-01T00:00", until="2022-10-30T00:00")
    step = next_of(Watch([high]), "2022-10-09T00:00")
    course = [high, said(2, HIGH, "2022-10-20T00:00"), made(3, step, at("2022-10-09T00:00"))]
    assert [(p.level, p.until) for p in area_periods(course)] == [
        (HIGH, at("2022-10-09T00:00")),
        (HIGH, None),
        (MEDIUM, at("2022-10-20T00:00")),
    ]


levels = st.sampled_from([HIGH, MEDIUM, LOW, None])
courses = st.lists(st.tuples(levels, st.integers(0, 60 * 1440)), min_size=1, max_size=6)


@given(courses, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 70 * 1440))
def test_a_step_goes_down_from_the_level_in_force_with_every_day_clear(
    course: list[tuple[AreaLevel | None, int]], cases: list[int], ahead: int
) -> None:
    start = at("2022-11-20T00:00")  # across the end of the year
    rows = [
        Approved(number, start + minute, Area("a", level, start + minute) if level else None)
        for number, (level, minute) in enumerate(course)
    ]
    now, found = start + ahead, [Case(day_of(start) + back, 0) for back in cases]
    step = step_next(Watch(rows, found), NINTH, now)
    if step is None:
        return
    period = period_at(rows, now)
    assert period is not None
    assert period.level is step.level
    assert step.to in {HIGH: {MEDIUM}, MEDIUM: {LOW}}[step.level]
    assert step.due == day_start(step.since + step.clear_days + 1)
    assert not [case for case in found if case.day > step.since]
