"""The course of one ground: its phases over time, from the evidence and tests known, by exact integer arithmetic.

A course is a list of spans. Each ground is computed alone, so that clearing one touches no other (color.md).
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from healthcode.domain.area import Area
from healthcode.domain.evidence_fields import field_day
from healthcode.domain.time import Day, Minute, day_of, day_start
from healthcode.rules.history import Fact, History
from healthcode.rules.model import EndKind, Event, Phase, Rule
from healthcode.rules.result import Span
from healthcode.rules.schedule import TestBook, count_met_at, days_met_at, unmet_days

CLOSED: Final = -1


class CannotTellError(ValueError):
    """The third answer: a rule might apply, but what it needs is missing or unreadable."""


class Course(NamedTuple):
    """One ground's life: its rule, fact, day 0 of the rule, and spans in time order.

    Test days before `waived` are waived. `others` are the courses under each ruleset that spans name, by its key.
    """

    rule: Rule
    fact: Fact
    day0: Day
    spans: tuple[Span, ...]
    waived: Day
    others: "Mapping[str, Course]" = MappingProxyType({})

    def under(self, span: Span) -> "Course":
        """The course whose numbers a span follows: this one, or that of the ruleset which the span names."""
        return self.others[span.ruleset] if span.ruleset else self

    def rule_of(self, span: Span) -> Rule:
        """The rule whose phase a span names."""
        return self.others[span.ruleset].rule if span.ruleset else self.rule


class _Inputs(NamedTuple):
    rule: Rule
    fact: Fact
    history: History
    book: TestBook
    determined: Day


_End = tuple[Minute | None, Minute | None]
"""When a phase ends (None: open), and when it begins to be held instead (None: it is not)."""


def rule_applies(rule: Rule, fact: Fact) -> bool:
    """Whether a rule speaks about a fact: every condition holds.

    One that fails decides, whatever the others are; raises CannotTellError where none fails and a field is missing.
    """
    lacking = ""
    for condition in rule.where:
        answer = condition.holds(fact.record.fields)
        if answer is None:
            lacking = condition.field
        elif not answer:
            return False
    if lacking:
        raise CannotTellError(f"{rule.id} asks for {lacking}")
    return True


def _end_days(inputs: _Inputs, phase: Phase, origin: Day, _cursor: Minute) -> _End:
    end = day_start(origin + phase.last + 1)
    schedule = phase.schedule
    if schedule is None:
        return end, None
    if schedule.days:
        held = bool(unmet_days(inputs.book, schedule, origin, inputs.determined, inputs.rule.catch_up))
    else:
        held = inputs.determined <= origin + phase.last and count_met_at(inputs.book, schedule, origin) is None
    return (None, end) if held else (end, None)


def _end_tests(inputs: _Inputs, phase: Phase, origin: Day, _cursor: Minute) -> _End:
    schedule = phase.schedule
    due = day_start(origin + phase.last + 1)
    if schedule is None:
        return due, None
    if schedule.days:
        met = days_met_at(inputs.book, schedule, origin, inputs.determined, inputs.rule.catch_up)
    else:
        met = count_met_at(inputs.book, schedule, origin)
        if met is None and inputs.determined > origin + phase.last:
            met = due
    return (met, None) if met is not None else (None, due)


def _end_field(inputs: _Inputs, phase: Phase, _origin: Day, _cursor: Minute) -> _End:
    day = field_day(inputs.fact.record.fields.get(phase.end_field))
    return (None if day is None else day_start(day + 1)), None


def _released(inputs: _Inputs, events: frozenset[Event]) -> Minute | None:
    """The first release of one of some reasons that names a record of this ground's chain."""
    releases = inputs.history.releases
    if not releases:
        return None
    moments = [at for ref in inputs.fact.chain for event, at in releases.get(ref, ()) if event in events]
    return min(moments) if moments else None


def _replaced(inputs: _Inputs) -> Minute | None:
    """When the same region spoke again about this subject."""
    record = inputs.fact.record
    order = (record.occurred, record.learned, record.id)
    region = record.fields.get("region")
    later = [
        other.learned
        for other in inputs.history.outside
        if other.fields.get("region") == region and (other.occurred, other.learned, other.id) > order
    ]
    return min(later) if later else None


def _end_event(inputs: _Inputs, phase: Phase, _origin: Day, _cursor: Minute) -> _End:
    event = phase.event
    if event is Event.single_test:
        sampled = inputs.fact.record.occurred
        known = [learned for at, learned in inputs.book.singles if at > sampled]
        return (min(known) if known else None), None
    if event is Event.replaced:
        return _replaced(inputs), None
    return (_released(inputs, frozenset({event})) if event else None), None


_ENDS: Final[dict[EndKind, Callable[[_Inputs, Phase, Day, Minute], _End]]] = {
    EndKind.days: _end_days,
    EndKind.tests: _end_tests,
    EndKind.field: _end_field,
    EndKind.event: _end_event,
}


def _phases(inputs: _Inputs, day0: Day) -> list[Span]:
    cursor = day_start(day0)
    spans: list[Span] = []
    for index, phase in enumerate(inputs.rule.phases):
        if phase.when is not None:
            wanted = phase.when.holds(inputs.fact.record.fields)
            if wanted is None:
                raise CannotTellError(f"{inputs.rule.id} asks for {phase.when.field}")
            if not wanted:
                continue
        origin = day_of(cursor) if phase.from_previous else day0
        end, hold = _ENDS[phase.end](inputs, phase, origin, cursor)
        spans.append(Span(cursor, index, False))
        if hold is not None:
            spans.append(Span(max(cursor, hold), index, True))
            return spans
        if end is None:
            return spans
        cursor = max(cursor, end)
    spans.append(Span(cursor, CLOSED, False))
    return spans


def _levels(inputs: _Inputs, areas: Sequence[Area]) -> list[Span]:
    """Spans of a rule that follows an area: the phase of the level in force, closed where none is."""
    ref = inputs.fact.record.fields.get("area")
    mine = [a for a in areas if a.id == ref]
    if not mine:
        raise CannotTellError(f"the area {ref} is not among the areas")
    index_of = {phase.level: i for i, phase in enumerate(inputs.rule.phases)}
    instants = sorted({a.from_ for a in mine} | {a.until for a in mine if a.until is not None})
    spans: list[Span] = []
    for instant in instants:
        levels = [index_of[a.level] for a in mine if a.in_force(instant) and a.level in index_of]
        worst = max(levels, key=lambda i: (inputs.rule.phases[i].severity, -i)) if levels else CLOSED
        if not spans or spans[-1].phase != worst:
            spans.append(Span(instant, worst, False))
    return spans


def course_of(
    rule: Rule, fact: Fact, history: History, book: TestBook, areas: Sequence[Area], waived: Day | None = None
) -> Course:
    """The whole course of one ground; raises CannotTellError. A course may be closed already: then nothing opens.

    Test days before the determination are waived, and those before `waived` (a switch of rulesets) where it is later.
    """
    record = fact.record
    determined = day_of(fact.determined)
    past = determined if waived is None else max(determined, waived)
    inputs = _Inputs(rule, fact, history, book, past)
    if rule.anchor == "anchor":
        if record.anchor is None:
            raise CannotTellError(f"{rule.id} needs day 0")
        day0 = record.anchor
    else:
        day0 = determined if rule.anchor == "learned" else day_of(record.occurred)
    spans = _levels(inputs, areas) if rule.follows_area else _phases(inputs, day0)
    released = _released(inputs, rule.closed_by)
    if released is not None:
        spans = [s for s in spans if s.minute < released]
        spans.append(Span(released, CLOSED, False))
    return Course(rule, fact, day0, tuple(spans), past)
