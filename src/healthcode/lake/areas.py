"""Spans of the rules that follow areas: computed once per area, the same for all who live or stay there."""

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import MINUTE_SHIFT, Inputs, span_from

_CONSTANT = (1 << MINUTE_SHIFT) - 1


def area_spans(inputs: Inputs) -> ir.Table:
    """For each such rule and area the array of spans: the worst level that the rule knows, closed where it has none."""
    areas = inputs.areas
    instants = ibis.union(
        areas.select("area", t=areas.from_),
        areas.filter(areas.until.notnull()).select("area", t=areas.until),
        distinct=True,
    )
    followers = inputs.rules.filter(inputs.rules.follows_area).select("rule_no", "closed")
    wanted = instants.cross_join(followers)
    levels = inputs.levels.select(
        v_rule=inputs.levels.rule_no, v_level=inputs.levels.level, ranked=inputs.levels.ranked
    )
    held = areas.join(levels, [("level", "v_level")])
    held = held.select("v_rule", "ranked", a_area=held.area, a_from=held.from_, a_until=held.until)
    joined = wanted.left_join(
        held,
        [
            wanted.area == held.a_area,
            wanted.rule_no == held.v_rule,
            held.a_from <= wanted.t,
            held.a_until.isnull() | (wanted.t < held.a_until),
        ],
    )
    worst = joined.group_by("area", "rule_no", "closed", "t").agg(ranked=joined.ranked.max().fill_null(-1))
    order = ibis.window(group_by=[worst.area, worst.rule_no], order_by=worst.t)
    worst = worst.mutate(before=worst.ranked.lag().over(order))
    changes = worst.filter(worst.before.isnull() | (worst.before != worst.ranked))
    what = ibis.ifelse(changes.ranked < 0, changes.closed, changes.ranked & _CONSTANT)
    coded = changes.select("area", "rule_no", code=span_from(changes.t) + what)
    return coded.group_by(a_area=coded.area, a_rule=coded.rule_no).agg(area_spans=coded.code.collect().sort())
