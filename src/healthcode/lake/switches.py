"""Courses led through the switches of rulesets (`spec/rule-language.md` §8): the twin of `rules.transition`."""

from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.lake.columns import MINUTE_SHIFT, Inputs, Store, as_it_is, span_from, span_severity
from healthcode.lake.fold import KEY
from healthcode.lake.parameters import Shape

_LOW = (1 << MINUTE_SHIFT) - 1
_MINUTE = 1 << MINUTE_SHIFT
_ROW: Final = (*KEY, "first_no", "answer", "spans")


def courses_led(alone: ir.Table, inputs: Inputs, shape: Shape, store: Store = as_it_is) -> ir.Table:
    """The courses as they stand after every switch; `spans` is NULL where none can tell.

    `store` is asked before each switch, so that no expression grows deeper than one.
    """
    courses = alone.filter(alone.first_no == alone.rule_no).select(*_ROW)
    for place in range(1, shape.switches + 1):
        courses = store(f"led_{place}", _switched(courses, alone, inputs, place))
    rules = inputs.rules.select("rule", r_rule=inputs.rules.rule_no)
    named = courses.join(rules, [("first_no", "r_rule")])
    untold = ibis.ifelse(named.answer.isnull(), ibis.null("array<int64>"), named.spans)
    return named.select(*KEY, "rule", spans=untold)


def _switched(courses: ir.Table, alone: ir.Table, inputs: Inputs, place: int) -> ir.Table:
    """The courses after one switch."""
    switches = inputs.switches.filter(inputs.switches["switch"] == place).drop("switch", "at_day")
    waiting = courses.left_join(switches.rename(s_first="first_no"), [("first_no", "s_first")])
    past = waiting.spans.filter(lambda x: x < span_from(waiting["at"]))
    waiting = waiting.mutate(past=past)
    opened = waiting.follows | (span_severity(waiting.past.maxs()) >= 0).fill_null(False)
    is_open = waiting["at"].notnull() & opened & waiting.spans.notnull()
    waiting = waiting.mutate(is_open=is_open)
    new = alone.select(
        n_subject="subject", n_root="root", n_first="first_no", n_rule="rule_no", new="spans", speaks="answer"
    )
    # a rule that goes on unchanged in name only has no row of its own: it is matched by number, never by name
    match = [("subject", "n_subject"), ("root", "n_root"), ("first_no", "n_first"), ("next_no", "n_rule")]
    rows = waiting.left_join(new, match)
    rows = _merged(rows)
    closed = rows.past.concat(ibis.array([span_from(rows["at"]) + rows.ended]))
    untold = rows.speaks.isnull() | (rows.speaks & rows.new.isnull())
    going = ibis.ifelse(rows.speaks, rows.past.concat(rows.merged), closed)
    led = ibis.ifelse(untold, ibis.null("array<int64>"), going)
    led = ibis.ifelse(rows.next_no.isnull(), closed, led)
    return rows.mutate(led=ibis.ifelse(rows.is_open, led.sort(), rows.spans)).select(*_ROW[:-1], spans="led")


def _merged(rows: ir.Table) -> ir.Table:
    """Spans from the switch on (`merged`): the new ones, or at each minute the milder of both; one that differs each.

    Every array stands in a column of its own, so that none is computed again within another.
    """
    old = ibis.ifelse(rows.milder, rows.spans, ibis.literal([], "array<int64>"))
    start = span_from(rows["at"])
    later = rows.new.concat(old).filter(lambda x: x >= start + _MINUTE).map(lambda x: x - (x & _LOW))
    rows = rows.mutate(minutes=ibis.array([start]).concat(later).unique())

    def chosen(minute: ir.IntegerValue) -> ir.IntegerValue:
        mine = rows.new.filter(lambda n: n < minute + _MINUTE).maxs().fill_null(rows.ended) & _LOW
        former = rows.spans.filter(lambda o: o < minute + _MINUTE).maxs().fill_null(rows.ended) & _LOW
        worse = rows.milder & (span_severity(mine) > span_severity(former))
        return minute + ibis.ifelse(worse, former, mine)

    staged = rows.mutate(every=rows.minutes.map(chosen))

    def changes(code: ir.IntegerValue) -> ir.BooleanValue:
        before = staged.every.filter(lambda b: b < code - (code & _LOW)).maxs()
        return before.isnull() | ((before & _LOW) != (code & _LOW))

    return staged.mutate(merged=staged.every.filter(changes))
