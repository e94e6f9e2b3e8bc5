"""What happens to the cast under the ninth edition, day by day."""

import pytest

from healthcode.domain.color import ABSENT, UNKNOWN
from healthcode.domain.evidence import Evidence
from healthcode.rules.evaluate import record_steps
from healthcode.rules.result import Evaluation, Ground
from tests.rulebook import area, ask, at, fact, ninth, release, swab

DAYS = (2, 3, 4, 6, 8, 11)
"""Days 1, 2, 3, 5, 7 and 10 after a last exposure on 1 October."""


def only(answer: Evaluation) -> Ground:
    (ground,) = answer.grounds
    return ground


def zhao() -> list[Evidence]:
    return [fact("close_contact", "zhao"), *(swab(day) for day in DAYS)]


def test_lin_is_green_because_she_holds_a_code_and_nothing_is_open() -> None:
    """Never green by default: without a code she is absent."""
    assert ask([], at(5)).color == "green"
    assert ask([], at(5), holds_code=False).color == ABSENT


def test_zhao_turns_yellow_when_day_seven_ends_and_green_when_day_ten_ends() -> None:
    """Story 4: at midnight, without anyone touching anything."""
    answer = ask(zhao(), at(11, 20))
    assert [(s.minute, s.color) for s in answer.timeline] == [(at(12), "green")]
    assert [ask(zhao(), t).color for t in (at(8, 23, 59), at(9), at(11, 23, 59), at(12))] == [
        "red", "yellow", "yellow", "green",
    ]  # fmt: skip


def test_zhaos_two_midnights_are_known_as_soon_as_her_tests_are() -> None:
    """So that the edge can turn her with control dead."""
    tests = [*zhao()[:-1], swab(11, 0, known=at(11))]
    assert [(s.minute, s.color) for s in ask(tests, at(11)).timeline] == [(at(12), "green")]
    early = ask(zhao(), at(8, 20))
    assert (early.timeline[0].minute, early.timeline[0].color) == (at(9), "yellow")


def test_a_day_without_a_sample_holds_zhao_and_says_so() -> None:
    """Held, with the notice; the dates of later phases stay."""
    answer = ask([e for e in zhao() if e.id != "swab-6-9"][:-2], at(9, 1))
    ground = only(answer)
    assert (answer.color, ground.held, [n.id for n in answer.notices]) == ("red", True, ["test_missing"])
    assert [(s.status, s.number) for s in ground.tests_due if s.phase == "central"][-1] == ("make_up", 2)


def test_a_sample_without_result_reads_pending_not_overdue() -> None:
    """The laboratory's delay is not Zhao's fault, and no reason for green."""
    waiting = [*zhao()[:-2], swab(8, known=at(8, 10), result="pending")]
    ground = only(ask(waiting, at(9, 1)))
    assert (ground.held, ground.pending) == (True, True)


def test_samples_taken_in_the_future_count_for_nothing() -> None:
    """A forged time does not clear, and the record is called unreadable."""
    answer = ask([fact("venue_exposure", "v", venue="7", presence="inspected"), swab(4, known=at(2))], at(2, 12))
    assert answer.color == "yellow"
    assert answer.unclear


def test_clearing_qians_mistake_touches_no_other_ground() -> None:
    """He stays yellow for what is true."""
    wrong = fact("close_contact", "wrong")
    other = fact("venue_exposure", "true", venue="7", presence="rotating")
    rescission = fact("close_contact", "fix", learned=at(3), supersedes="wrong", rescinded=True)
    before, after = ask([wrong, other], at(2, 23)), ask([wrong, other, rescission], at(3))
    assert (before.color, after.color) == ("red", "yellow")
    assert [g.key for g in after.grounds] == ["venue_exposure:true"]


def test_what_is_learned_later_is_not_known_now() -> None:
    """Replay answers with what was known then."""
    assert ask(zhao(), at(1, 19)).color == "green"
    rescission = fact("close_contact", "fix", learned=at(3), supersedes="zhao", rescinded=True)
    assert ask([fact("close_contact", "zhao"), rescission], at(2)).color == "red"


def test_a_correction_keeps_the_grounds_key() -> None:
    """An appeal against it stays an appeal against it."""
    fixed = [fact("close_contact", "zhao"), fact("close_contact", "fix", anchor=2, learned=at(3), supersedes="zhao")]
    ground = only(ask(fixed, at(3)))
    assert (ground.key, ground.evidence, ground.record) == ("close_contact:zhao", "zhao", "fix")


def test_records_that_correct_each_other_in_a_ring_are_unreadable() -> None:
    """Unknown, never green."""
    ring = [fact("close_contact", "a", supersedes="b"), fact("close_contact", "b", supersedes="a")]
    assert ask(ring, at(3)).color == UNKNOWN


def test_another_regions_red_is_lifted_by_that_region_only() -> None:
    """Not by tests, not by our release, not by a third region."""
    given = fact("outside_status", "bj", anchor=None, learned=at(1), region="110000", status="red")
    hebei = {"region": "130000", "status": "lifted", "supersedes": "bj", "rescinded": True}
    ours = fact("outside_status", "fix", anchor=None, learned=at(2), **hebei)
    assert ask([given, swab(2), swab(3), release("bj", at(4)), ours], at(5)).color == "red"
    lifted = fact("outside_status", "off", anchor=None, learned=at(5), region="110000", status="lifted")
    assert ask([given, lifted], at(5)).color == "green"


def test_a_secondary_contact_goes_with_the_linked_contact() -> None:
    """Linked facts arrive as evidence."""
    own = [swab(2), swab(5), swab(8)]
    linked = fact("secondary_contact", "s", linked_tests="positive", linked_until="2022-10-11")
    answer = ask([linked, *own], at(9))
    assert (answer.color, only(answer).phase, only(answer).until) == ("yellow", "with_linked", at(12))


def test_a_resident_follows_the_level_of_the_area() -> None:
    """Red, yellow, green with the designations, ahead of time where they are dated."""
    home = fact("area_stay", "home", area="ring-road", relation="resident")
    levels = (area("high", at(2), at(9)), area("medium", at(9), at(12)))
    answer = ask([home], at(3), *levels)
    assert (answer.color, [(s.minute, s.color) for s in answer.timeline]) == (
        "red", [(at(9), "yellow"), (at(12), "green")],
    )  # fmt: skip
    assert ask([home], at(3)).color == UNKNOWN


def test_a_known_red_is_not_hidden_by_an_unreadable_record() -> None:
    """Unknown passes the gate, so it must not cover red."""
    lost = fact("area_stay", "lost", area="nowhere", relation="resident")
    assert ask([fact("close_contact", "z"), lost], at(2)).color == "red"


def test_an_open_end_has_a_review_date_and_never_renews() -> None:
    """Seven days in hospital, then somebody must look."""
    answer = ask([fact("infection", "i", category="confirmed")], at(2))
    assert (answer.next_review, answer.timeline) == (at(8), ())


@pytest.mark.parametrize("hours", [23, 24])
def test_two_tests_in_three_days_lie_24_hours_apart(hours: int) -> None:
    """Low-risk area: to the minute."""
    stay = fact("area_stay", "low", area="a", relation="left", level="low")
    second = swab(2 + (9 + hours) // 24, (9 + hours) % 24)
    answer = ask([stay, swab(2, 9), second], at(4))
    assert (answer.color, bool(answer.notices)) == ("green", hours == 23)


def test_a_pooled_positive_is_yellow_until_the_single_test() -> None:
    """Each member of the pool, at once and only so long."""
    pool = swab(1, 9, result="positive", pool_size=10)
    assert ask([pool], at(1, 18)).color == "yellow"
    assert ask([pool, swab(1, 20, known=at(2, 4))], at(2, 4)).color == "green"
    assert ask([pool, swab(1, 20, known=at(2, 4), result="positive")], at(2, 4)).color == "red"


def test_the_record_for_the_table_begins_with_the_answer_now() -> None:
    """Minute, state, notice bits."""
    steps = record_steps(ask(zhao(), at(8, 20)), ninth())
    assert steps == [(at(8, 20), 4, 0), (at(9), 3, 0), (at(12), 3, 2)]


def test_a_test_that_only_renews_its_age_is_no_decision() -> None:
    """Equal keys at the same instant."""
    before, after = ask([swab(2)], at(5)), ask([swab(2), swab(4)], at(5))
    assert before.decision_key() == after.decision_key()
    assert (before.last_negative, after.last_negative) == (at(2, 9), at(4, 9))
    assert ask(zhao(), at(5)).decision_key() != ask([], at(5)).decision_key()


def test_a_record_that_arrives_twice_counts_once() -> None:
    """A repeated delivery opens no second ground."""
    assert ask([*zhao(), *zhao()], at(5)) == ask(zhao(), at(5))


def test_an_area_that_becomes_high_again_counts_from_then() -> None:
    """The resident's page says since when, of this stretch."""
    home = fact("area_stay", "home", area="ring-road", relation="resident")
    ground = only(ask([home], at(15), area("high", at(2), at(5)), area("high", at(12))))
    assert (ground.since, ground.phase) == (at(12), "high")


def test_no_end_is_promised_while_a_linked_contact_is_unknown() -> None:
    """Only the linked contact's tests make day 7 the end."""
    unknown = fact("secondary_contact", "s", linked_tests="pending")
    clear = fact("secondary_contact", "s", linked_tests="negative")
    assert only(ask([unknown], at(2))).planned_end is None
    assert only(ask([clear], at(2))).planned_end == at(9)
