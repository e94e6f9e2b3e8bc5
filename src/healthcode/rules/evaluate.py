"""color = worst( open grounds( evidence, areas, ruleset, now ) ): the pure function, for one subject.

Invariants: total over arbitrary evidence (it never raises; what cannot be read makes the answer `unknown` unless a
known ground is worse than the default); never green by default; a ground is computed without looking at any other;
the timeline holds every instant after `now` at which color or notices change if nothing new is learned.
"""

from collections.abc import Sequence

from healthcode.domain.area import Area
from healthcode.domain.color import ABSENT, UNKNOWN
from healthcode.domain.evidence import Evidence
from healthcode.domain.evidence_fields import field_day
from healthcode.domain.time import Day, Minute, day_of, day_start
from healthcode.rules.ground import CLOSED, CannotTellError, Course, course_of, rule_applies
from healthcode.rules.history import History, history_read
from healthcode.rules.model import EndKind, Phase, Ruleset
from healthcode.rules.result import Evaluation, Ground, Notice, Span, Step, Unclear
from healthcode.rules.sampling import samplings_due
from healthcode.rules.schedule import TestBook
from healthcode.rules.succession import Rules, RulesetHistory, ruleset_at, ruleset_last
from healthcode.rules.transition import course_over

_UNREADABLE = (AttributeError, TypeError, ValueError, KeyError, OverflowError)


def evaluate(
    evidence: Sequence[Evidence], areas: Sequence[Area], rules: Rules, now: Minute, *, holds_code: bool
) -> Evaluation:
    """The answer at `now` (minutes) for one subject: color, open grounds, notices, timeline. Never raises.

    `areas` must hold every area that the evidence names, with all levels it had; a missing one makes the answer
    `unknown`. `holds_code`: whether the person has a code; without one and without a ground the answer is `absent`.
    `rules` is one ruleset, or the history of a region's rulesets: then open grounds are led through every switch, and
    the timeline already holds the switches to come.
    """
    ruleset = ruleset_at(rules, now)
    history = history_read(evidence, now)
    book = history.book()
    courses = _courses(history, book, areas, rules)
    severity = {c.id: c.severity for c in ruleset.colors.definitions}
    base = _base(ruleset, history, holds_code)
    color, notices = _answer(courses, now, base, severity)
    grounds = tuple(g for c in courses if (g := _ground(c, book, now)) is not None)
    reviews = [g.review for g in grounds if g.review is not None]
    return Evaluation(
        ruleset=ruleset.id,
        version=ruleset.version,
        now=now,
        color=color,
        grounds=grounds,
        notices=_notices(notices, grounds),
        timeline=_timeline(courses, now, base, severity, (color, notices)),
        next_review=min(reviews) if reviews else None,
        unclear=tuple(history.unclear),
        last_negative=history.last_negative,
        doses=history.doses,
    )


def _courses(history: History, book: TestBook, areas: Sequence[Area], rules: Rules) -> list[Course]:
    courses: list[Course] = []
    for fact in history.facts:
        alone = rules if isinstance(rules, Ruleset) else rules.at(fact.determined)
        for rule in alone.by_kind.get(fact.record.kind, ()):
            try:
                if rule_applies(rule, fact):
                    course = course_of(rule, fact, history, book, areas)
                    if isinstance(rules, RulesetHistory):
                        course = course_over(rules, course, history, book, areas)
                    courses.append(course)
            except CannotTellError as error:
                history.unclear.append(Unclear(fact.root, str(error)))
            except _UNREADABLE:
                history.unclear.append(Unclear(fact.root, f"{rule.id} cannot read it"))
    if len(courses) > 1:
        courses.sort(key=lambda c: (c.rule.id, c.fact.root))  # evidence is a set: its order must not show
    return courses


def _base(ruleset: Ruleset, history: History, holds_code: bool) -> str:
    """The answer without any ground worse than the default color."""
    if history.unclear:
        return UNKNOWN
    return ruleset.colors.default.id if holds_code else ABSENT


def _span_at(spans: Sequence[Span], now: Minute) -> Span | None:
    """The span in force, None before the first and after the close."""
    found: Span | None = None
    for span in spans:
        if span.minute > now:
            break
        found = span
    return None if found is None or found.phase == CLOSED else found


def _opened(spans: Sequence[Span], now: Minute) -> Minute:
    """When the open stretch around `now` began: a ground that follows an area may have been closed in between."""
    opened: Minute | None = None
    for span in spans:
        if span.minute > now:
            break
        opened = None if span.phase == CLOSED else span.minute if opened is None else opened
    return now if opened is None else opened


def _answer(courses: Sequence[Course], now: Minute, base: str, severity: dict[str, int]) -> tuple[str, tuple[str, ...]]:
    """Worst color among the open grounds at an instant, and the union of their notices."""
    color, worst = base, severity.get(base, min(severity.values()))
    notices: tuple[str, ...] = ()
    for course in courses:
        span = _span_at(course.spans, now)
        if span is None:
            continue
        phase = course.rule_of(span).phases[span.phase]
        value = phase.hold_severity if span.held else phase.severity
        if value > worst:
            worst, color = value, phase.hold_color if span.held else phase.color
        for notice in _span_notices(course, span):
            if notice not in notices:
                notices = (*notices, notice)
    return color, tuple(sorted(notices)) if len(notices) > 1 else notices


def _span_notices(course: Course, span: Span) -> tuple[str, ...]:
    rule = course.rule_of(span)
    if not span.held:
        return rule.phases[span.phase].notices
    return (rule.hold_notice,) if rule.hold_notice else ()


def _timeline(
    courses: Sequence[Course],
    now: Minute,
    base: str,
    severity: dict[str, int],
    current: tuple[str, tuple[str, ...]],
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for minute in sorted({s.minute for c in courses for s in c.spans if s.minute > now}):
        answer = _answer(courses, minute, base, severity)
        if answer[0] != current[0] or set(answer[1]) != set(current[1]):
            steps.append(Step(minute, answer[0], answer[1]))
            current = answer
    return tuple(steps)


def _ground(course: Course, book: TestBook, now: Minute) -> Ground | None:
    """The open ground of a course at `now`, or None."""
    span = _span_at(course.spans, now)
    if span is None:
        return None
    current, fact = course.under(span), course.fact
    rule = current.rule
    phase = rule.phases[span.phase]
    last = course.spans[-1]
    due = samplings_due(current, span, book, day_of(now))
    return Ground(
        key=f"{rule.id}:{fact.root}",
        rule=rule.id,
        evidence=fact.root,
        record=fact.record.id,
        phase=phase.id,
        color=phase.hold_color if span.held else phase.color,
        held=span.held,
        pending=span.held and {s.status for s in due if s.phase == phase.id} == {"pending"},
        since=max(fact.first_learned, _opened(course.spans, now)),
        phase_since=max(fact.first_learned, span.minute),
        next_change=next((s.minute for s in course.spans if s.minute > now), None),
        until=last.minute if last.phase == CLOSED else None,
        planned_end=_planned_end(course, span),
        review=_review(course, span, phase),
        county=fact.record.county,
        spans=course.spans,
        tests_due=due,
        notices=_span_notices(course, span),
        ruleset=span.ruleset,
    )


def _planned_end(course: Course, span: Span) -> Minute | None:
    """When the ground closes if every sampling still due is done and negative; None where an event decides."""
    last = course.spans[-1]
    if last.phase == CLOSED:
        return last.minute
    if span.held:
        return None
    current = course.under(span)
    ends = [_planned_day(current, p) for p in current.rule.phases if _in_course(current, p)]
    known = [end for end in ends if end is not None]
    return day_start(max(known) + 1) if known and len(known) == len(ends) else None


def _in_course(course: Course, phase: Phase) -> bool:
    return phase.when is None or phase.when.holds(course.fact.record.fields) is True


def _planned_day(course: Course, phase: Phase) -> Day | None:
    """The last day of a phase, None where an event decides."""
    if phase.end is EndKind.field:
        return field_day(course.fact.record.fields.get(phase.end_field))
    timed = phase.end in (EndKind.days, EndKind.tests) and not phase.from_previous
    return course.day0 + phase.last if timed else None


def _review(course: Course, span: Span, phase: Phase) -> Minute | None:
    """The alarm of a span without a date: days after it began or was last confirmed."""
    open_end = span == course.spans[-1] and (span.held or phase.end in (EndKind.event, EndKind.field, EndKind.area))
    if not open_end:
        return None
    return day_start(day_of(max(span.minute, course.fact.record.learned)) + phase.review_days)


def _notices(ids: tuple[str, ...], grounds: Sequence[Ground]) -> tuple[Notice, ...]:
    """The notices shown, each with the grounds that say so and the latest instant at which one of them changes."""
    notices: list[Notice] = []
    for notice in ids:
        mine = [g for g in grounds if notice in g.notices]
        ends = [g.next_change for g in mine]
        known = [end for end in ends if end is not None]
        notices.append(
            Notice(notice, max(known) if len(known) == len(ends) and known else None, tuple(g.key for g in mine))
        )
    return tuple(notices)


def record_steps(evaluation: Evaluation, rules: Rules) -> list[tuple[Minute, int, int]]:
    """The timeline for the color table: (minute, state, notice bits) from `now` on, the answer now first."""
    ruleset = ruleset_last(rules)
    ids = tuple(n.id for n in evaluation.notices)
    steps = [(evaluation.now, ruleset.colors.state(evaluation.color), ruleset.notice_bits(ids))]
    steps.extend((s.minute, ruleset.colors.state(s.color), ruleset.notice_bits(s.notices)) for s in evaluation.timeline)
    return steps
