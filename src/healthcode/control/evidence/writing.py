"""Writing many answers at once: states, decisions and what the ledger binds of them. Called by `derivation` alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.answers import Derived
from healthcode.control.evidence.replay import content_digest, content_of
from healthcode.control.evidence.rows import Columns, array, rows_insert

_ONE_LEAF_EACH: Final = 50
"""Up to so many decisions of one statement have a leaf each; more share one (trust.md: a batch is one leaf)."""

_STATES: Final = (
    "UPDATE subject_state s SET version = d.version, color = d.color, record = decode(d.record, 'hex'),"
    " grounds = decode(d.grounds, 'hex'), ruleset = d.ruleset, publications_known = %s, evaluated_at = %s"
    " FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[])"
    " AS d(number, version, color, record, grounds, ruleset) WHERE s.number = d.number"
)


def states_write(derived: Sequence[Derived], *, now: datetime) -> None:
    """The new answers into the locked states."""
    if not derived:
        return
    columns = [
        array("bigint", [d.state.number for d in derived]),
        array("int", [d.version for d in derived]),
        array("text", [d.answer.evaluation.color for d in derived]),
        array("bytea", [d.answer.record for d in derived]),
        array("bytea", [d.grounds for d in derived]),
        array("text", [d.answer.ruleset for d in derived]),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [derived[0].answer.known.publications, now, *columns])


def decisions_record(made: Sequence[Derived], *, now: datetime) -> int:
    """The decisions, their audit events and pending leaves; returns how many."""
    if not made:
        return 0
    documents = [d.document for d in made]
    rows: Columns = {
        "id": ("uuid", [d.decision for d in made]),
        "subject_id": ("bigint", [d.state.number for d in made]),
        "version": ("int", [d.version for d in made]),
        "color": ("text", [d.answer.evaluation.color for d in made]),
        "holds_code": ("boolean", [d.state.holds_code for d in made]),
        "evaluation": ("jsonb", documents),
        "ruleset": ("text", [d.answer.ruleset for d in made]),
        "evidence_ids": ("jsonb", [_json(d.ids) for d in made]),
        "area_approvals": ("jsonb", [str(d.answer.approvals) for d in made]),
        "division": ("text", [d.division for d in made]),
    }
    known = made[0].answer.known.publications
    rows_insert("evidence_decision", rows, decided_at=now, publications_known=known)
    contents = [_content(d, document) for d, document in zip(made, documents, strict=True)]
    _events(made, contents, now)
    return len(made)


def _content(derived: Derived, document: str) -> dict[str, Any]:
    assert derived.decision is not None  # noqa: S101 # the caller's filter
    return content_of(
        decision=derived.decision,
        number=derived.state.number,
        version=derived.version,
        color=derived.answer.evaluation.color,
        ruleset=derived.answer.ruleset,
        evidence=derived.ids,
        areas=derived.answer.approvals,
        publications=derived.answer.known.publications,
        evaluation=document.encode(),
    )


def _events(made: Sequence[Derived], contents: Sequence[dict[str, Any]], now: datetime) -> None:
    if len(made) > _ONE_LEAF_EACH:
        # each digest covers its decision's random id: one can be shown to its person and tells nothing of the others
        event_append(
            EventName.DECISION_MADE,
            now=now,
            reference=str(made[0].decision),
            detail={"decisions": len(made), "ruleset": made[0].answer.ruleset},
            content={"members": [content_digest(content) for content in contents]},
        )
        return
    for derived, content in zip(made, contents, strict=True):
        event_append(
            EventName.DECISION_MADE,
            now=now,
            subject=derived.state.number,
            division=derived.division,
            reference=str(derived.decision),
            detail={"color": content["color"], "version": derived.version, "ruleset": content["ruleset"]},
            content=content,
        )


def _json(ids: Sequence[str]) -> str:
    return "[" + ",".join(f'"{own}"' for own in ids) + "]"
