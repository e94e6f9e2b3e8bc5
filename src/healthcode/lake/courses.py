"""The course of every ground, computed alone: for each fact and rule the array of spans that `rules.ground` would give.

One fold over phases serves all rules: what they differ in comes from the columns of `parameters`.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.lake.areas import area_spans
from healthcode.lake.columns import Inputs, Store, as_it_is, day_of, day_start, sampling_from, span_from
from healthcode.lake.facts import Known
from healthcode.lake.parameters import DAYS, EVENTS, RELEASES, Shape
from healthcode.lake.samplings import Stages, books, complete, days_from, days_met, missed_last, test_days

KEY: Final = ("subject", "root", "id", "first_learned", "learned")
_TIMED: Final = (1, 2)
_TESTS_END: Final = 2
_BY_DAY, _BY_COUNT = 1, 2


def condition_answer(table: ir.Table, name: str) -> ir.BooleanValue:
    """Applies, does not apply, or NULL: cannot tell."""
    bit = ibis.literal(1, "int64") << ((table.words >> table[f"{name}_shift"]) & 15)
    worded = ibis.cases(
        ((table[f"{name}_yes"] & bit) != 0, True), ((table[f"{name}_no"] & bit) != 0, False), else_=ibis.null("boolean")
    )
    low, high = table[f"{name}_low"], table[f"{name}_high"]
    return ibis.ifelse(low.isnull(), worded, (table.number >= low) & (table.number <= high))


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
    rules = inputs.rules.drop(
        "rule", "kind", "taken_from", "taken_until", "anchor_from", "tested", *_condition_columns(shape)
    )
    courses = matched.join(rules.rename(r_rule="rule_no"), [("rule_no", "r_rule")])
    courses = courses.left_join(days, [("subject", "w_subject"), ("day0", "w_day0")])
    book = store("books", books(known.negatives, _needy(courses, shape)))
    courses = courses.left_join(book, [("subject", "b_subject")])
    courses = courses.left_join(known.events, [("subject", "e_subject"), ("root", "e_root")])
    courses = courses.left_join(area_spans(inputs), [("area", "a_area"), ("rule_no", "a_rule")])
    return store("alone", Fold(courses, shape).courses())


def _needy(courses: ir.Table, shape: Shape) -> ir.Table:
    """Subjects of whom a rule asks when something was sampled or known, so that words of days do not tell enough."""
    stages = Stages(courses)
    met = [stages.keep(stages.table[f"met{w}"].fill_null(0)) for w in range(shape.words)]
    asked = stages.keep(ibis.literal(False))
    for i in range(shape.phases):
        missed = missed_last(stages, f"p{i}", met, "day0", shape)
        table = stages.table
        since = ibis.ifelse(table[f"p{i}_tests"] == _BY_COUNT, table[f"p{i}_from"], stages.int(missed) + 1)
        late = table["last"] >= sampling_from(day_start(table.day0 + since))
        by_tests = (table[f"p{i}_end"] == _TESTS_END) & (table[f"p{i}_tests"] == _BY_DAY)
        here = (table[f"p{i}_tests"] > 0) & (by_tests | table[f"p{i}_previous"] | late.fill_null(False))
        asked = stages.keep(stages.flag(asked) | here)
    found = stages.whole()
    found = found.filter(found[asked] & found["last"].notnull())
    return found.select(b_subject=found.subject).distinct()


class Fold:
    """The fold over phases: `cursor` moves on while `alive`; each phase adds its span and perhaps a held one."""

    def __init__(self, courses: ir.Table, shape: Shape) -> None:
        self._shape = shape
        self._stages = stages = Stages(courses)
        self._codes: list[str] = []
        table = stages.table
        self._met = [stages.keep(table[f"met{w}"].fill_null(0)) for w in range(shape.words)]
        self._cursor = stages.keep(day_start(table.day0))
        self._alive = stages.keep(ibis.literal(True))
        self._lacking = stages.keep(table.day0.isnull())
        released = [
            ibis.ifelse((table.closed_by & (1 << i)) != 0, table[f"release_{e.value}"], ibis.null("int64"))
            for i, e in enumerate(RELEASES)
        ]
        self._released = stages.keep(span_from(ibis.least(*released)))

    def courses(self) -> ir.Table:
        """Every course with its spans."""
        for place in range(self._shape.phases):
            self._phase(f"p{place}")
        stages = self._stages
        close = span_from(stages.int(self._cursor)) + stages.table.closed
        self._codes.append(stages.keep(ibis.ifelse(stages.flag(self._alive), close, ibis.null("int64"))))
        table = stages.whole()
        released = stages.int(self._released)
        cut = [
            ibis.ifelse(released.isnull() | (table[c] < released), table[c], ibis.null("int64")) for c in self._codes
        ]
        ended = released + table.closed
        phased = stages.keep(ibis.array([*cut, ended]).filter(lambda x: x.notnull()))
        kept = table.area_spans.filter(lambda x: x < released).concat(ibis.array([ended]))
        followed = stages.keep(ibis.ifelse(released.isnull(), table.area_spans, kept))
        table = stages.whole()
        spans = ibis.ifelse(table.follows_area, table[followed], table[phased])
        told = ibis.ifelse(table[self._lacking], ibis.null("array<int64>"), spans)
        return table.select(*KEY, "first_no", "rule_no", "answer", spans=told)

    def _phase(self, name: str) -> None:
        """One phase of every rule that has so many."""
        stages = self._stages
        table = stages.table
        active = stages.keep(stages.flag(self._alive) & (table[f"{name}_end"] > 0))
        if self._shape.when:
            wanted = stages.keep(condition_answer(stages.table, f"{name}_when"))
            unclear = stages.flag(active) & stages.flag(wanted).isnull()
            self._lacking = stages.keep(stages.flag(self._lacking) | unclear)
            active = stages.keep(stages.flag(active) & stages.flag(wanted).fill_null(False))
        origin = self._origin(name)
        due = stages.keep(day_start(stages.int(origin) + stages.table[f"{name}_last"] + 1))
        end, hold = self._end(name, origin, due)
        self._spans(name, active, hold)
        self._move(active, end, hold)

    def _origin(self, name: str) -> str:
        stages = self._stages
        table = stages.table
        if not self._shape.previous:
            return stages.keep(table.day0)
        moved = day_of(stages.int(self._cursor))
        return stages.keep(ibis.ifelse(stages.table[f"{name}_previous"], moved, stages.table.day0))

    def _end(self, name: str, origin: str, due: str) -> tuple[str, str]:
        """Columns: when a phase ends (NULL: open), and when it begins to be held instead (NULL: it is not)."""
        stages = self._stages
        null = ibis.null("int64")
        unmet, met = self._tested(name, origin, due)
        field = stages.table[f"{name}_field"].cases(
            *[(i + 1, day_start(stages.table[day] + 1)) for i, day in enumerate(DAYS)], else_=null
        )
        told = [(i + 1, stages.table[_event_column(e.value)]) for i, e in enumerate(EVENTS)]
        event = stages.table[f"{name}_event"].cases(*told, else_=null)
        ends = ((1, stages.int(due)), (2, stages.int(met)), (3, field), (4, event))
        end = stages.keep(stages.table[f"{name}_end"].cases(*ends, else_=null))
        timed = stages.table[f"{name}_end"].isin(_TIMED) & (stages.table[f"{name}_tests"] > 0)
        hold = ibis.ifelse(timed & stages.flag(unmet), stages.int(due), null)
        return end, stages.keep(hold)

    def _tested(self, name: str, origin: str, due: str) -> tuple[str, str]:
        """Whether the samplings of a phase are lacking, and when they were complete (for a phase that they end)."""
        stages, shape = self._stages, self._shape
        missed = missed_last(stages, name, self._met_from(name, origin), origin, shape)
        by_count = stages.keep(stages.table[f"{name}_tests"] == _BY_COUNT)
        counted, by = stages.flag(by_count), stages.table
        day = ibis.ifelse(counted, by[f"{name}_from"], stages.int(missed) + 1)
        since = stages.keep(sampling_from(day_start(stages.int(origin) + day)))
        count = stages.keep(ibis.ifelse(counted, by[f"{name}_count"], by.catch_count))
        spacing = stages.keep(ibis.ifelse(counted, by[f"{name}_spacing"], by.catch_spacing))
        done = complete(stages, since, count, spacing, shape.samplings)
        over = stages.keep(stages.table.waived > stages.int(origin) + stages.table[f"{name}_last"])
        lacking = stages.int(missed).notnull() & stages.int(done).isnull()
        lacks = ibis.ifelse(stages.flag(by_count), ~stages.flag(over) & stages.int(done).isnull(), lacking)
        unmet = stages.keep((stages.table[f"{name}_tests"] > 0) & lacks)
        return unmet, self._met_at(name, origin, due, unmet, done)

    def _met_from(self, name: str, origin: str) -> list[str]:
        """Words of test days counted from where the phase begins."""
        if not self._shape.previous_tests:
            return self._met
        stages = self._stages
        moved = days_from(stages, origin, self._shape.words)
        table = stages.whole()
        return [
            stages.keep(ibis.ifelse(table[f"{name}_previous"], table[new].fill_null(0), table[old]))
            for new, old in zip(moved, self._met, strict=True)
        ]

    def _met_at(self, name: str, origin: str, due: str, unmet: str, done: str) -> str:
        """When the last needed result was known; where every day was waived, the end of the last day."""
        stages = self._stages
        by_days = stages.table[f"{name}_tests"] == _BY_DAY
        counted = stages.table[f"{name}_tests"] == _BY_COUNT
        if not self._shape.days_met:
            latest = ibis.ifelse(counted, stages.int(done), ibis.null("int64"))
            return stages.keep(
                ibis.ifelse(stages.flag(unmet), ibis.null("int64"), ibis.coalesce(latest, stages.int(due)))
            )
        ended = stages.table[f"{name}_end"] == _TESTS_END
        wanted = stages.keep(by_days & ended & ~stages.flag(unmet) & stages.table.negatives.notnull())
        known = days_met(stages, f"{name}_days", origin, wanted, self._shape.samplings)
        last = stages.keep(day_start(stages.int(origin) + stages.table[f"{name}_days"].maxs() + 1))
        by_days = stages.table[f"{name}_tests"] == _BY_DAY
        latest = ibis.coalesce(
            ibis.ifelse(by_days, ibis.coalesce(stages.int(known), stages.int(last)), stages.int(done)), stages.int(due)
        )
        return stages.keep(ibis.ifelse(stages.flag(unmet), ibis.null("int64"), latest))

    def _spans(self, name: str, active: str, hold: str) -> None:
        stages = self._stages
        null = ibis.null("int64")
        cursor = stages.int(self._cursor)
        code = span_from(cursor) + stages.table[f"{name}_plain"]
        self._codes.append(stages.keep(ibis.ifelse(stages.flag(active), code, null)))
        begin = ibis.greatest(cursor, stages.int(hold))
        held = span_from(begin) + stages.table[f"{name}_held"]
        self._codes.append(stages.keep(ibis.ifelse(stages.flag(active) & stages.int(hold).notnull(), held, null)))

    def _move(self, active: str, end: str, hold: str) -> None:
        """Whether later phases are reached, and from when."""
        stages = self._stages
        ended = stages.int(end).notnull() & stages.int(hold).isnull()
        goes_on = stages.keep(stages.flag(self._alive) & (~stages.flag(active) | ended))
        moves = stages.flag(active) & stages.flag(goes_on)
        later = ibis.greatest(stages.int(self._cursor), stages.int(end))
        self._cursor = stages.keep(ibis.ifelse(moves, later, stages.int(self._cursor)))
        self._alive = goes_on


def _event_column(event: str) -> str:
    return event if event in ("replaced", "single_test") else f"release_{event}"
