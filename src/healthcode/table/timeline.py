"""From a timeline of any length to the three transitions that a record holds: never greener at any minute.

Notices are cut first (a notice is shown somewhat longer than needed), colors last: the rest of the timeline after the
second transition becomes its worst state.
"""

from collections.abc import Sequence
from typing import NamedTuple

from healthcode.domain.time import Minute
from healthcode.table.record import LAST_MINUTE, TRANSITIONS, Record, Severity, Transition


class Cut(NamedTuple):
    """The steps that remain, and the minute from which they may be worse than the truth (None: nowhere)."""

    steps: tuple[Transition, ...]
    exact_until: Minute | None


def timeline_cut(timeline: Sequence[Transition], *, severity: Severity) -> Cut:
    """Return at most four steps (the present one and three transitions) that are never greener than `timeline`.

    `timeline` begins with the present state and ascends by minute; raises `ValueError` otherwise. Where the result is
    not exact, whoever keeps the record must build it again before `exact_until`.
    """
    minutes = [step.minute for step in timeline]
    if not timeline or minutes != sorted(set(minutes)):
        raise ValueError("a timeline begins with the present state and ascends by minute")
    steps = _without_repeats(timeline)
    exact_until: Minute | None = None
    while len(steps) > TRANSITIONS + 1:
        at = _last_notice_change(steps)
        if at is None:
            break
        exact_until = min(exact_until or LAST_MINUTE, steps[at - 1].minute)
        steps[at - 1 : at + 1] = [_merged(steps[at - 1], steps[at])]
        steps = _without_repeats(steps)
    if len(steps) > TRANSITIONS + 1:
        kept, rest = steps[:TRANSITIONS], steps[TRANSITIONS:]
        worst = max(rest, key=lambda step: severity(step.state))
        tail = Transition(rest[0].minute, worst.state, _notices_of(rest))
        exact_until = min(exact_until or LAST_MINUTE, rest[1 if tail == rest[0] else 0].minute)
        steps = _without_repeats([*kept, tail])
    return Cut(tuple(steps), exact_until)


def record_build(
    timeline: Sequence[Transition],
    *,
    version: int,
    generation: int,
    severity: Severity,
    doses: int = 0,
    last_negative: Minute | None = None,
) -> Record:
    """Return the record of a subject whose present state is `timeline[0]` and whose future is the rest."""
    first, *rest = timeline_cut(timeline, severity=severity).steps
    return Record(
        state=first.state,
        doses=min(doses, 15),
        notices=first.notices,
        generation=generation,
        last_negative=last_negative,
        version=version,
        transitions=tuple(rest),
    )


def _without_repeats(steps: Sequence[Transition]) -> list[Transition]:
    kept = [steps[0]]
    for step in steps[1:]:
        if (step.state, step.notices) != (kept[-1].state, kept[-1].notices):
            kept.append(step)
    return kept


def _last_notice_change(steps: Sequence[Transition]) -> int | None:
    """The latest step that changes notices only; the present state's end may be merged away too."""
    for at in range(len(steps) - 1, 0, -1):
        if steps[at].state == steps[at - 1].state:
            return at
    return None


def _merged(first: Transition, second: Transition) -> Transition:
    return Transition(first.minute, first.state, first.notices | second.notices)


def _notices_of(steps: Sequence[Transition]) -> int:
    together = 0
    for step in steps:
        together |= step.notices
    return together
