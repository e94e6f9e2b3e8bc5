"""Laws of the gate, whatever an office could ever publish: over all outcomes, policies, ages of a test and moments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthcode.domain.adjustment import DEFAULT_LIMITS, adjustment_faults
from healthcode.domain.condition import condition_words
from healthcode.domain.outcome import FIXED_OUTCOMES, SYSTEM_DOES_NOT_KNOW, Verdict
from healthcode.domain.policy import DEFAULT_POLICY, CheckPolicy, judge, policy_for
from healthcode.domain.venue import VENUE_TYPES

COLORS = {"green": {"zh": "绿码", "en": "Green"}, "yellow": {"zh": "黄码", "en": "Yellow"}, "red": {}}
NOW = 27_000_000
outcomes = st.sampled_from([*sorted(FIXED_OUTCOMES), *COLORS, "violet"])
minutes = st.integers(NOW - 60_000, NOW + 60_000)
policies = st.builds(
    CheckPolicy,
    id=st.just("adjustment-1"),
    venue_types=st.frozensets(st.sampled_from(sorted(VENUE_TYPES)), max_size=4),
    areas=st.lists(st.sampled_from(["140000", "140700", "140728", "140121"]), max_size=2).map(tuple),
    from_=st.none() | minutes,
    until=st.none() | minutes,
    colors=st.frozensets(st.sampled_from(sorted(COLORS)), max_size=3),
    test_age_h=st.none() | st.integers(1, 200),
    test_age_days=st.none() | st.integers(1, 14),
    basis=st.sampled_from(["", "平疫指〔2022〕18号"]),
    authority=st.sampled_from(["140728", "000000", ""]),
)
tests = st.none() | st.integers(NOW - 60_000, NOW)


@given(outcomes, policies, tests, st.booleans())
def test_a_medical_venue_refuses_nobody(outcome, policy, last, paper) -> None:
    verdict = judge(
        outcome=outcome, policy=policy, medical=True, last_negative=last, now=NOW, offline_paper=paper
    ).verdict
    assert verdict in {Verdict.pass_, Verdict.register, Verdict.buffer}


@given(outcomes, policies, tests)
def test_no_policy_stops_whom_the_system_does_not_know(outcome, policy, last) -> None:
    verdict = judge(outcome=outcome, policy=policy, medical=False, last_negative=last, now=NOW).verdict
    assert (outcome not in SYSTEM_DOES_NOT_KNOW) or verdict is Verdict.register


@given(outcomes, policies, tests, st.booleans())
def test_whoever_does_not_simply_pass_is_told_the_condition_in_both_languages(outcome, policy, last, medical) -> None:
    judgement = judge(outcome=outcome, policy=policy, medical=medical, last_negative=last, now=NOW)
    words = condition_words(judgement, outcome, policy, COLORS, last_negative=last, now=NOW)
    assert (words is None) == (judgement.failed_condition is None)
    assert words is None or all(words[lang] for lang in ("zh", "en"))


@given(st.lists(policies, max_size=5), st.sampled_from(sorted(VENUE_TYPES)))
def test_a_lapsed_adjustment_is_never_chosen(published, kind) -> None:
    chosen = policy_for(published, venue_type=kind, division="140728", now=NOW, default=DEFAULT_POLICY)
    assert chosen is DEFAULT_POLICY or (chosen.until is not None and chosen.in_force(NOW))


@given(policies, st.sampled_from(["140000", "140700", "140728"]))
def test_what_passes_the_limits_asks_one_test_age_of_no_medical_place(policy, office) -> None:
    if adjustment_faults(policy, DEFAULT_LIMITS, office=office, colors=frozenset({"green"})):
        return
    assert not any(VENUE_TYPES[code].medical for code in policy.venue_types)
    assert (policy.test_age_h in DEFAULT_LIMITS.test_age_h) != (policy.test_age_days in DEFAULT_LIMITS.test_age_days)
    assert policy.until is not None
    assert policy.basis
