"""The color of everybody: color = worst( open grounds ), as one expression over the tables of `columns.Inputs`.

`population_plan` compiles a ruleset for one instant. Nothing runs here: `engine.Run` executes the expressions.
"""

from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.domain.color import ABSENT_STATE, UNKNOWN_STATE
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import Minute
from healthcode.lake.columns import (
    CLOSED_ORDINAL,
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
from healthcode.lake.courses import KEY
from healthcode.lake.facts import Known, known_at
from healthcode.lake.switches import rule_courses
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import Rules, RulesetHistory, ruleset_at

TRANSITIONS: Final = 3
_GROUND: Final = (*KEY, "rule", "spans")


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """The expressions of one run.

    `courses`: (subject, rule, root, id, …, spans) of every ground, closed ones too. What follows from them is asked by
    method, so that it can also follow from a stored copy.
    """

    ruleset: Ruleset
    now: Minute
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

    def steps(self, courses: ir.Table, unclear: ir.Table) -> ir.Table:
        """The timeline of everybody who has a ground: (subject, minute, state, notices), the answer now first."""
        spans = _intervals(courses, self.now)
        times = spans.select(t_subject=spans.subject, t=spans.minute).distinct()
        pairs = times.join(spans, [("t_subject", "subject")])
        pairs = pairs.filter(pairs.minute <= pairs.t, pairs.t < pairs.following)
        worst = pairs.group_by(w_subject=pairs.t_subject, minute=pairs.t).agg(
            severity=pairs.severity.max(), notices=pairs.notices.bit_or()
        )
        base = self._base(unclear)
        joined = base.join(worst, [("subject", "w_subject")])
        states = joined.mutate(state=self._state(joined))
        order = ibis.window(group_by=states.subject, order_by=states.minute)
        seen = states.mutate(last_state=states.state.lag().over(order), last_notices=states.notices.lag().over(order))
        changed = (seen.state != seen.last_state) | (seen.notices != seen.last_notices)
        return seen.filter(seen.last_state.isnull() | changed).select("subject", "minute", "state", "notices")

    def people(self, steps: ir.Table, unclear: ir.Table) -> ir.Table:
        """Everybody's record: state and notices now, up to three transitions, how many there are, test and doses."""
        order = ibis.window(group_by=steps.subject, order_by=steps.minute)
        placed = steps.mutate(place=ibis.row_number().over(order))
        columns = {"later": placed.count() - 1}
        for place in range(TRANSITIONS + 1):
            for name in ("minute", "state", "notices"):
                columns[f"{name}_{place}"] = placed[name].max(where=placed.place == place)
        wide = placed.group_by(p_subject=placed.subject).agg(**columns)
        base = self._base(unclear)
        known = self.known
        joined = base.left_join(wide, [("subject", "p_subject")])
        joined = joined.left_join(known.last_negatives, [("subject", "n_subject")])
        joined = joined.left_join(known.doses, [("subject", "d_subject")])
        rest = [f"{name}_{place}" for place in range(1, TRANSITIONS + 1) for name in ("minute", "state", "notices")]
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
        plain = ibis.ifelse(joined.holds_code, self.ruleset.colors.default.state, ABSENT_STATE)
        return joined.select("subject", base=ibis.ifelse(joined.u_subject.notnull(), UNKNOWN_STATE, plain))

    def _state(self, rows: ir.Table) -> ir.IntegerValue:
        """The table state of a severity: of a color worse than the default, otherwise the base answer."""
        colors = self.ruleset.colors
        states = [(c.severity, c.state) for c in colors.definitions if c.severity > colors.default.severity]
        if not states:
            return rows.base
        return rows.severity.cases(*states, else_=rows.base)


def _at(courses: ir.Table, now: Minute) -> ir.IntegerValue:
    """The span in force at `now`, NULL before the first."""
    return courses.spans.filter(lambda x: x < span_from(now + 1)).maxs()


def _intervals(courses: ir.Table, now: Minute) -> ir.Table:
    """Each ground from `now` on as (subject, minute, following, severity, notices), closed stretches too."""
    rows = courses.select("subject", "rule", "root", "spans", at=_at(courses, now))
    closed = span_constant(CLOSED_ORDINAL, 0, -1, 0)
    begin = ibis.ifelse(rows["at"].isnull(), closed, rows["at"] & ((1 << 33) - 1)) + span_from(now)
    later = rows.spans.filter(lambda x: x >= span_from(now + 1))
    codes = rows.select("subject", "rule", "root", codes=ibis.array([begin]).concat(later))
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


def population_plan(inputs: Inputs, rules: Rules, now: Minute, store: Store = as_it_is) -> PopulationPlan:
    """Compile a ruleset, or a history of rulesets with its switches, for everybody at one instant.

    `store` may keep intermediate results; without it everything stays one expression.
    """
    known = known_at(inputs, now, store)
    history = RulesetHistory.of([rules]) if isinstance(rules, Ruleset) else rules
    courses = [
        rule_courses(
            rule,
            place,
            history,
            known.positives if rule.evidence is EvidenceKind.test else known.facts,
            inputs.areas,
            store,
        )
        for place, ruleset in enumerate(history.rulesets)
        for rule in ruleset.rules
    ]
    return PopulationPlan(
        ruleset=ruleset_at(rules, now),
        now=now,
        subjects=inputs.subjects,
        known=known,
        courses=ibis.union(*courses) if len(courses) > 1 else courses[0],
    )
