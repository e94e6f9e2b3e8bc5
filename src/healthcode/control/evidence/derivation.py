"""From evidence to the answer: architecture.md, "Life of a code", step 2. The only writer of `subject_state`.

Invariants: the touched states are locked in ascending order of number *before* their evidence is read, so that of two
racing acts the later one sees what the earlier one recorded; a version never goes back; a decision, its audit event,
its pending leaf and the outbox rows stand in the transaction of the act that caused them, or not at all.
If we die before that transaction commits, nothing happened; after it, the relay sends what the outbox holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from django.db import connection
from procrastinate.contrib.django import app

from healthcode.control.areas.book import AreaBook
from healthcode.control.areas.reading import areas_of
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.services import publish
from healthcode.control.evidence.ids import ids_make
from healthcode.control.evidence.models import Decision
from healthcode.control.evidence.notes import grounds_note, no_grounds_note
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.evidence.replay import Decided, decision_content, decision_digest, record_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.rulesets.reading import Known, rules_known
from healthcode.domain.evidence import Evidence
from healthcode.domain.time import Minute, instant_of, minute_of
from healthcode.rules.document import evaluation_to_json
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import ruleset_last
from healthcode.table.feed import FeedKind
from healthcode.table.record import Transition, record_encode
from healthcode.table.timeline import timeline_cut

_STATEMENT: Final = 2_000
_ONE_LEAF_EACH: Final = 50
"""Up to so many decisions of one statement have a leaf each; more share one (trust.md: a batch is one leaf)."""

_AHEAD: Final = timedelta(hours=1)
AGAIN: Final = "evidence.derive_again"
"""The worker's job that derives one subject anew (tasks.py)."""

Lane = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class _State:
    number: int
    version: int
    generation: int
    color: str
    had_grounds: bool
    ruleset: str
    publications: int
    holds_code: bool
    division: str


@dataclass(frozen=True, slots=True)
class _Derived:
    state: _State
    known: Known
    evaluation: Evaluation
    evidence: tuple[Evidence, ...]
    areas: AreaBook
    record: bytes
    grounds: bytes | None
    exact_until: Minute | None
    decision: UUID | None = None

    @property
    def ruleset(self) -> str:
        """How state and decision name the ruleset in force at the instant of the answer."""
        return f"{self.evaluation.ruleset}@{self.evaluation.version}"

    @property
    def version(self) -> int:
        return self.state.version + 1

    @property
    def division(self) -> str:
        """The county that owns the worst ground, else the one where the person is."""
        owners = [g.county for g in self.evaluation.grounds if g.color == self.evaluation.color and g.county]
        return owners[0] if owners else self.state.division


def subjects_derive(numbers: Sequence[int], *, now: datetime, lane: Lane = 0) -> int:
    """Evaluate these subjects anew from all their evidence and publish the answers; returns how many decisions.

    Call it inside an act, after recording what changed. `lane` 1 is for bulk. Locks are held until the act commits.
    """
    decisions = 0
    for part in chunks(sorted(set(numbers)), _STATEMENT):
        states = _lock(part)
        derived = _derive(states, now, rules_known())
        derived = _decide(derived, now)
        _write(derived, now)
        _publish(derived, lane)
        _again(derived)
        decisions += _record_decisions(derived, now)
    return decisions


def _lock(numbers: Sequence[int]) -> list[_State]:
    """Lock the states, lowest number first: the one lock order of the system. What is read here is current."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, version, generation, color, grounds IS NOT NULL, ruleset, publications_known"
            " FROM subject_state"
            " WHERE number = ANY(%s::bigint[]) ORDER BY number FOR UPDATE",
            [list(numbers)],
        )
        states = cursor.fetchall()
        # read after the lock: a concurrent withdrawal or application has been waited for
        cursor.execute(
            "SELECT number, holds_code, COALESCE(NULLIF(present_division, ''), residence_division)"
            " FROM people_subject WHERE number = ANY(%s::bigint[])",
            [list(numbers)],
        )
        people = {number: (bool(holds), str(division)) for number, holds, division in cursor.fetchall()}
    found = []
    for number, version, generation, color, had_grounds, ruleset, publications in states:
        holds, division = people[number]
        found.append(_State(number, version, generation, color, had_grounds, ruleset, publications, holds, division))
    return found


def _derive(states: Sequence[_State], now: datetime, known: Known) -> list[_Derived]:
    evidence = evidence_of([s.number for s in states])
    areas = areas_of((fact for facts in evidence.values() for fact in facts), lock=True)
    return [_derive_one(state, tuple(evidence.get(state.number, ())), areas, minute_of(now), known) for state in states]


def _derive_one(state: _State, evidence: tuple[Evidence, ...], areas: AreaBook, now: Minute, known: Known) -> _Derived:
    rules = known.rules
    # An act that waited for the lock may have begun before the evidence it now sees was learned.
    at = max([now, *(e.learned for e in evidence)])
    evaluation = evaluate(evidence, areas.of(evidence), rules, at, holds_code=state.holds_code)
    steps = [Transition(*step) for step in record_steps(evaluation, rules)]
    record = record_derive(evaluation, rules, version=state.version + 1, generation=state.generation)
    note = grounds_note(evaluation, rules, evidence, version=state.version + 1)
    exact_until = timeline_cut(steps, severity=ruleset_last(rules).colors.severity_of_state).exact_until
    return _Derived(state, known, evaluation, evidence, areas, record_encode(record), note, exact_until)


def _decide(derived: Sequence[_Derived], now: datetime) -> list[_Derived]:
    """Give an id to each answer that is a decision: grounds or timeline changed, other than by time alone."""
    doubtful = [d for d in derived if _may_differ(d)]
    last = _last_decisions([d.state.number for d in doubtful])
    changed = {d.state.number for d in doubtful if _differs(d, last.get(d.state.number))}
    ids = iter(ids_make(len(changed), now=now))
    return [replace(d, decision=next(ids)) if d.state.number in changed else d for d in derived]


def _may_differ(derived: _Derived) -> bool:
    """Cheap and never wrongly no: a person without grounds then and now differs only by her color word."""
    state, answer = derived.state, derived.evaluation
    plain = not (state.had_grounds or answer.grounds or answer.notices or answer.timeline)
    return not plain or answer.color != state.color or _base_changed(derived, state.ruleset, state.publications)


def _last_decisions(numbers: Sequence[int]) -> Mapping[int, Decision]:
    rows = Decision.objects.filter(subject_id__in=numbers).order_by("subject_id", "-version").distinct("subject_id")
    return {row.subject_id: row for row in rows}


def _differs(derived: _Derived, last: Decision | None) -> bool:
    """Whether the answer is another one than the last decision's own evidence gives at this same instant."""
    answer = derived.evaluation
    if last is None:
        return answer.color != "absent" or bool(answer.grounds or answer.timeline)
    if _base_changed(derived, last.ruleset, last.publications_known):
        return True
    known = set(last.evidence_ids)
    evidence = [e for e in derived.evidence if e.id in known]
    areas = derived.areas.of(evidence, known=set(last.area_approvals))
    rules = derived.known.book.known(last.publications_known)
    then = evaluate(evidence, areas, rules, answer.now, holds_code=last.holds_code)
    return then.decision_key() != answer.decision_key()


def _base_changed(derived: _Derived, ruleset: str, publications: int) -> bool:
    """Whether the rulebook on disk is another one than what was followed; a publication is no such change."""
    return ruleset != "" and not derived.known.book.names(ruleset, publications)


def _write(derived: Sequence[_Derived], now: datetime) -> None:
    if not derived:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subject_state s SET version = d.version, color = d.color, record = d.record, grounds = d.grounds,"
            " ruleset = d.ruleset, publications_known = %s, evaluated_at = %s"
            " FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::bytea[], %s::bytea[], %s::text[])"
            " AS d(number, version, color, record, grounds, ruleset) WHERE s.number = d.number",
            [
                derived[0].known.publications,
                now,
                [d.state.number for d in derived],
                [d.version for d in derived],
                [d.evaluation.color for d in derived],
                [d.record for d in derived],
                [d.grounds for d in derived],
                [d.ruleset for d in derived],
            ],
        )


def _publish(derived: Sequence[_Derived], lane: Lane) -> None:
    messages: list[tuple[FeedKind, int, bytes]] = []
    for item in derived:
        messages.append((FeedKind.RECORD, item.state.number, item.record))
        if item.grounds is not None or item.state.had_grounds:
            # "no grounds" carries its version too: a bulk message that comes late must not bring old grounds back
            note = item.grounds or no_grounds_note(version=item.version)
            messages.append((FeedKind.GROUNDS, item.state.number, note))
    publish(messages, lane=lane)


def _again(derived: Sequence[_Derived]) -> None:
    """Have a timeline that was too long for the record derived anew before the record says worse than the truth."""
    for item in derived:
        if item.exact_until is not None:
            at = instant_of(item.exact_until) - _AHEAD
            app.configure_task(AGAIN, queue="derivations", schedule_at=at).defer(number=item.state.number)


def _record_decisions(derived: Sequence[_Derived], now: datetime) -> int:
    made = [_decision(d, now) for d in derived if d.decision is not None]
    Decision.objects.bulk_create(made)
    if len(made) > _ONE_LEAF_EACH:
        # each digest covers its decision's random id: one can be shown to its person and tells nothing of the others
        members = [decision_digest(_decided(decision)) for decision in made]
        event_append(
            EventName.DECISION_MADE,
            now=now,
            reference=str(made[0].id),
            detail={"decisions": len(made), "ruleset": made[0].ruleset},
            content={"members": members},
        )
        return len(made)
    for decision in made:
        event_append(
            EventName.DECISION_MADE,
            now=now,
            subject=decision.subject_id,
            division=decision.division,
            reference=str(decision.id),
            detail={"color": decision.color, "version": decision.version, "ruleset": decision.ruleset},
            content=decision_content(_decided(decision)),
        )
    return len(made)


def _decision(derived: _Derived, now: datetime) -> Decision:
    assert derived.decision is not None  # noqa: S101 # the caller's filter
    return Decision(
        id=derived.decision,
        subject_id=derived.state.number,
        version=derived.version,
        decided_at=now,
        color=derived.evaluation.color,
        holds_code=derived.state.holds_code,
        evaluation=evaluation_to_json(derived.evaluation, derived.known.rules),
        ruleset=derived.ruleset,
        publications_known=derived.known.publications,
        evidence_ids=[e.id for e in derived.evidence],
        area_approvals=derived.areas.approvals(derived.evidence),
        division=derived.division,
    )


def _decided(decision: Decision) -> Decided:
    return Decided(
        id=decision.id,
        number=decision.subject_id,
        version=decision.version,
        decided_at=decision.decided_at,
        color=decision.color,
        holds_code=decision.holds_code,
        evaluation=decision.evaluation,
        ruleset=decision.ruleset,
        evidence_ids=tuple(decision.evidence_ids),
        area_approvals=tuple(decision.area_approvals),
        publications_known=decision.publications_known,
    )
