"""Spans of a rule that follows areas: computed once per area, the same for all who live or stay there."""

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import CLOSED_ORDINAL, span_constant, span_from
from healthcode.lake.notices import phase_constant
from healthcode.rules.model import Rule, Ruleset


def _ranks(rule: Rule) -> dict[str, int]:
    """Of each level that the rule knows how it ranks: by severity, then the earlier phase."""
    return {p.level: p.severity * 16 + 15 - i for i, p in enumerate(rule.phases)}


def area_spans(areas: ir.Table, rule: Rule, ruleset: Ruleset, place: int) -> ir.Table:
    """For each area the array of spans in which it has a level that the rule knows, closed where it has none."""
    instants = ibis.union(
        areas.select("area", t=areas.from_),
        areas.filter(areas.until.notnull()).select("area", t=areas.until),
        distinct=True,
    )
    held = areas.select(
        a_area=areas.area,
        a_from=areas.from_,
        a_until=areas.until,
        rank=areas.level.cases(*_ranks(rule).items(), else_=ibis.null("int64")),
    )
    joined = instants.left_join(
        held,
        [
            instants.area == held.a_area,
            held.a_from <= instants.t,
            held.a_until.isnull() | (instants.t < held.a_until),
        ],
    )
    worst = joined.group_by("area", "t").agg(rank=joined["rank"].max().fill_null(-1))
    order = ibis.window(group_by=worst.area, order_by=worst.t)
    worst = worst.mutate(before=worst["rank"].lag().over(order))
    changes = worst.filter(worst.before.isnull() | (worst.before != worst["rank"]))
    constants = {
        _ranks(rule)[p.level]: phase_constant(rule, ruleset, i, place, held=False) for i, p in enumerate(rule.phases)
    }
    closed = span_constant(CLOSED_ORDINAL, place, -1, 0)
    coded = changes.select("area", code=span_from(changes.t) + changes["rank"].cases(*constants.items(), else_=closed))
    return coded.group_by(a_area=coded.area).agg(area_spans=coded.code.collect())
