"""One meaning, two evaluators: the columnar plan answers for everybody what `evaluate` answers for each (color.md)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from healthcode.domain.area import Area
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.lake.columns import MINUTE_SHIFT, OFFSET, record_row
from healthcode.lake.engine import Engine, Run
from healthcode.lake.parameters import shape_of
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Evaluation, Span
from healthcode.rules.succession import Rules, RulesetHistory, ruleset_at
from tests.rulebook import ninth
from tests.strategies import areas, evidence, minutes, rulesets, successions, swabbed

History = tuple[list[Evidence], bool]


@dataclass(repr=False)
class Crowd:
    """Many people at once: compiling a plan costs far more than running it."""

    people: list[History]


pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # only printed when a test fails
few = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would compile hundreds of plans
)
crowds = st.builds(Crowd, st.lists(st.tuples(evidence(12) | swabbed(), st.booleans()), min_size=30, max_size=60))
WIDEST = replace(
    shape_of(ninth(), 0),
    conditions=2,
    phases=4,
    days=4,
    samplings=3,
    switches=2,
    when=True,
    previous=True,
    previous_tests=True,
    days_met=True,
)
"""One written plan for every ruleset drawn: writing costs far more than running."""
ENGINE = Engine(threads=1, memory="1GB")


def population_run(people: Sequence[History], places: Sequence[Area], rules: Rules, now: int) -> Run:
    """Everybody's evidence in one run."""
    rows = [record_row(n, e) for n, (known, _) in enumerate(people) for e in known]
    ENGINE.load("evidence", [r for r in rows if r["kind"] != EvidenceKind.test])
    ENGINE.load("tests", [r for r in rows if r["kind"] == EvidenceKind.test])
    levels = [{"area": a.id, "level": a.level, "from_": a.from_, "until": a.until} for a in places]
    ENGINE.load("areas", levels)
    ENGINE.load("subjects", [{"subject": n, "holds_code": holds} for n, (_, holds) in enumerate(people)])
    narrow = shape_of(rules, now)
    return Run(ENGINE, rules, now, narrow if rules is ninth() else narrow | WIDEST)


def rulesets_of(rules: Rules) -> tuple[Ruleset, ...]:
    return (rules,) if isinstance(rules, Ruleset) else rules.rulesets


def unpacked(code: int, rules: Rules) -> Span:
    """A packed span as the other evaluator writes it."""
    ordinal = (code >> 27) & 63
    phase = -1 if ordinal == 63 else ordinal // 2
    key = rulesets_of(rules)[(code >> 23) & 15].key if isinstance(rules, RulesetHistory) else ""
    return Span((code >> MINUTE_SHIFT) - OFFSET, phase, phase >= 0 and ordinal % 2 == 1, key)


def ground_row(row: dict[str, Any], rules: Rules) -> tuple[object, ...]:
    """One open ground of the run."""
    spans = tuple(unpacked(code, rules) for code in sorted(row["spans"]))
    phase = rulesets_of(rules)[row["place"]].rule(row["rule"]).phases[row["ordinal"] // 2]
    ends = row["since"], row["phase_since"], row["next_change"], row["until"]
    return (
        row["rule"],
        row["root"],
        row["id"],
        phase.id,
        row["ordinal"] % 2 == 1,
        row["severity"],
        row["notices"],
        *ends,
        spans,
    )


def ground_rows(answer: Evaluation, ruleset: Ruleset) -> set[tuple[object, ...]]:
    """The open grounds of one person in the same form."""
    return {
        (
            *(g.rule, g.evidence, g.record, g.phase, g.held, ruleset.colors.severity(g.color)),
            *(ruleset.notice_bits(g.notices), g.since, g.phase_since, g.next_change, g.until, g.spans),
        )
        for g in answer.grounds
    }


def same_answers(people: Sequence[History], places: Sequence[Area], rules: Rules, now: int) -> None:
    """Color, grounds, notices, timeline, last negative and doses of everybody."""
    ruleset = ruleset_at(rules, now)
    run = population_run(people, places, rules, now)
    steps: dict[int, list[tuple[int, int, int]]] = {}
    for row in sorted(ENGINE.rows(run.steps), key=lambda r: int(r["minute"])):
        steps.setdefault(row["subject"], []).append((row["minute"], row["state"], row["notices"]))
    grounds: dict[int, set[tuple[object, ...]]] = {}
    for row in ENGINE.rows(run.grounds):
        grounds.setdefault(row["subject"], set()).add(ground_row(row, rules))
    for row in ENGINE.rows(run.people):
        number: int = row["subject"]
        known, holds = people[number]
        answer = evaluate(known, places, rules, now, holds_code=holds)
        expected = record_steps(answer, ruleset)
        told = (known, [r for s in rulesets_of(rules) for r in s.rules if r.evidence in {e.kind for e in known}])
        assert (now, row["state"], row["notices"]) == expected[0], told
        assert steps.get(number, expected) == expected, told
        assert row["later"] == len(expected) - 1, told
        assert grounds.get(number, set()) == ground_rows(answer, ruleset), told
        assert (row["last_negative"], row["doses"]) == (answer.last_negative, answer.doses), told


@few
@given(crowds, areas(), minutes)
def test_the_ninth_edition_means_the_same_to_both(crowd: Crowd, places: list[Area], now: int) -> None:
    """Corrections, rescissions, overlapping grounds, missing and late tests, pools, areas."""
    same_answers(crowd.people, places, ninth(), now)


@few
@given(crowds, areas(), minutes, rulesets())
def test_any_ruleset_means_the_same_to_both(crowd: Crowd, places: list[Area], now: int, rules: Ruleset) -> None:
    """Whatever an officer writes: lengths, test days, counts, spacings, ends, colors, notices."""
    same_answers(crowd.people, places, rules, now)


@few
@given(crowds, areas(), minutes, successions())
def test_any_succession_means_the_same_to_both(
    crowd: Crowd, places: list[Area], now: int, rules: RulesetHistory
) -> None:
    """Continue, recompute and end, at switches past and to come, with rules that appear and are abolished."""
    same_answers(crowd.people, places, rules, now)
