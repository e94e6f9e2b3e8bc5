"""Verdicts: spec/outcomes.md line by line."""

import pytest

from healthcode.domain.outcome import FIXED_OUTCOMES, Freshness, Verdict, freshness_of
from healthcode.domain.policy import DEFAULT_POLICY, CheckPolicy, Judgement, judge, policy_for
from healthcode.domain.presence import Presence
from healthcode.domain.venue import OBSERVED_IN_LINFEN, VENUE_TYPES
from tests.rulebook import at

NOW = at(13, 8)
TEST_48H = CheckPolicy(
    id="restaurants-48h",
    venue_types=frozenset({"restaurant"}),
    areas=("140700",),
    from_=at(10),
    until=at(20),
    test_age_h=48,
)


def at_gate(outcome: str, policy: CheckPolicy = DEFAULT_POLICY, **given: object) -> Judgement:
    facts: dict[str, object] = {"medical": False, "last_negative": None, "now": NOW} | given
    return judge(outcome=outcome, policy=policy, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", ["absent", "unknown", "stale", "failed", "timeout"])
def test_nobody_is_stopped_because_the_system_does_not_know(outcome: str) -> None:
    """Art. 11, 40."""
    assert at_gate(outcome).verdict is Verdict.register
    assert at_gate(outcome, medical=True).verdict is Verdict.register


@pytest.mark.parametrize("outcome", ["expired", "recalled", "forged"])
def test_an_unusable_code_falls_back_to_the_id_card(outcome: str) -> None:
    """The person is not refused for it."""
    assert at_gate(outcome).verdict is Verdict.id_card


def test_green_passes_and_yellow_and_red_do_not() -> None:
    """Art. 9: green only, nothing else is asked."""
    assert at_gate("green") == Judgement(Verdict.pass_, "ok")
    assert at_gate("yellow") == Judgement(Verdict.refuse, "color_yellow", "color")
    assert at_gate("red").verdict is Verdict.refuse


@pytest.mark.parametrize("outcome", ["green", "yellow", "red", "purple", *sorted(FIXED_OUTCOMES)])
def test_a_hospital_refuses_nobody(outcome: str) -> None:
    """A woman in labour with a yellow code uses the buffer entrance."""
    for policy in (DEFAULT_POLICY, TEST_48H):
        assert at_gate(outcome, policy, medical=True).verdict in {Verdict.pass_, Verdict.buffer, Verdict.register}
    assert at_gate("yellow", medical=True).verdict is Verdict.buffer


def test_a_genuine_paper_code_read_offline_registers() -> None:
    """Sun's paper shows no color and opens the same doors."""
    assert at_gate("green", offline_paper=True) == Judgement(Verdict.register, "offline_paper")


def test_a_test_age_counts_hours_from_sampling() -> None:
    """48 hours to the minute."""
    fresh = at_gate("green", TEST_48H, last_negative=NOW - 48 * 60)
    old = at_gate("green", TEST_48H, last_negative=NOW - 48 * 60 - 1)
    assert (fresh.verdict, old) == (Verdict.pass_, Judgement(Verdict.refuse, "test_age", "test_age"))
    assert at_gate("green", TEST_48H).reason_code == "test_missing"


def test_a_test_age_in_days_counts_calendar_days() -> None:
    """Sampled at 00:01 or 23:59 of one day is the same age."""
    policy = CheckPolicy(id="days", until=at(20), test_age_days=2)
    assert at_gate("green", policy, last_negative=at(11, 0, 1)).verdict is Verdict.pass_
    assert at_gate("green", policy, last_negative=at(10, 23, 59)).verdict is Verdict.refuse


def test_an_adjustment_lapses_by_itself() -> None:
    """At its end the default holds again."""
    assert at_gate("green", TEST_48H, now=at(19, 23, 59)).verdict is Verdict.refuse
    assert at_gate("green", TEST_48H, now=at(20)).verdict is Verdict.pass_


def test_a_policy_speaks_only_about_its_places_types_and_time() -> None:
    """Pingyao lies in Jinzhong; Qingxu does not."""

    def chosen(venue_type: str, division: str, now: int = NOW) -> str:
        return policy_for([TEST_48H], venue_type=venue_type, division=division, now=now, default=DEFAULT_POLICY).id

    assert chosen("restaurant", "140728") == "restaurants-48h"
    assert {chosen("market", "140728"), chosen("restaurant", "140121"), chosen("restaurant", "140728", at(21))} == {
        "green-only"
    }


def test_venue_types_are_those_of_the_list() -> None:
    """39 observed and six named."""
    assert len(VENUE_TYPES) == 45
    assert list(VENUE_TYPES.values())[OBSERVED_IN_LINFEN - 1].zh == "其他"
    assert [t.code for t in VENUE_TYPES.values() if t.medical] == ["hospital"]


def test_freshness_and_presence_are_graded() -> None:
    """A poster is weak; ten seconds are fresh."""
    assert [freshness_of(s) for s in (0, 10, 11, 14_401, -20)] == [
        Freshness.fresh, Freshness.fresh, Freshness.aged, Freshness.stale, Freshness.aged,
    ]  # fmt: skip
    assert [p.strong for p in Presence] == [True, True, False]
