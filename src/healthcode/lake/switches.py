"""Courses led through the switches of rulesets (`spec/rule-language.md` §8): the twin of `rules.transition`."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from healthcode.domain.time import Minute, day_of
from healthcode.lake.areas import area_spans
from healthcode.lake.columns import (
    CLOSED_ORDINAL,
    MINUTE_SHIFT,
    Store,
    as_it_is,
    span_constant,
    span_from,
    span_severity,
)
from healthcode.lake.courses import KEY, RulePlan, rule_answer, rule_columns
from healthcode.lake.samplings import Stages
from healthcode.rules.model import Rule, Ruleset, Transition
from healthcode.rules.succession import RulesetHistory, rule_find, transition_of

_LOW = (1 << MINUTE_SHIFT) - 1
_MINUTE = 1 << MINUTE_SHIFT


@dataclass(frozen=True, slots=True)
class _Later:
    """One switch that a rule's grounds live through: to which ruleset, how, and by which rule (None: it ends)."""

    place: int
    ruleset: Ruleset
    transition: Transition
    rule: Rule | None


def _switches(rule: Rule, first: int, history: RulesetHistory) -> list[_Later]:
    found = []
    for place in range(first + 1, len(history.rulesets)):
        ruleset = history.rulesets[place]
        transition = transition_of(ruleset, rule.id)
        successor = rule_find(ruleset, rule.id) if transition.mode == "recompute" else None
        if transition.mode != "continue":
            found.append(_Later(place, ruleset, transition, successor))
    return found


def rule_courses(
    rule: Rule, first: int, history: RulesetHistory, facts: ir.Table, areas: ir.Table, store: Store = as_it_is
) -> ir.Table:
    """The courses that a rule of one ruleset opens, through every later switch; `spans` is NULL where none can tell.

    `store` is asked before each switch, so that no expression grows deeper than one rule.
    """
    later = _switches(rule, first, history)
    rules = [rule, *[s.rule for s in later if s.rule is not None]]
    needed = list(dict.fromkeys(name for r in rules for name in rule_columns(r)))
    facts = facts.filter(facts.kind == rule.evidence.value, *_taken_under(facts, first, history)).select(*needed)
    facts = facts.mutate(answer=rule_answer(facts, rule))
    facts = facts.filter(facts.answer.fill_null(True))
    stages = Stages(_with_areas(facts, rule, history.rulesets[first], first, areas))
    spans = RulePlan(rule, history.rulesets[first], stages, first).compiled()
    for switch in later:
        table = stages.table.select(*needed, "answer", led=stages.table[spans])
        table = store(f"course_{first}_{rule.id}_{switch.place}", table)
        if switch.rule is not None:
            table = _with_areas(table, switch.rule, switch.ruleset, switch.place, areas)
        stages = Stages(table)
        spans = _switched(stages, "led", rule, switch)
    table = stages.table
    untold = ibis.ifelse(table.answer.isnull(), ibis.null("array<int64>"), table[spans])
    return table.select(*KEY, rule=ibis.literal(rule.id), spans=untold)


def _taken_under(facts: ir.Table, place: int, history: RulesetHistory) -> list[ir.BooleanValue]:
    """Facts are taken under the ruleset in force when their day 0 was determined; the first takes what was before."""
    conditions = []
    if place > 0:
        conditions.append(facts.determined >= history.starts[place])
    if place + 1 < len(history.starts):
        conditions.append(facts.determined < history.starts[place + 1])
    return conditions


def _with_areas(facts: ir.Table, rule: Rule, ruleset: Ruleset, place: int, areas: ir.Table) -> ir.Table:
    if not rule.follows_area:
        return facts
    name = f"area_spans_{place}"
    spans = area_spans(areas, rule, ruleset, place).rename({f"a_area_{place}": "a_area", name: "area_spans"})
    return facts.left_join(spans, [("area", f"a_area_{place}")])


def _switched(stages: Stages, spans: str, rule: Rule, switch: _Later) -> str:
    """The spans after one switch."""
    at = switch.ruleset.from_
    start = span_from(at)
    past = stages.keep(stages.table[spans].filter(lambda x: x < start))
    before = stages.table[past].maxs()
    opened = ibis.literal(True) if rule.follows_area else (span_severity(before) >= 0).fill_null(False)
    is_open = stages.keep(opened & stages.table[spans].notnull())
    close = ibis.array([ibis.literal(start + span_constant(CLOSED_ORDINAL, switch.place, -1, 0), "int64")])
    ended = stages.keep(stages.table[past].concat(close))
    if switch.rule is None:
        return stages.keep(ibis.ifelse(stages.flag(is_open), stages.table[ended], stages.table[spans]))
    answer = stages.keep(rule_answer(stages.table, switch.rule))
    new = RulePlan(switch.rule, switch.ruleset, stages, switch.place, waived=day_of(at)).compiled()
    merged = _merged(stages, spans, new, at, switch)
    joined = stages.keep(stages.table[past].concat(stages.table[merged]))
    untold = stages.flag(answer).isnull() | (stages.flag(answer) & stages.table[new].isnull())
    table = stages.table
    gone = ibis.ifelse(stages.flag(answer).fill_null(True), table[joined], table[ended])
    led = stages.keep(ibis.ifelse(untold, ibis.null("array<int64>"), gone))
    return stages.keep(ibis.ifelse(stages.flag(is_open), stages.table[led], stages.table[spans]))


def _merged(stages: Stages, old: str, new: str, at: Minute, switch: _Later) -> str:
    """Spans from the switch on: the new ones, or at each minute the milder of both; one for each that differs."""
    milder = not switch.transition.may_worsen
    start = span_from(at)
    closed = span_constant(CLOSED_ORDINAL, switch.place, -1, 0)
    table = stages.table
    begins = table[new].concat(table[old]) if milder else table[new]
    later = begins.filter(lambda x: x >= start + _MINUTE).map(lambda x: x - (x & _LOW))
    minutes = stages.keep(ibis.array([ibis.literal(start, "int64")]).concat(later).unique())
    table = stages.table

    def chosen(minute: ir.IntegerValue) -> ir.IntegerValue:
        mine = table[new].filter(lambda n: n < minute + _MINUTE).maxs().fill_null(closed) & _LOW
        if not milder:
            return minute + mine
        former = table[old].filter(lambda o: o < minute + _MINUTE).maxs().fill_null(closed) & _LOW
        return minute + ibis.ifelse(span_severity(mine) > span_severity(former), former, mine)

    every = stages.keep(table[minutes].map(chosen))
    table = stages.table

    def changes(code: ir.IntegerValue) -> ir.BooleanValue:
        before = table[every].filter(lambda b: b < code - (code & _LOW)).maxs()
        return before.isnull() | ((before & _LOW) != (code & _LOW))

    return stages.keep(table[every].filter(changes))
