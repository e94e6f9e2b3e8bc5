"""One ground over a succession of rulesets (`spec/rule-language.md` §8).

Evidence is taken under the ruleset in force when its day 0 was determined. At each later switch a ground that is still
open goes on as the new ruleset says: `continue`, `recompute` or `end`. Nobody worsens by `recompute` unless the rule
says so: at each minute the milder of the former and the new course holds.
"""

from collections.abc import Sequence

from healthcode.domain.area import Area
from healthcode.domain.time import Minute, day_of
from healthcode.rules.ground import CLOSED, Course, course_of, rule_applies
from healthcode.rules.history import History
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Span
from healthcode.rules.schedule import TestBook
from healthcode.rules.succession import RulesetHistory, rule_find, transition_of


def course_over(
    rulesets: RulesetHistory, course: Course, history: History, book: TestBook, areas: Sequence[Area]
) -> Course:
    """A course under the ruleset of its determination, led through every later switch; raises CannotTellError."""
    first = rulesets.index_at(course.fact.determined)
    led = _tagged(course, rulesets.rulesets[first])
    for later in rulesets.rulesets[first + 1 :]:
        led = _switched(led, later, history, book, areas)
    return led


def _tagged(course: Course, ruleset: Ruleset) -> Course:
    """The course with spans that name their ruleset."""
    spans = tuple(Span(s.minute, s.phase, s.held, ruleset.key) for s in course.spans)
    return course._replace(spans=spans, others={ruleset.key: course})


def _span_before(spans: Sequence[Span], minute: Minute) -> Span | None:
    return next((s for s in reversed(spans) if s.minute < minute), None)


def _switched(course: Course, ruleset: Ruleset, history: History, book: TestBook, areas: Sequence[Area]) -> Course:
    """The course after one switch. A ground that follows an area waits for its next level and is never over."""
    switch = ruleset.from_
    before = _span_before(course.spans, switch)
    if not course.rule.follows_area and (before is None or before.phase == CLOSED):
        return course
    transition = transition_of(ruleset, course.rule.id)
    if transition.mode == "continue":
        return course
    rule = rule_find(ruleset, course.rule.id) if transition.mode == "recompute" else None
    past = tuple(s for s in course.spans if s.minute < switch)
    if rule is None or not rule_applies(rule, course.fact):
        return course._replace(spans=(*past, Span(switch, CLOSED, False, ruleset.key)))
    new = _tagged(course_of(rule, course.fact, history, book, areas, waived=day_of(switch)), ruleset)
    merged = _merged(course, new, switch, milder=not transition.may_worsen)
    return course._replace(spans=(*past, *merged), others={**course.others, **new.others})


def _at(spans: Sequence[Span], minute: Minute) -> Span | None:
    return next((s for s in reversed(spans) if s.minute <= minute), None)


def _severity(course: Course, span: Span | None) -> int:
    if span is None or span.phase == CLOSED:
        return -1
    phase = course.rule_of(span).phases[span.phase]
    return phase.hold_severity if span.held else phase.severity


def _merged(old: Course, new: Course, switch: Minute, *, milder: bool) -> list[Span]:
    """Spans from the switch on: the new ones, or at each minute the milder of both."""
    minutes = {s.minute for s in new.spans} | ({s.minute for s in old.spans} if milder else set())
    merged: list[Span] = []
    for minute in sorted({switch, *(m for m in minutes if m > switch)}):
        mine, former = _at(new.spans, minute), _at(old.spans, minute)
        chosen = former if milder and _severity(new, mine) > _severity(old, former) else mine
        span = Span(minute, CLOSED, False, new.spans[0].ruleset) if chosen is None else chosen._replace(minute=minute)
        if not merged or merged[-1][1:] != span[1:]:
            merged.append(span)
    return merged
