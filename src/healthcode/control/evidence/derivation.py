"""From evidence to the answer: architecture.md, "Life of a code", step 2. The only writer of `subject_state`.

Invariants: the touched states are locked in ascending order of number *before* their evidence is read, so that of two
racing acts the later one sees what the earlier one recorded; a version never goes back; a decision, its audit event,
its pending leaf and the outbox rows stand in the transaction of the act that caused them, or not at all.
If we die before that transaction commits, nothing happened; after it, the relay sends what the outbox holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from django.db import connection
from procrastinate.contrib.django import app

from healthcode.control.areas.reading import areas_of
from healthcode.control.bridge.services import publish
from healthcode.control.evidence.answers import Answer, Derived, State, answer_derive
from healthcode.control.evidence.ids import ids_make
from healthcode.control.evidence.notes import no_grounds_note, offices_of
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.evidence.rows import array, chunks
from healthcode.control.evidence.shapes import NOTHING, Shape, shapes_of
from healthcode.control.evidence.writing import decisions_record, states_write
from healthcode.control.rulesets.reading import Known, rules_known
from healthcode.domain.time import instant_of, minute_of
from healthcode.rules.evaluate import evaluate
from healthcode.rules.result import Evaluation
from healthcode.table.feed import FeedKind

_STATEMENT: Final = 2_000
_AHEAD: Final = timedelta(hours=1)
AGAIN: Final = "evidence.derive_again"
"""The worker's job that derives one subject anew (tasks.py)."""

Lane = Literal[0, 1]
_Kind: TypeAlias = tuple[str, bool, int, int]


class _Last(NamedTuple):
    """Of the last decision what comparing needs."""

    ruleset: str
    publications: int
    holds_code: bool
    evidence: tuple[str, ...]
    approvals: tuple[int, ...]


def subjects_derive(numbers: Sequence[int], *, now: datetime, lane: Lane = 0) -> int:
    """Evaluate these subjects anew from all their evidence and publish the answers; returns how many decisions.

    Call it inside an act, after recording what changed. `lane` 1 is for bulk. Locks are held until the act commits.
    """
    decisions = 0
    if len(numbers) > 1:
        _by_key()
    for part in chunks(sorted(set(numbers)), _STATEMENT):
        states = _lock(part)
        derived = _derive(states, now, rules_known())
        _decide(derived, now)
        states_write(derived, now=now)
        _publish(derived, lane)
        _again(derived)
        decisions += decisions_record([d for d in derived if d.decision is not None], now=now)
    return decisions


def _by_key() -> None:
    """Have the rest of the transaction look rows up by key.

    The planner's statistics are as old as the job that calls us: it would read all that the job has written so far,
    for each two thousand people again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


def _lock(numbers: Sequence[int]) -> list[State]:
    """Lock the states, lowest number first: the one lock order of the system. What is read here is current."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, version, generation, color, grounds IS NOT NULL, ruleset, publications_known"
            " FROM subject_state"
            " WHERE number = ANY(%s::bigint[]) ORDER BY number FOR UPDATE",
            [array("bigint", numbers)],
        )
        states = cursor.fetchall()
        # read after the lock: a concurrent withdrawal or application has been waited for
        cursor.execute(
            "SELECT number, holds_code, COALESCE(NULLIF(present_division, ''), residence_division)"
            " FROM people_subject WHERE number = ANY(%s::bigint[])",
            [array("bigint", numbers)],
        )
        people = {number: (bool(holds), str(division)) for number, holds, division in cursor.fetchall()}
    found = []
    for number, version, generation, color, had_grounds, ruleset, publications in states:
        holds, division = people[number]
        found.append(State(number, version, generation, color, had_grounds, ruleset, publications, holds, division))
    return found


def _derive(states: Sequence[State], now: datetime, known: Known) -> list[Derived]:
    """One evaluation for all of one shape; each gets its answer with her own ids."""
    numbers = [state.number for state in states]
    shapes = shapes_of(numbers)
    first: dict[_Kind, State] = {}
    for state in states:
        first.setdefault(_kind(state, shapes), state)
    evidence = evidence_of([state.number for state in first.values() if state.number in shapes])
    facts = [fact for records in evidence.values() for fact in records]
    areas, offices = areas_of(facts, lock=True), offices_of({fact.county for fact in facts})
    minute = minute_of(now)
    answers = {
        kind: answer_derive(
            state,
            shapes.get(state.number, NOTHING),
            evidence.get(state.number, ()),
            areas=areas,
            known=known,
            offices=offices,
            now=minute,
        )
        for kind, state in first.items()
    }
    return [Derived(s, answers[_kind(s, shapes)], shapes.get(s.number, NOTHING).ids) for s in states]


def _kind(state: State, shapes: Mapping[int, Shape]) -> _Kind:
    """All that an answer is made of, but for the ids."""
    content = shapes.get(state.number, NOTHING).content
    return content, state.holds_code, state.version, state.generation


def _decide(derived: Sequence[Derived], now: datetime) -> None:
    """Give an id to each answer that is a decision: grounds or timeline changed, other than by time alone."""
    doubtful = [d for d in derived if _may_differ(d)]
    last = _last_decisions([d.state.number for d in doubtful])
    compared: dict[object, bool] = {}
    changed = [d for d in doubtful if _differs(d, last.get(d.state.number), compared)]
    for one, key in zip(changed, ids_make(len(changed), now=now), strict=True):
        one.decision = key


def _may_differ(derived: Derived) -> bool:
    """Cheap and never wrongly no: a person without grounds then and now differs only by her color word."""
    state, answer = derived.state, derived.answer.evaluation
    plain = not (state.had_grounds or answer.grounds or answer.notices or answer.timeline)
    return not plain or answer.color != state.color or _base_changed(derived, state.ruleset, state.publications)


def _last_decisions(numbers: Sequence[int]) -> Mapping[int, _Last]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (subject_id) subject_id, ruleset, publications_known, holds_code, evidence_ids,"
            " area_approvals FROM evidence_decision WHERE subject_id = ANY(%s::bigint[])"
            " ORDER BY subject_id, version DESC",
            [array("bigint", numbers)],
        )
        return {
            number: _Last(ruleset, publications, holds, tuple(json.loads(evidence)), tuple(json.loads(approvals)))
            for number, ruleset, publications, holds, evidence, approvals in cursor.fetchall()
        }


def _differs(derived: Derived, last: _Last | None, compared: dict[object, bool]) -> bool:
    """Whether the answer is another one than the last decision's own evidence gives at this same instant."""
    answer = derived.answer.evaluation
    if last is None:
        return answer.color != "absent" or bool(answer.grounds or answer.timeline)
    if _base_changed(derived, last.ruleset, last.publications):
        return True
    places = tuple(place for place, own in enumerate(derived.ids) if own in last.evidence)
    key = (id(derived.answer), places, last.publications, last.holds_code, last.approvals)
    if key not in compared:
        compared[key] = _then(derived.answer, places, last).decision_key() != answer.decision_key()
    return compared[key]


def _then(answer: Answer, places: Sequence[int], last: _Last) -> Evaluation:
    """What the last decision's knowledge gives at the instant of the answer, for somebody of this shape."""
    evidence = [answer.evidence[place] for place in places]
    areas = answer.areas.of(evidence, known=set(last.approvals))
    rules = answer.known.book.known(last.publications)
    return evaluate(evidence, areas, rules, answer.evaluation.now, holds_code=last.holds_code)


def _base_changed(derived: Derived, ruleset: str, publications: int) -> bool:
    """Whether the rulebook on disk is another one than what was followed; a publication is no such change."""
    return ruleset != "" and not derived.answer.known.book.names(ruleset, publications)


def _publish(derived: Sequence[Derived], lane: Lane) -> None:
    messages: list[tuple[FeedKind, int, bytes]] = []
    for item in derived:
        messages.append((FeedKind.RECORD, item.state.number, item.answer.record))
        if item.answer.grounds is not None or item.state.had_grounds:
            # "no grounds" carries its version too: a bulk message that comes late must not bring old grounds back
            note = item.grounds or no_grounds_note(version=item.version)
            messages.append((FeedKind.GROUNDS, item.state.number, note))
    publish(messages, lane=lane)


def _again(derived: Sequence[Derived]) -> None:
    """Have a timeline that was too long for the record derived anew before the record says worse than the truth."""
    for item in derived:
        if item.answer.exact_until is not None:
            at = instant_of(item.answer.exact_until) - _AHEAD
            app.configure_task(AGAIN, queue="derivations", schedule_at=at).defer(number=item.state.number)
