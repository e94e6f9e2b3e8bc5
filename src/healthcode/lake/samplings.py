"""Negative tests of everybody, as words of days and as arrays, and the questions that rules ask of them.

Most grounds need the words only: bit d is set where a negative was sampled on day d after day 0. The arrays of packed
samplings are made for the few of whom a rule asks *when* something was sampled or known.
"""

from typing import Any

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import day_of, day_start, sampling, sampling_from, sampling_known, sampling_minute
from healthcode.lake.parameters import WORD, Shape
from healthcode.rules.history import OLDEST_MINUTE

_RESULTS = ("negative", "positive", "pending", "invalid")


def tests_valid(tests: ir.Table, skew: int) -> ir.BooleanValue:
    """Whether a test can be read: a result, a pool, a sampling that is no fault."""
    result = tests.result.isin(_RESULTS).fill_null(False)
    pool = tests.pool_size.fill_null(1) >= 1
    return result & pool & (tests.occurred > OLDEST_MINUTE) & (tests.occurred <= tests.learned + skew)


NEGATIVE, SINGLE, UNREADABLE = 1, 2, -1


def test_meaning(tests: ir.Table, readable: ir.BooleanValue) -> ir.IntegerValue:
    """What a test says: NEGATIVE (it counts for schedules), + SINGLE (a tube of one person's own), 0, or UNREADABLE."""
    nucleic = tests.method.fill_null("nucleic_acid") == "nucleic_acid"
    single = (tests.pool_size.fill_null(1) == 1) & tests.result.isin(("negative", "positive"))
    told = ibis.ifelse(tests.result == "negative", NEGATIVE, 0) + ibis.ifelse(single, SINGLE, 0)
    return ibis.ifelse(~readable, UNREADABLE, ibis.ifelse(nucleic, told, 0))


def last_negatives(negatives: ir.Table) -> ir.Table:
    """The minute of each subject's last negative sampling."""
    return negatives.group_by("n_subject").agg(last_negative=negatives.occurred.max())


def test_days(negatives: ir.Table, courses: ir.Table, words: int) -> ir.Table:
    """For each subject and day 0 of a course with tests: words of days with a negative, and the last sampling."""
    asked = courses.filter(courses.tested & courses.day0.notnull())
    asked = asked.select(w_subject=asked.subject, w_day0=asked.day0).distinct()
    found = asked.join(negatives, [("w_subject", "n_subject")])
    rows = found.select(
        "w_subject",
        "w_day0",
        offset=day_of(found.occurred) - found.w_day0,
        code=sampling(found.occurred, found.learned),
    )
    columns: dict[str, Any] = {"last": rows.code.max()}
    for word in range(words):
        place = rows.offset - WORD * word
        columns[f"met{word}"] = ibis.ifelse(place.between(0, WORD - 1), _bit(place), 0).bit_or()
    return rows.group_by("w_subject", "w_day0").agg(**columns)


def books(negatives: ir.Table, subjects: ir.Table) -> ir.Table:
    """The packed negatives of some subjects (`b_subject`), in no order."""
    mine = negatives.semi_join(subjects, [negatives.n_subject == subjects.b_subject])
    rows = mine.select("n_subject", code=sampling(mine.occurred, mine.learned))
    return rows.group_by(b_subject=rows.n_subject).agg(negatives=rows.code.collect())


def _bit(place: ir.IntegerValue) -> ir.IntegerValue:
    """One bit; engines check the shift of rows that a condition leaves out too."""
    return ibis.literal(1, "int64") << place.clip(0, WORD - 1)


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
        """The relation with the columns kept so far, but for those that nobody asked for yet."""
        return self._table

    def whole(self) -> ir.Table:
        """The relation with every column kept."""
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

    def array(self, name: str) -> ir.ArrayValue:
        """A stored array."""
        return self._column(name)

    def flag(self, name: str) -> ir.BooleanValue:
        """A stored boolean."""
        return self._column(name)

    def _column(self, name: str) -> Any:
        return self.whole()[name] if name in self._pending else self._table[name]


def missed_last(stages: Stages, met: list[str], origin: str, shape: Shape) -> str:
    """The last scheduled day (counted from the origin) that is neither met nor waived; NULL where there is none.

    What makes the last missed day good makes every earlier one good too: only the last one is asked for.
    """
    words = [stages.int(name) for name in met]
    waived = stages.keep(stages.table.waived - stages.int(origin))
    lacking = []
    for word, done in enumerate(words):
        begun = (stages.int(waived) - WORD * word).clip(0, WORD)
        gone = (ibis.literal(1, "int64") << begun) - 1
        due = stages.table[f"p_due{word}"]
        lacking.append(stages.keep(due - (due & (done | gone))))
    left = [stages.int(name) for name in lacking]
    table = stages.table
    days = [table[f"p_day{i}"] for i in range(shape.days)]  # the last one first
    if not days:
        return stages.keep(ibis.null("int64"))
    return stages.keep(ibis.cases(*[(_has_day(left, day), day) for day in days], else_=ibis.null("int64")))


def _has_day(words: list[ir.IntegerValue], day: ir.IntegerValue) -> ir.BooleanValue:
    """Whether a word of days has a day; no day: no."""
    found = [(word >> (day - WORD * i).clip(0, WORD)) & 1 != 0 for i, word in enumerate(words)]
    inside = [(day >= WORD * i) & (day < WORD * (i + 1)) for i in range(len(words))]
    return ibis.or_(*[i & f for i, f in zip(inside, found, strict=True)]) if len(words) > 1 else inside[0] & found[0]


def days_from(stages: Stages, origin: str, words: int) -> list[str]:
    """The words of test days counted from another origin than day 0, out of the array."""
    begin = stages.int(origin)
    days = stages.keep(stages.table.negatives.map(lambda code: day_of(sampling_minute(code)) - begin))
    mine = [
        stages.keep(stages.array(days).filter(lambda d, w=word: (d >= WORD * w) & (d < WORD * (w + 1))).unique())
        for word in range(words)
    ]
    found = []
    for word, name in enumerate(mine):
        bits = stages.array(name).map(lambda d, w=word: ibis.literal(1, "int64") << (d - WORD * w))
        found.append(stages.keep(bits.sums().fill_null(0).cast("int64")))
    return found


def _first(negatives: ir.ArrayValue, begin: ir.IntegerValue) -> ir.IntegerValue:
    """The first negative sampled at or after a packed minute; NULL where there is none."""
    return negatives.filter(lambda x: x >= begin).mins()


def complete(stages: Stages, since: str, count: str, spacing: str, samplings: int) -> str:
    """When so many spaced samplings since a packed minute (NULL: do not ask) were all known; NULL if they lack."""
    first = stages.keep(_asked(stages, since))
    known = stages.keep(sampling_known(stages.int(first)))
    for place in range(1, samplings):
        more = stages.keep(stages.int(count) > place)
        apart = sampling_from(sampling_minute(stages.int(first)) + ibis.greatest(stages.int(spacing), 1))
        following = stages.keep(ibis.ifelse(stages.flag(more), apart, ibis.null("int64")))
        first = stages.keep(_asked(stages, following))
        later = ibis.greatest(stages.int(known), sampling_known(stages.int(first)))
        both = ibis.ifelse(stages.int(first).notnull(), later, ibis.null("int64"))
        known = stages.keep(ibis.ifelse(stages.flag(more), both, stages.int(known)))
    return known


def _asked(stages: Stages, since: str) -> ir.IntegerValue:
    """The first negative from a packed minute on, looked for only where there is one."""
    begin = stages.int(since)
    negatives = stages.table.negatives
    return ibis.ifelse(begin.notnull() & negatives.notnull(), _first(negatives, begin), ibis.null("int64"))


LACKING = 1 << 40
"""Stands for a day that nothing meets."""


def days_met(stages: Stages, days: str, origin: str, wanted: str, samplings: int) -> str:
    """When the last needed result of a days schedule became known, LACKING while a day is unmet; NULL: all waived."""
    begin_day, asked = stages.int(origin), stages.flag(wanted)
    table = stages.table

    def moment(offset: ir.IntegerValue) -> ir.IntegerValue:
        """When the result that meets one day, or makes it good, was known."""
        day = begin_day + offset
        begin, end = sampling_from(day_start(day)), sampling_from(day_start(day + 1))
        on_day = table.negatives.filter(lambda x: (x >= begin) & (x < end)).map(sampling_known).mins()
        lack = ibis.ifelse(day >= table.waived, LACKING, -LACKING)
        return ibis.coalesce(on_day, _made_good(table, end, samplings), lack)

    moments = ibis.ifelse(asked, table[days].map(moment), ibis.null("array<int64>"))
    latest = stages.keep(moments.maxs())
    return stages.keep(stages.int(latest).nullif(-LACKING))


def _made_good(table: ir.Table, since: ir.IntegerValue, samplings: int) -> ir.IntegerValue:
    """The catch-up of a rule from a packed minute on, as one expression within an array's own."""
    first = _first(table.negatives, since)
    known = sampling_known(first)
    spacing = ibis.greatest(table.catch_spacing, 1)
    for place in range(1, samplings):
        first = _first(table.negatives, sampling_from(sampling_minute(first) + spacing))
        both = ibis.ifelse(first.notnull(), ibis.greatest(known, sampling_known(first)), ibis.null("int64"))
        known = ibis.ifelse(table.catch_count > place, both, known)
    return known
