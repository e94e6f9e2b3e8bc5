"""Tests of everybody as arrays of packed samplings, and the questions that rules ask of them (schedule.py's twins)."""

from typing import Any

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import (
    day_start,
    sampling,
    sampling_from,
    sampling_known,
    sampling_minute,
)
from healthcode.rules.history import OLDEST_MINUTE
from healthcode.rules.model import CatchUp, Schedule

_RESULTS = ("negative", "positive", "pending", "invalid")


def nothing() -> ir.ArrayValue:
    """An empty array of samplings."""
    return ibis.literal([], type="array<int64>")


def tests_valid(tests: ir.Table, skew: int) -> ir.BooleanValue:
    """Whether a test can be read: a result, a pool, a sampling that is no fault."""
    result = tests.result.isin(_RESULTS).fill_null(False)
    pool = tests.pool_size.fill_null(1) >= 1
    return result & pool & (tests.occurred > OLDEST_MINUTE) & (tests.occurred <= tests.learned + skew)


def books(tests: ir.Table) -> ir.Table:
    """Of each subject the packed `negatives` and `singles`, and the minutes of `pending` samples.

    `tests` are those in force and readable.
    """
    nucleic = tests.method.fill_null("nucleic_acid") == "nucleic_acid"
    single = nucleic & (tests.pool_size.fill_null(1) == 1) & tests.result.isin(("negative", "positive"))
    code = sampling(tests.occurred, tests.learned)
    rows = tests.select("subject", "occurred", "result", code=code, nucleic=nucleic, single=single)
    return rows.group_by(b_subject=rows.subject).agg(
        negatives=rows.code.collect(where=(rows.result == "negative") & rows.nucleic),
        singles=rows.code.collect(where=rows.single),
        pending=rows.occurred.collect(where=rows.result == "pending"),
    )


def last_negatives(tests: ir.Table) -> ir.Table:
    """The minute of each subject's last negative sampling."""
    mine = tests.filter((tests.result == "negative") & (tests.method.fill_null("nucleic_acid") == "nucleic_acid"))
    return mine.group_by(n_subject=mine.subject).agg(last_negative=mine.occurred.max())


class Stages:
    """A relation that grows by named columns: what is computed once is a column, never a repeated expression.

    Columns are added together in one selection as long as none of them is asked for.
    """

    def __init__(self, table: ir.Table) -> None:
        self._table = table
        self._pending: dict[str, ir.Value] = {}
        self._count = 0

    @property
    def table(self) -> ir.Table:
        """The relation with every column kept so far."""
        if self._pending:
            self._table = self._table.mutate(**self._pending)
            self._pending = {}
        return self._table

    def keep(self, value: ir.Value) -> str:
        """Store a value as a column and give its name."""
        self._count += 1
        name = f"v{self._count}"
        self._pending[name] = value
        return name

    def int(self, name: str) -> ir.IntegerValue:
        """A stored integer."""
        return self._column(name)

    def flag(self, name: str) -> ir.BooleanValue:
        """A stored boolean."""
        return self._column(name)

    def _column(self, name: str) -> Any:
        return self._table[name] if name in self._table.columns else self.table[name]


def _first_from(stages: Stages, since: ir.IntegerValue) -> str:
    """The first negative sampled at or after a minute, packed; NULL where there is none."""
    begin = stages.keep(sampling_from(since))
    return stages.keep(stages.table.negatives.filter(lambda x: x >= stages.table[begin]).mins())


def complete(stages: Stages, since: ir.IntegerValue, count: int, spacing: int) -> str:
    """When `count` samplings since a minute, each `spacing` apart or more, were all known; NULL if they lack."""
    first = _first_from(stages, since)
    known = stages.keep(sampling_known(stages.int(first)))
    for _ in range(count - 1):
        first = _first_from(stages, sampling_minute(stages.int(first)) + max(spacing, 1))
        later = sampling_known(stages.int(first))
        both = ibis.greatest(stages.int(known), later)
        known = stages.keep(ibis.ifelse(stages.int(first).notnull(), both, ibis.null("int64")))
    return known


def count_met(stages: Stages, schedule: Schedule, origin: str) -> str:
    """When a counted schedule became complete."""
    since = day_start(stages.int(origin) + schedule.from_day)
    return complete(stages, since, schedule.count, schedule.spacing)


def days_unmet(stages: Stages, schedule: Schedule, origin: str, waived: str, catch_up: CatchUp) -> str:
    """Whether a day is neither met, waived nor made good.

    What makes the last missed day good makes every earlier one good too: only the last one is asked for.
    """
    last: str | None = None
    for offset in schedule.days:
        day = stages.int(origin) + offset
        missed = ~stages.table.days.contains(day) & (day >= stages.int(waived))
        before = stages.int(last) if last else ibis.null("int64")
        last = stages.keep(ibis.ifelse(missed, day, before))
    if last is None:
        return stages.keep(ibis.literal(False))
    good = complete(stages, day_start(stages.int(last) + 1), catch_up.count, catch_up.spacing)
    return stages.keep(stages.int(last).notnull() & stages.int(good).isnull())


def days_met(stages: Stages, schedule: Schedule, origin: str, waived: str, catch_up: CatchUp) -> str:
    """When the last needed result of a days schedule became known, NULL while a day is unmet."""
    latest = stages.keep(ibis.null("int64"))
    lacking = stages.keep(ibis.literal(False))
    for offset in schedule.days:
        day = stages.keep(stages.int(origin) + offset)
        met = _day_met(stages, day, catch_up)
        moment = stages.int(met)
        lacks = stages.flag(lacking) | (moment.isnull() & (stages.int(day) >= stages.int(waived)))
        later = ibis.coalesce(ibis.greatest(stages.int(latest), moment), stages.int(latest), moment)
        lacking, latest = stages.keep(lacks), stages.keep(later)
    end = day_start(stages.int(origin) + max(schedule.days) + 1)
    known = ibis.coalesce(stages.int(latest), end)
    return stages.keep(ibis.ifelse(stages.flag(lacking), ibis.null("int64"), known))


def _day_met(stages: Stages, day: str, catch_up: CatchUp) -> str:
    """When the result that meets one day, or makes it good, was known."""
    begin = stages.keep(sampling_from(day_start(stages.int(day))))
    end = stages.keep(sampling_from(day_start(stages.int(day) + 1)))
    table = stages.table
    on_day = stages.keep(table.negatives.filter(lambda x: (x >= table[begin]) & (x < table[end])))
    known = stages.keep(stages.table[on_day].map(sampling_known).mins())
    good = complete(stages, day_start(stages.int(day) + 1), catch_up.count, catch_up.spacing)
    return stages.keep(ibis.coalesce(stages.int(known), stages.int(good)))


def single_known(stages: Stages) -> str:
    """The first single-tube result sampled after the record itself."""
    after = stages.keep(sampling_from(stages.table.occurred + 1))
    later = stages.keep(stages.table.singles.filter(lambda x: x >= stages.table[after]))
    return stages.keep(stages.table[later].map(sampling_known).mins())
