"""Which rules speak about which facts, and what is needed to compute each course alone (`fold`)."""

from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.lake.areas import area_spans
from healthcode.lake.columns import Inputs, Store, as_it_is, day_of, day_start, sampling_from
from healthcode.lake.facts import Known
from healthcode.lake.fold import BY_COUNT, BY_DAY, KEY, RULE, TESTS_END, Fold, condition_answer
from healthcode.lake.parameters import DAYS, Shape
from healthcode.lake.samplings import Stages, books, missed_last, test_days


def rule_answer(table: ir.Table, shape: Shape) -> ir.BooleanValue:
    """Whether a rule speaks about a fact: one condition that fails decides; NULL where a field is missing."""
    answers = [condition_answer(table, f"c{i}") for i in range(shape.conditions)]
    if not answers:
        return ibis.literal(True)
    failed = ibis.or_(*[(~a).fill_null(False) for a in answers])
    unclear = ibis.or_(*[a.isnull() for a in answers])
    return ibis.ifelse(failed, False, ibis.ifelse(unclear, ibis.null("boolean"), True))


def _matched(facts: ir.Table, rules: ir.Table, shape: Shape) -> ir.Table:
    """Each fact beside the rules of its kind that were in force when it was determined, where they may apply."""
    heads = rules.select("rule_no", "taken_from", "taken_until", *_RULE, *_condition_columns(shape), r_kind=rules.kind)
    inside = [facts.determined >= heads.taken_from, facts.determined < heads.taken_until]
    pairs = facts.join(heads, [facts.kind == heads.r_kind, *inside])
    pairs = pairs.mutate(answer=rule_answer(pairs, shape), first_no=pairs.rule_no)
    pairs = pairs.filter(pairs.answer.fill_null(True))
    return pairs.select(*_BASE, waived=day_of(pairs.determined), day0=_day0(pairs))


_RULE: Final = ("anchor_from", "tested")
_FACT: Final = (*KEY, "anchor", "occurred", "determined", "words", "number", "area", *DAYS)
_BASE: Final = (*_FACT, "first_no", "rule_no", "answer", "tested")


def _condition_columns(shape: Shape) -> list[str]:
    return [f"c{i}_{part}" for i in range(shape.conditions) for part in ("shift", "yes", "no", "low", "high")]


def _day0(table: ir.Table) -> ir.IntegerValue:
    """Day 0 of the rule that stands beside a fact."""
    learned, occurred = day_of(table.determined), day_of(table.occurred)
    return table.anchor_from.cases((0, table.anchor), (1, learned), else_=occurred)


def _again(matched: ir.Table, inputs: Inputs, shape: Shape) -> ir.Table:
    """The same facts beside the rule that takes over at a later switch, its test days before the switch waived."""
    switches = inputs.switches.filter(inputs.switches.next_no.notnull())
    switches = switches.select("next_no", "at_day", s_first=switches.first_no)
    columns = _condition_columns(shape)
    heads = inputs.rules.select("rule_no", *_RULE, *columns).rename(n_rule="rule_no", n_tested="tested")
    pairs = matched.filter(matched.answer.notnull()).drop("rule_no", "tested", "waived", "day0", "answer")
    pairs = pairs.join(switches, [("first_no", "s_first")]).join(heads, [("next_no", "n_rule")])
    pairs = pairs.mutate(answer=rule_answer(pairs, shape), rule_no=pairs.next_no, tested=pairs.n_tested)
    waived = ibis.greatest(day_of(pairs.determined), pairs.at_day)
    return pairs.select(*_BASE, waived=waived, day0=_day0(pairs))


def courses_alone(inputs: Inputs, known: Known, shape: Shape, store: Store = as_it_is) -> ir.Table:
    """Every course under the rule of its determination (`rule_no` = `first_no`) and under each that takes over.

    `spans` is NULL where nothing can be told; `answer` whether the rule speaks about the fact.
    """
    matched = store("matched", _matched(known.facts, inputs.rules, shape))
    if shape.switches:
        matched = store("matched_again", ibis.union(matched, _again(matched, inputs, shape)))
    days = store("test_days", test_days(known.negatives, matched, shape.words))
    courses = matched.left_join(days, [("subject", "w_subject"), ("day0", "w_day0")])
    book = store("books", books(known.negatives, _needy(courses, inputs, shape)))
    rules = inputs.rules.select(*RULE, r_rule=inputs.rules.rule_no)
    courses = courses.join(rules, [("rule_no", "r_rule")])
    courses = courses.left_join(book, [("subject", "b_subject")])
    courses = courses.left_join(known.events, [("subject", "e_subject"), ("root", "e_root")])
    courses = courses.left_join(area_spans(inputs), [("area", "a_area"), ("rule_no", "a_rule")])
    return store("alone", Fold(courses, inputs.phases, shape).courses())


def _needy(courses: ir.Table, inputs: Inputs, shape: Shape) -> ir.Table:
    """Subjects of whom a rule asks when something was sampled or known, so that words of days do not tell enough."""
    phases = inputs.phases.filter(inputs.phases.p_tests > 0)
    stages = Stages(courses.filter(courses["last"].notnull()).join(phases, [("rule_no", "q_rule")]))
    missed = missed_last(stages, [f"met{w}" for w in range(shape.words)], "day0", shape)
    day, table = stages.int(missed) + 1, stages.whole()
    since = ibis.ifelse(table.p_tests == BY_COUNT, table.p_from, day)
    late = table["last"] >= sampling_from(day_start(table.day0 + since))
    by_tests = (table.p_end == TESTS_END) & (table.p_tests == BY_DAY)
    found = table.filter(by_tests | table.p_previous | late.fill_null(False))
    return found.select(b_subject=found.subject).distinct()
