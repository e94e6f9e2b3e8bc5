"""The course of every ground, computed alone: for each fact and rule the array of spans that `rules.ground` would give.

One fold over phases serves all rules: in each round the numbers of every rule's next phase join in (`parameters`), and
only what the next round needs is carried on.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import day_of, day_start, sampling_from, span_from
from healthcode.lake.parameters import DAYS, EVENTS, RELEASES, Shape
from healthcode.lake.samplings import Stages, complete, days_from, days_met, missed_last

KEY: Final = ("subject", "root", "id", "first_learned", "learned")
RULE: Final = ("follows_area", "closed_by", "closed", "catch_count", "catch_spacing")
"""What a rule is asked beside its phases."""
TESTS_END: Final = 2
BY_DAY, BY_COUNT = 1, 2
_TIMED: Final = (1, 2)
_ROW: Final = (*KEY, "first_no", "rule_no", "answer", "day0", "waived", "words", "number", *DAYS)
_TOLD: Final = (*(f"release_{e.value}" for e in RELEASES), "replaced", "single_test")
_CARRIED: Final = (*_ROW, *_TOLD, *RULE, "negatives", "area_spans")
_MOVED: Final = ("alive", "cursor", "lacking")


def condition_answer(table: ir.Table, name: str) -> ir.BooleanValue:
    """Applies, does not apply, or NULL: cannot tell."""
    bit = ibis.literal(1, "int64") << ((table.words >> table[f"{name}_shift"]) & 15)
    worded = ibis.cases(
        ((table[f"{name}_yes"] & bit) != 0, True), ((table[f"{name}_no"] & bit) != 0, False), else_=ibis.null("boolean")
    )
    low, high = table[f"{name}_low"], table[f"{name}_high"]
    return ibis.ifelse(low.isnull(), worded, (table.number >= low) & (table.number <= high))


class Fold:
    """The fold over phases: `cursor` moves on while `alive`; each phase adds its span and perhaps a held one."""

    def __init__(self, courses: ir.Table, phases: ir.Table, shape: Shape) -> None:
        self._shape = shape
        self._phases = phases
        self._codes = 0
        table = courses
        released = [
            ibis.ifelse((table.closed_by & (1 << i)) != 0, table[f"release_{e.value}"], ibis.null("int64"))
            for i, e in enumerate(RELEASES)
        ]
        self._table = table.select(
            *_CARRIED,
            **{f"met{w}": table[f"met{w}"].fill_null(0) for w in range(shape.words)},
            cursor=day_start(table.day0),
            alive=ibis.literal(True),
            lacking=table.day0.isnull(),
            released=span_from(ibis.least(*released)),
        )

    def courses(self) -> ir.Table:
        """Every course with its spans."""
        for place in range(self._shape.phases):
            self._phase(place)
        table = self._table
        released, null = table.released, ibis.null("int64")
        close = ibis.ifelse(table.alive, span_from(table.cursor) + table.closed, null)
        codes = [*(table[f"code{i}"] for i in range(self._codes)), close]
        cut = [ibis.ifelse(released.isnull() | (code < released), code, null) for code in codes]
        ended = released + table.closed
        kept = table.area_spans.filter(lambda x: x < released).concat(ibis.array([ended]))
        table = table.mutate(
            phased=ibis.array([*cut, ended]).filter(lambda x: x.notnull()),
            followed=ibis.ifelse(released.isnull(), table.area_spans, kept),
        )
        spans = ibis.ifelse(table.follows_area, table.followed, table.phased)
        told = ibis.ifelse(table.lacking, ibis.null("array<int64>"), spans)
        return table.select(*KEY, "first_no", "rule_no", "answer", spans=told)

    def _phase(self, place: int) -> None:
        """One phase of every rule that has so many: its numbers join in, its spans are carried on."""
        phases = self._phases.filter(self._phases.phase == place).drop("phase")
        carried = [name for name in self._table.columns if name not in _MOVED]
        self._stages = stages = Stages(self._table.join(phases, [("rule_no", "q_rule")]))
        table = stages.table
        active = stages.keep(table.alive & (table.p_end > 0))
        lacking = stages.keep(table.lacking)
        if self._shape.when:
            wanted = stages.keep(condition_answer(table, "p_when"))
            unclear = stages.flag(active) & stages.flag(wanted).isnull()
            lacking = stages.keep(stages.flag(lacking) | unclear)
            active = stages.keep(stages.flag(active) & stages.flag(wanted).fill_null(False))
        origin = self._origin()
        due = stages.keep(day_start(stages.int(origin) + stages.table.p_last + 1))
        end, hold = self._end(origin, due)
        codes = self._spans(active, hold)
        alive, cursor = self._move(active, end, hold)
        whole = stages.whole()
        moved = {"alive": whole[alive], "cursor": whole[cursor], "lacking": whole[lacking]}
        self._table = whole.select(*carried, **moved, **{name: whole[code] for name, code in codes.items()})

    def _origin(self) -> str:
        stages = self._stages
        table = stages.table
        if not self._shape.previous:
            return stages.keep(table.day0)
        moved = day_of(stages.table.cursor)
        return stages.keep(ibis.ifelse(stages.table["p_previous"], moved, stages.table.day0))

    def _end(self, origin: str, due: str) -> tuple[str, str]:
        """Columns: when a phase ends (NULL: open), and when it begins to be held instead (NULL: it is not)."""
        stages = self._stages
        null = ibis.null("int64")
        unmet, met = self._tested(origin, due)
        field = stages.table["p_field"].cases(
            *[(i + 1, day_start(stages.table[day] + 1)) for i, day in enumerate(DAYS)], else_=null
        )
        told = [(i + 1, stages.table[_event_column(e.value)]) for i, e in enumerate(EVENTS)]
        event = stages.table["p_event"].cases(*told, else_=null)
        ends = ((1, stages.int(due)), (2, stages.int(met)), (3, field), (4, event))
        end = stages.keep(stages.table["p_end"].cases(*ends, else_=null))
        timed = stages.table["p_end"].isin(_TIMED) & (stages.table["p_tests"] > 0)
        hold = ibis.ifelse(timed & stages.flag(unmet), stages.int(due), null)
        return end, stages.keep(hold)

    def _tested(self, origin: str, due: str) -> tuple[str, str]:
        """Whether the samplings of a phase are lacking, and when they were complete (for a phase that they end)."""
        stages, shape = self._stages, self._shape
        missed = missed_last(stages, self._met_from(origin), origin, shape)
        by_count = stages.keep(stages.table["p_tests"] == BY_COUNT)
        counted, by = stages.flag(by_count), stages.table
        day = ibis.ifelse(counted, by["p_from"], stages.int(missed) + 1)
        since = stages.keep(sampling_from(day_start(stages.int(origin) + day)))
        count = stages.keep(ibis.ifelse(counted, by["p_count"], by.catch_count))
        spacing = stages.keep(ibis.ifelse(counted, by["p_spacing"], by.catch_spacing))
        done = complete(stages, since, count, spacing, shape.samplings)
        over = stages.keep(stages.table.waived > stages.int(origin) + stages.table["p_last"])
        lacking = stages.int(missed).notnull() & stages.int(done).isnull()
        lacks = ibis.ifelse(stages.flag(by_count), ~stages.flag(over) & stages.int(done).isnull(), lacking)
        unmet = stages.keep((stages.table["p_tests"] > 0) & lacks)
        return unmet, self._met_at(origin, due, unmet, done)

    def _met_from(self, origin: str) -> list[str]:
        """Words of test days counted from where the phase begins."""
        stages, words = self._stages, [f"met{w}" for w in range(self._shape.words)]
        if not self._shape.previous_tests:
            return words
        moved = days_from(stages, origin, self._shape.words)
        table = stages.whole()
        return [
            stages.keep(ibis.ifelse(table["p_previous"], table[new].fill_null(0), table[old]))
            for new, old in zip(moved, words, strict=True)
        ]

    def _met_at(self, origin: str, due: str, unmet: str, done: str) -> str:
        """When the last needed result was known; where every day was waived, the end of the last day."""
        stages = self._stages
        by_days = stages.table["p_tests"] == BY_DAY
        counted = stages.table["p_tests"] == BY_COUNT
        if not self._shape.days_met:
            latest = ibis.ifelse(counted, stages.int(done), ibis.null("int64"))
            return stages.keep(
                ibis.ifelse(stages.flag(unmet), ibis.null("int64"), ibis.coalesce(latest, stages.int(due)))
            )
        ended = stages.table["p_end"] == TESTS_END
        wanted = stages.keep(by_days & ended & ~stages.flag(unmet) & stages.table.negatives.notnull())
        known = days_met(stages, "p_days", origin, wanted, self._shape.samplings)
        last = stages.keep(day_start(stages.int(origin) + stages.table["p_days"].maxs() + 1))
        by_days = stages.table["p_tests"] == BY_DAY
        latest = ibis.coalesce(
            ibis.ifelse(by_days, ibis.coalesce(stages.int(known), stages.int(last)), stages.int(done)), stages.int(due)
        )
        return stages.keep(ibis.ifelse(stages.flag(unmet), ibis.null("int64"), latest))

    def _spans(self, active: str, hold: str) -> dict[str, str]:
        stages = self._stages
        table, null = stages.table, ibis.null("int64")
        plain = ibis.ifelse(stages.flag(active), span_from(table.cursor) + table.p_plain, null)
        begin = ibis.greatest(table.cursor, stages.int(hold))
        held = ibis.ifelse(stages.flag(active) & stages.int(hold).notnull(), span_from(begin) + table.p_held, null)
        first, self._codes = self._codes, self._codes + 2
        return {f"code{first}": stages.keep(plain), f"code{first + 1}": stages.keep(held)}

    def _move(self, active: str, end: str, hold: str) -> tuple[str, str]:
        """Whether later phases are reached, and from when."""
        stages = self._stages
        table = stages.table
        ended = stages.int(end).notnull() & stages.int(hold).isnull()
        goes_on = stages.keep(table.alive & (~stages.flag(active) | ended))
        moves = stages.flag(active) & stages.flag(goes_on)
        later = ibis.greatest(table.cursor, stages.int(end))
        return goes_on, stages.keep(ibis.ifelse(moves, later, table.cursor))


def _event_column(event: str) -> str:
    return event if event in ("replaced", "single_test") else f"release_{event}"
