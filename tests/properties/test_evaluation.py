"""Laws of the color (color.md): total, worst of grounds, each ground alone, the timeline keeps its word."""

import json
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from healthcode.domain.area import Area
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.rules.document import evaluation_from_json, evaluation_to_json, evidence_from_json, evidence_to_json
from healthcode.rules.evaluate import evaluate
from healthcode.rules.explain import explain
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import RulesetHistory
from healthcode.rules.words import LANGS
from tests.rulebook import ninth
from tests.strategies import areas, evidence, minutes, nonsense, successions

RULESET = ninth()
SEVERITY = {c.id: c.severity for c in RULESET.colors.definitions} | {"absent": -1, "unknown": -1}
thorough = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answer(known: list[Evidence], places: list[Area], now: int, *, holds: bool = True) -> Evaluation:
    return evaluate(known, places, RULESET, now, holds_code=holds)


@thorough
@given(st.lists(nonsense(), max_size=5), minutes, st.booleans())
def test_any_evidence_gets_an_answer_and_never_a_green_by_default(known: list[Evidence], now: int, holds: bool) -> None:
    """Total: what cannot be read is named."""
    result = evaluate(known, [], RULESET, now, holds_code=holds)
    assert result.color in SEVERITY
    assert not (result.unclear and result.color == "green")
    assert not (result.color == "green" and not holds)


@thorough
@given(evidence(), areas(), minutes, st.booleans())
def test_the_color_is_the_worst_of_the_open_grounds(
    known: list[Evidence], places: list[Area], now: int, holds: bool
) -> None:
    """And the base answer where none is worse than the default."""
    result = answer(known, places, now, holds=holds)
    worst = max((SEVERITY[g.color] for g in result.grounds), default=0)
    if worst > 0:
        assert SEVERITY[result.color] == worst
    else:
        assert result.color == ("unknown" if result.unclear else "green" if holds else "absent")


@thorough
@given(evidence(), areas(), minutes, st.integers(0, 60_000))
def test_the_timeline_says_what_evaluating_later_gives(
    known: list[Evidence], places: list[Area], now: int, later: int
) -> None:
    """If nothing new is learned."""
    seen = [e for e in known if e.learned <= now]
    first, then = answer(seen, places, now), answer(seen, places, now + later)
    steps = [s for s in first.timeline if s.minute <= now + later]
    color, notices = (
        (steps[-1].color, steps[-1].notices) if steps else (first.color, tuple(n.id for n in first.notices))
    )
    assert (then.color, {n.id for n in then.notices}) == (color, set(notices))
    assert then.timeline == tuple(s for s in first.timeline if s.minute > now + later)


@thorough
@given(evidence(), areas(), minutes)
def test_every_step_of_the_timeline_changes_something(known: list[Evidence], places: list[Area], now: int) -> None:
    """In order of time, none before now."""
    result = answer(known, places, now)
    before = (result.color, {n.id for n in result.notices})
    last = now
    for step in result.timeline:
        assert step.minute > last
        assert (step.color, set(step.notices)) != before
        before, last = (step.color, set(step.notices)), step.minute


@thorough
@given(evidence(), areas(), minutes, st.data())
def test_clearing_one_ground_touches_no_other(
    known: list[Evidence], places: list[Area], now: int, data: st.DataObject
) -> None:
    """Rescinding one record leaves every other ground as it was."""
    result = answer(known, places, now)
    mine = [g for g in result.grounds if g.rule not in ("positive_single", "outside_red", "outside_yellow")]
    assume(mine)
    gone = data.draw(st.sampled_from(mine))
    record = next(e for e in known if e.id == gone.record)
    assume(all(e.supersedes != record.id for e in known))
    rescission = Evidence("fix", record.kind, record.fields, record.anchor, record.occurred, now, record.id, True)
    after = answer([*known, rescission], places, now)
    others = {g.key: g for g in result.grounds if g.evidence != gone.evidence}
    assert {g.key: g for g in after.grounds} == others


@thorough
@given(evidence(), areas(), minutes)
def test_the_order_of_records_changes_nothing(known: list[Evidence], places: list[Area], now: int) -> None:
    """Evidence is a set."""
    first, second = answer(known, places, now), answer(list(reversed(known)), places, now)
    assert (first.color, first.timeline, first.last_negative) == (second.color, second.timeline, second.last_negative)
    assert {g.key: g for g in first.grounds} == {g.key: g for g in second.grounds}


@thorough
@given(evidence(), areas(), minutes)
def test_another_negative_test_never_worsens_a_color(known: list[Evidence], places: list[Area], now: int) -> None:
    """Going to be tested is never punished."""
    swab = Evidence("swab", EvidenceKind.test, {"result": "negative", "pool_size": 1}, None, now, now)
    before, after = answer(known, places, now), answer([*known, swab], places, now)
    assert SEVERITY[after.color] <= SEVERITY[before.color] or before.color == "unknown"


@thorough
@given(evidence(), areas(), minutes, st.booleans(), st.sampled_from(LANGS))
def test_the_explanation_agrees_with_the_verdict(
    known: list[Evidence], places: list[Area], now: int, holds: bool, lang: str
) -> None:
    """Same color, same grounds, same notices, worst first, and no gap in the words."""
    result = answer(known, places, now, holds=holds)
    told = explain(result, RULESET, known, "zh" if lang == "zh" else "en")
    assert told.color == result.color
    assert {g.key: g.color for g in told.grounds} == {g.key: g.color for g in result.grounds}
    assert [n.id for n in told.notices] == [n.id for n in result.notices]
    if result.grounds and result.color in ("yellow", "red"):
        assert told.grounds[0].color == result.color
        assert told.grounds[0].title in told.headline
    assert all(g.until and g.reason and g.clause and g.ask and g.way_out for g in told.grounds)
    assert all(len(g.tests) == len(r.tests_due) for g in told.grounds for r in result.grounds if r.key == g.key)


@thorough
@given(evidence(), areas(), minutes)
def test_json_gives_back_evidence_and_answer(known: list[Evidence], places: list[Area], now: int) -> None:
    """decode ∘ encode = identity."""
    result = answer(known, places, now)
    assert evaluation_from_json(json.loads(json.dumps(evaluation_to_json(result, RULESET))), RULESET) == result
    for record in known:
        again = evidence_from_json(json.loads(json.dumps(evidence_to_json(record))))
        assert evidence_to_json(again)["id"] == record.id
        assert (again.occurred, again.learned, again.anchor) == (record.occurred, record.learned, record.anchor)


@thorough
@given(evidence(), areas(), minutes, st.integers(0, 60_000), successions())
def test_a_switch_to_come_stands_in_the_timeline(
    known: list[Evidence], places: list[Area], now: int, later: int, rules: RulesetHistory
) -> None:
    """The timeline keeps its word over every switch of rulesets."""
    seen = [e for e in known if e.learned <= now]
    first = evaluate(seen, places, rules, now, holds_code=True)
    then = evaluate(seen, places, rules, now + later, holds_code=True)
    told = [(first.color, {n.id for n in first.notices})]
    told += [(s.color, set(s.notices)) for s in first.timeline if s.minute <= now + later]
    assert told[-1] == (then.color, {n.id for n in then.notices})


@thorough
@given(evidence(), areas(), minutes, successions())
def test_a_switch_worsens_nobody_unless_a_clause_says_so(
    known: list[Evidence], places: list[Area], now: int, rules: RulesetHistory
) -> None:
    """Without `may_worsen` the answer is never worse than it was under the former ruleset going on."""
    assume(not any(r.transition.may_worsen for s in rules.rulesets for r in s.rules))
    before = replace(rules.rulesets[0], until=None)
    seen = [e for e in known if e.learned < rules.starts[1]]
    after = evaluate(seen, places, rules, now, holds_code=True)
    assume(not after.unclear)
    assert SEVERITY[after.color] <= SEVERITY[evaluate(seen, places, before, now, holds_code=True).color]


@thorough
@given(evidence(), areas(), minutes)
def test_a_history_of_one_ruleset_answers_as_the_ruleset_alone(
    known: list[Evidence], places: list[Area], now: int
) -> None:
    """A succession adds nothing of its own."""
    alone, over = (
        answer(known, places, now),
        evaluate(known, places, RulesetHistory.of([RULESET]), now, holds_code=True),
    )
    assert (over.color, over.notices, over.timeline, over.unclear) == (
        alone.color,
        alone.notices,
        alone.timeline,
        alone.unclear,
    )
    assert {(g.key, g.phase, g.held, g.until, g.tests_due) for g in over.grounds} == {
        (g.key, g.phase, g.held, g.until, g.tests_due) for g in alone.grounds
    }
