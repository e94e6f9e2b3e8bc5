"""The color of everybody: color = worst( open grounds ), as one expression over the tables of `columns.Inputs`.

`population_plan` makes the expressions for one instant. Nothing runs here: `engine.Run` executes them.
"""

from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.domain.color import ABSENT_STATE, UNKNOWN_STATE
from healthcode.lake.columns import (
    CLOSED_ORDINAL,
    MINUTE_SHIFT,
    Inputs,
    Store,
    as_it_is,
    span_constant,
    span_from,
    span_minute,
    span_notices,
    span_ordinal,
    span_place,
    span_severity,
)
from healthcode.lake.courses import courses_alone
from healthcode.lake.facts import Known, known_at
from healthcode.lake.fold import KEY
from healthcode.lake.parameters import Shape
from healthcode.lake.samplings import last_negatives
from healthcode.lake.switches import courses_led

TRANSITIONS: Final = 3
_GROUND: Final = (*KEY, "rule", "spans")
_LOW: Final = (1 << MINUTE_SHIFT) - 1
_STATE: Final = 16
LONGEST: Final = 8
"""Spans of one ground that are compared place by place; who has a longer one goes with those who have several."""
_PLACES: Final = range(LONGEST)
_STEP: Final = ("minute", "state", "notices")


@dataclass(frozen=True, slots=True)
class Timelines:
    """`alone`: who has one ground, with the array of spans that say something new (`steps`).

    `crowd`: who has several, a row for each step.
    """

    shape: Shape
    alone: ir.Table
    crowd: ir.Table

    def steps(self) -> ir.Table:
        """The timeline of everybody who has a ground: (subject, minute, state, notices), the answer now first."""
        rows = self.alone.select("subject", "base", step=self.alone.steps.unnest())
        return ibis.union(rows.select("subject", **self._parts(rows.step, rows.base)), self.crowd)

    def touched(self) -> ir.Table:
        """The records of those who have a ground: state and notices now, three transitions, how many there are."""
        order = ibis.window(group_by=self.crowd.subject, order_by=self.crowd.minute)
        placed = self.crowd.mutate(place=ibis.row_number().over(order))
        crowded = {"later": placed.count() - 1}
        single = {"later": self.alone.steps.length() - 1}
        for place in range(TRANSITIONS + 1):
            step = self.alone.steps[ibis.least(place, single["later"])]
            there = ibis.ifelse(single["later"] >= place, step, ibis.null("int64"))
            for name, value in self._parts(there, self.alone.base).items():
                crowded[f"{name}_{place}"] = placed[name].max(where=placed.place == place)
                single[f"{name}_{place}"] = value
        together = placed.group_by(p_subject=placed.subject).agg(**crowded)
        return ibis.union(self.alone.select(p_subject=self.alone.subject, **single), together)

    def _parts(self, step: ir.IntegerValue, base: ir.IntegerValue) -> dict[str, ir.IntegerValue]:
        """Minute, state and notices of a step; all NULL where it is."""
        state = ibis.ifelse(step.notnull(), state_of(self.shape, span_severity(step), base), ibis.null("int64"))
        return {"minute": span_minute(step), "state": state.cast("int64"), "notices": span_notices(step)}


def state_of(shape: Shape, severity: ir.IntegerValue, base: ir.IntegerValue) -> ir.IntegerValue:
    """The table state of a severity: of a color worse than the default, otherwise the base answer."""
    return severity.cases(*shape.colors, else_=base) if shape.colors else base


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """The expressions of one run.

    `courses`: (subject, rule, root, id, …, spans) of every ground, closed ones too. What follows from them is asked by
    method, so that it can also follow from a stored copy.
    """

    shape: Shape
    now: ir.IntegerValue
    subjects: ir.Table
    known: Known
    courses: ir.Table

    def unclear(self, courses: ir.Table) -> ir.Table:
        """The subjects of whom something cannot be told: a record, or a rule about it."""
        untold = courses.filter(courses.spans.isnull()).select("subject")
        return ibis.union(self.known.unclear, untold, distinct=True)

    def grounds(self, courses: ir.Table) -> ir.Table:
        """The open grounds at `now`: phase as ordinal, when it began, what comes next, and how it ends."""
        spans = courses.spans
        last = spans.maxs()
        past = spans.filter(lambda x: x < span_from(self.now + 1))
        rows = courses.mutate(
            at=past.maxs(),
            closed=past.filter(lambda x: span_severity(x) < 0).maxs(),
            next_change=span_minute(spans.filter(lambda x: x >= span_from(self.now + 1)).mins()),
            until=ibis.ifelse(span_severity(last) < 0, span_minute(last), ibis.null("int64")),
        )
        rows = rows.mutate(closed=rows.closed.fill_null(0))
        rows = rows.mutate(opened=rows.spans.filter(lambda x: x > rows.closed).mins())
        rows = rows.filter(rows["at"].notnull() & (span_severity(rows["at"]) >= 0))
        return rows.select(
            *_GROUND,
            "next_change",
            "until",
            ordinal=span_ordinal(rows["at"]),
            place=span_place(rows["at"]),
            severity=span_severity(rows["at"]),
            notices=span_notices(rows["at"]),
            since=ibis.greatest(rows.first_learned, span_minute(rows.opened)),
            phase_since=ibis.greatest(rows.first_learned, span_minute(rows["at"])),
        )

    def timelines(self, courses: ir.Table, unclear: ir.Table, store: Store = as_it_is) -> "Timelines":
        """The timelines of everybody who has a ground."""
        codes = store("codes", _codes(courses, self.now))
        crowded = codes.group_by("subject").agg(grounds=codes.count(), longest=codes.codes.length().max())
        crowded = crowded.filter((crowded.grounds > 1) | (crowded.longest > LONGEST)).select("subject")
        crowded = store("crowded", crowded)
        base = self._base(unclear)
        single = codes.anti_join(crowded, "subject").join(base.rename(w_subject="subject"), [("subject", "w_subject")])
        return Timelines(
            self.shape,
            store("alone_steps", self._alone(single)),
            store("crowd_steps", self._together(codes.semi_join(crowded, "subject"), base)),
        )

    def _alone(self, codes: ir.Table) -> ir.Table:
        """Of those with one ground, the majority: its spans are the steps, where state or notices differ."""
        null = ibis.null("int64")
        last = codes.codes.length() - 1
        # written out place by place: an array's own functions cost ten times as much, for millions of short ones
        rows = codes.select(
            *("subject", "base"),
            **{f"c{i}": ibis.ifelse(last >= i, codes.codes[ibis.least(i, last)], null) for i in range(LONGEST)},
            **{f"c{LONGEST}": null},
        )
        lasting = {f"e{i}": ibis.ifelse(_lasts(rows[f"c{i}"], rows[f"c{i + 1}"]), rows[f"c{i}"], null) for i in _PLACES}
        rows = rows.mutate(**lasting)
        rows = rows.mutate(**{f"k{i}": self._said(rows[f"e{i}"]) for i in _PLACES})
        kept = []
        for i in _PLACES:
            before = ibis.coalesce(*[rows[f"k{j}"] for j in range(i - 1, -1, -1)], null)
            kept.append(ibis.ifelse(before.isnull() | (before != rows[f"k{i}"]), rows[f"e{i}"], null))
        return rows.select("subject", "base", steps=ibis.array(kept).filter(lambda x: x.notnull()))

    def _said(self, code: ir.IntegerValue) -> ir.IntegerValue:
        """What a span says: a color worse than the default, and notices; NULL where it is."""
        least = min((severity for severity, _ in self.shape.colors), default=1 << 7)
        severity = span_severity(code)
        return (ibis.ifelse(severity < least, 0, severity + 1) << _STATE) + span_notices(code)

    def _together(self, codes: ir.Table, base: ir.Table) -> ir.Table:
        """Of those with several: at each instant the worst of them, and the notices of all."""
        spans = _intervals(codes)
        times = spans.select(t_subject=spans.subject, t=spans.minute).distinct()
        pairs = times.join(spans, [("t_subject", "subject")])
        pairs = pairs.filter(pairs.minute <= pairs.t, pairs.t < pairs.following)
        worst = pairs.group_by(w_subject=pairs.t_subject, minute=pairs.t).agg(
            severity=pairs.severity.max(), notices=pairs.notices.bit_or()
        )
        joined = worst.join(base, [("w_subject", "subject")])
        states = joined.mutate(state=state_of(self.shape, joined.severity, joined.base).cast("int64"))
        order = ibis.window(group_by=states.subject, order_by=states.minute)
        seen = states.mutate(last_state=states.state.lag().over(order), last_notices=states.notices.lag().over(order))
        changed = (seen.state != seen.last_state) | (seen.notices != seen.last_notices)
        return seen.filter(seen.last_state.isnull() | changed).select("subject", *_STEP)

    def people(self, touched: ir.Table, unclear: ir.Table) -> ir.Table:
        """Everybody's record: that of `touched`, last negative and doses."""
        base = self._base(unclear)
        known = self.known
        joined = base.left_join(touched, [("subject", "p_subject")])
        joined = joined.left_join(last_negatives(known.negatives), [("subject", "n_subject")])
        joined = joined.left_join(known.doses, [("subject", "d_subject")])
        rest = [f"{name}_{place}" for place in range(1, TRANSITIONS + 1) for name in _STEP]
        return joined.select(
            "subject",
            "last_negative",
            *rest,
            state=ibis.coalesce(joined.state_0, joined.base),
            notices=joined.notices_0.fill_null(0),
            later=joined.later.fill_null(0),
            doses=joined.doses.fill_null(0),
        )

    def _base(self, unclear: ir.Table) -> ir.Table:
        """The answer of each subject without any ground worse than the default color."""
        told = unclear.select(u_subject=unclear.subject)
        joined = self.subjects.left_join(told, [("subject", "u_subject")])
        plain = ibis.ifelse(joined.holds_code, self.shape.default_state, ABSENT_STATE)
        return joined.select("subject", base=ibis.ifelse(joined.u_subject.notnull(), UNKNOWN_STATE, plain))


def _lasts(code: ir.IntegerValue, following: ir.IntegerValue) -> ir.BooleanValue:
    """Whether a span lasts for some time: one that the next follows in the same minute does not."""
    return following.isnull() | ((following >> MINUTE_SHIFT) != (code >> MINUTE_SHIFT))


def _codes(courses: ir.Table, now: ir.IntegerValue) -> ir.Table:
    """Each ground that says something from `now` on, as the array of its spans, the one in force now first."""
    closed = span_constant(CLOSED_ORDINAL, 0, -1, 0)
    rows = courses.select(
        *("subject", "rule", "root"),
        at=courses.spans.filter(lambda x: x < span_from(now + 1)).maxs(),
        later=courses.spans.filter(lambda x: x >= span_from(now + 1)),
    )
    begin = ibis.ifelse(rows["at"].isnull(), closed, rows["at"] & _LOW) + span_from(now)
    rows = rows.filter((span_severity(rows["at"]) >= 0).fill_null(False) | (rows.later.length() > 0))
    return rows.select("subject", "rule", "root", codes=ibis.array([begin]).concat(rows.later))


def _intervals(codes: ir.Table) -> ir.Table:
    """Spans as (subject, minute, following, severity, notices), closed stretches too."""
    spans = codes.select("subject", "rule", "root", code=codes.codes.unnest())
    order = ibis.window(group_by=[spans.subject, spans.rule, spans.root], order_by=spans.code)
    spans = spans.mutate(next_code=spans.code.lead().over(order))
    return spans.select(
        "subject",
        minute=span_minute(spans.code),
        following=span_minute(spans.next_code).fill_null(1 << 27),
        severity=span_severity(spans.code),
        notices=span_notices(spans.code),
    )


def population_plan(inputs: Inputs, shape: Shape, now: ir.IntegerValue, store: Store = as_it_is) -> PopulationPlan:
    """The plan of a shape at one instant; `inputs` hold the parameters of the rulesets.

    `store` may keep intermediate results; without it everything stays one expression.
    """
    known = known_at(inputs, now, store)
    courses = courses_led(courses_alone(inputs, known, shape, store), inputs, shape, store)
    return PopulationPlan(shape, now, inputs.subjects, known, courses)
