"""One rule compiled to columns: for every fact of its kind the array of spans that `rules.ground` would compute."""

from collections.abc import Callable, Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import CLOSED_ORDINAL, day_of, day_start, span_constant, span_from
from healthcode.lake.notices import phase_constant
from healthcode.lake.samplings import Stages, count_met, days_met, days_unmet, single_known
from healthcode.rules.model import Condition, EndKind, Event, Phase, Rule, Ruleset

RELEASES: Final = (Event.discharged, Event.excluded, Event.completed, Event.certified)

KEY: Final = ("subject", "root", "id", "first_learned", "learned")

_End = tuple[str | None, str | None]
"""Columns: when a phase ends (NULL: open), and when it begins to be held instead (NULL: it is not)."""


def condition_answer(table: ir.Table, condition: Condition) -> ir.BooleanValue:
    """Applies, does not apply, or NULL: cannot tell."""
    column = table[condition.field]
    if condition.minimum is None and condition.maximum is None:
        return column.isin(sorted(condition.values))
    low = column >= condition.minimum if condition.minimum is not None else column.notnull()
    high = column <= condition.maximum if condition.maximum is not None else column.notnull()
    return ibis.ifelse(column.isnull(), ibis.null("boolean"), low & high)


def rule_answer(table: ir.Table, rule: Rule) -> ir.BooleanValue:
    """Whether a rule speaks about a fact: one condition that fails decides; NULL where a field is missing."""
    answers = [condition_answer(table, c) for c in rule.where]
    if not answers:
        return ibis.literal(True)
    failed = ibis.or_(*[(~a).fill_null(False) for a in answers])
    unclear = ibis.or_(*[a.isnull() for a in answers])
    return ibis.ifelse(failed, False, ibis.ifelse(unclear, ibis.null("boolean"), True))


def rule_columns(rule: Rule) -> list[str]:
    """The columns of a fact that one rule reads, so that a stage carries no more than it needs."""
    names = {c.field for c in rule.where} | {p.when.field for p in rule.phases if p.when is not None}
    names |= {p.end_field for p in rule.phases if p.end_field}
    events = rule.closed_by | {p.event for p in rule.phases if p.event is not None}
    names |= {f"release_{e.value}" for e in RELEASES if e in events}
    if any(p.schedule for p in rule.phases):
        names |= {"negatives", "days"}
    names |= {"singles"} if Event.single_test in events else set()
    names |= {"replaced"} if Event.replaced in events else set()
    names |= {"area"} if rule.follows_area else set()
    return [*KEY, "anchor", "occurred", "determined", *sorted(names - set(KEY))]


class RulePlan:
    """Compiles one rule over facts of its kind, in the columns of some stages; `place` is that of its ruleset."""

    def __init__(self, rule: Rule, ruleset: Ruleset, stages: Stages, place: int, waived: int | None = None) -> None:
        self._rule = rule
        self._ruleset = ruleset
        self._place = place
        self._stages = stages
        determined = day_of(stages.table.determined)
        self._waived = stages.keep(
            determined if waived is None else ibis.greatest(determined, ibis.literal(waived, "int64"))
        )

    def compiled(self) -> str:
        """The column that holds the spans (NULL: cannot tell)."""
        day0 = self._stages.keep(self._day0())
        spans = self._area() if self._rule.follows_area else self._phases(day0)
        return self._stages.keep(self._released(spans))

    def _day0(self) -> ir.IntegerValue:
        table = self._stages.table
        if self._rule.anchor == "anchor":
            return table.anchor
        return day_of(table.determined if self._rule.anchor == "learned" else table.occurred)

    def _area(self) -> str:
        return self._stages.keep(self._stages.table[f"area_spans_{self._place}"])

    def _phases(self, day0: str) -> str:
        """The fold over phases: `cursor` moves on while `alive`; each phase adds its span and perhaps a held one."""
        stages = self._stages
        cursor = stages.keep(day_start(stages.int(day0)))
        alive = stages.keep(ibis.literal(True))
        lacking = stages.keep(stages.int(day0).isnull())
        codes: list[str] = []
        for index, phase in enumerate(self._rule.phases):
            active = alive
            if phase.when is not None:
                wanted = stages.keep(condition_answer(stages.table, phase.when))
                unclear = stages.flag(alive) & stages.flag(wanted).isnull()
                lacking = stages.keep(stages.flag(lacking) | unclear)
                active = stages.keep(stages.flag(alive) & stages.flag(wanted).fill_null(False))
            origin = stages.keep(day_of(stages.int(cursor))) if phase.from_previous else day0
            end, hold = self._end(phase, origin)
            codes += self._spans(index, active, cursor, hold)
            alive, cursor = self._moved(active, alive, cursor, end, hold)
        close = span_from(stages.int(cursor)) + span_constant(CLOSED_ORDINAL, self._place, -1, 0)
        codes.append(stages.keep(ibis.ifelse(stages.flag(alive), close, ibis.null("int64"))))
        listed = stages.keep(ibis.array([stages.int(c) for c in codes]).filter(lambda x: x.notnull()))
        return stages.keep(ibis.ifelse(stages.flag(lacking), ibis.null("array<int64>"), stages.table[listed]))

    def _spans(self, index: int, active: str, cursor: str, hold: str | None) -> list[str]:
        stages = self._stages
        null = ibis.null("int64")
        plain = phase_constant(self._rule, self._ruleset, index, self._place, held=False)
        code = span_from(stages.int(cursor)) + plain
        names = [stages.keep(ibis.ifelse(stages.flag(active), code, null))]
        if hold is not None:
            held = phase_constant(self._rule, self._ruleset, index, self._place, held=True)
            begin = ibis.greatest(stages.int(cursor), stages.int(hold))
            shown = stages.flag(active) & stages.int(hold).notnull()
            names.append(stages.keep(ibis.ifelse(shown, span_from(begin) + held, null)))
        return names

    def _moved(self, active: str, alive: str, cursor: str, end: str | None, hold: str | None) -> tuple[str, str]:
        """Whether later phases are reached, and from when."""
        stages = self._stages
        ended = stages.int(end).notnull() if end else ibis.literal(False)
        if hold is not None:
            ended = ended & stages.int(hold).isnull()
        goes_on = stages.keep(stages.flag(alive) & (~stages.flag(active) | ended))
        if end is None:
            return goes_on, cursor
        later = ibis.greatest(stages.int(cursor), stages.int(end))
        moves = stages.flag(active) & stages.flag(goes_on) & stages.int(end).notnull()
        return goes_on, stages.keep(ibis.ifelse(moves, later, stages.int(cursor)))

    def _end(self, phase: Phase, origin: str) -> _End:
        kinds: dict[EndKind, Callable[[Phase, str], _End]] = {
            EndKind.days: self._end_days,
            EndKind.tests: self._end_tests,
            EndKind.field: self._end_field,
            EndKind.event: self._end_event,
        }
        return kinds[phase.end](phase, origin)

    def _end_days(self, phase: Phase, origin: str) -> _End:
        stages, schedule = self._stages, phase.schedule
        end = stages.keep(day_start(stages.int(origin) + phase.last + 1))
        if schedule is None:
            return end, None
        if schedule.days:
            unmet = days_unmet(stages, schedule, origin, self._waived, self._rule.catch_up)
        else:
            met = count_met(stages, schedule, origin)
            begun = stages.int(self._waived) <= stages.int(origin) + phase.last
            unmet = stages.keep(begun & stages.int(met).isnull())
        return end, stages.keep(ibis.ifelse(stages.flag(unmet), stages.int(end), ibis.null("int64")))

    def _end_tests(self, phase: Phase, origin: str) -> _End:
        stages, schedule = self._stages, phase.schedule
        due = stages.keep(day_start(stages.int(origin) + phase.last + 1))
        if schedule is None:
            return due, None
        if schedule.days:
            met = days_met(stages, schedule, origin, self._waived, self._rule.catch_up)
        else:
            done = stages.int(count_met(stages, schedule, origin))
            over = stages.int(self._waived) > stages.int(origin) + phase.last
            missed = ibis.ifelse(over, stages.int(due), ibis.null("int64"))
            met = stages.keep(ibis.coalesce(done, missed))
        return met, stages.keep(ibis.ifelse(stages.int(met).isnull(), stages.int(due), ibis.null("int64")))

    def _end_field(self, phase: Phase, _origin: str) -> _End:
        return self._stages.keep(day_start(self._stages.int(phase.end_field) + 1)), None

    def _end_event(self, phase: Phase, _origin: str) -> _End:
        stages = self._stages
        if phase.event is Event.single_test:
            return single_known(stages), None
        if phase.event is Event.replaced:
            return stages.keep(stages.table.replaced), None
        return (stages.keep(self._first_release([phase.event])), None) if phase.event else (None, None)

    def _first_release(self, events: Sequence[Event]) -> ir.IntegerValue:
        """The first release of one of some reasons; `least` passes over NULL."""
        columns = [self._stages.table[f"release_{e.value}"] for e in RELEASES if e in events]
        return ibis.least(*columns) if len(columns) > 1 else columns[0] if columns else ibis.null("int64")

    def _released(self, spans: str) -> ir.ArrayValue:
        """The spans, cut at the release that closes the whole ground."""
        stages = self._stages
        whole: ir.ArrayValue = stages.table[spans]
        if not self._rule.closed_by:
            return whole
        at = stages.keep(self._first_release(sorted(self._rule.closed_by)))
        begin = stages.keep(span_from(stages.int(at)))
        table = stages.table
        close = stages.keep(table[begin] + span_constant(CLOSED_ORDINAL, self._place, -1, 0))
        kept = stages.keep(stages.table[spans].filter(lambda x: x < stages.table[begin]))
        cut = stages.keep(stages.table[kept].concat(ibis.array([stages.int(close)])))
        unchanged = stages.table[spans].isnull() | stages.int(at).isnull()
        result: ir.ArrayValue = ibis.ifelse(unchanged, stages.table[spans], stages.table[cut])
        return result
