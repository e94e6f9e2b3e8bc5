"""Taking a batch back: one officer asks, another of the province approves, the worker carries it out (C7, trust.md).

Nothing is deleted. Signed facts are rescinded, each by a later row; leads are withdrawn, their open work items closed;
everybody concerned is derived anew. What two officers determined from a lead stands until they rescind it themselves.
In pieces, each a transaction of its own: if we die between two, the job runs again and finds what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.casework.models import WorkItem
from healthcode.control.casework.states import ItemState
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.evidence.services import Fact, Signed, evidence_record
from healthcode.control.exchange.models import Batch, Rollback, RollbackReview
from healthcode.control.exchange.schema import SPECS
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.turns import BATCH_TAKING_BACK
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.evidence_fields import MAX_TEXT

CARRY_OUT: Final = "exchange.batch_roll_back"
"""The worker's job (tasks.py)."""
WITHDRAWN: Final = "withdrawn"
_PIECE: Final = 2_000


def rollback_request(*, batch: UUID, officer: int, reason: str, now: datetime) -> Rollback:
    """Ask that a batch be taken back.

    Raises:
        Problem: 404 where the act sees no such batch; 409 where it is asked for or done already; 422 without a reason.
    """
    found = Batch.objects.filter(pk=batch).first()
    if found is None:
        raise _problem(404, "batch_unknown", "没有此批次", "No such batch")
    if not reason.strip() or len(reason) > MAX_TEXT:
        raise _reason()
    _take_turn(batch)
    if Rollback.objects.filter(batch=found, review__isnull=True).exists():
        raise _problem(409, "rollback_waits", "已有待批准的撤回申请", "A request waits already")
    if RollbackReview.objects.filter(batch=found, verdict="approve").exists():
        raise _problem(409, "rollback_done", "此批次已撤回", "This batch is rolled back already")
    asked = Rollback.objects.create(batch=found, requester_id=officer, reason=reason.strip(), requested_at=now)
    _event(EventName.ROLLBACK_REQUESTED, asked, now)
    return asked


def rollback_review(*, rollback: int, officer: int, approve: bool, reason: str, now: datetime) -> RollbackReview:
    """Approve or return a request, as another officer than the one who made it. Approved, the worker carries it out.

    Raises:
        Problem: 403 for one's own request; 404 where the act sees no such one; 409 where it is decided; 422 for a
            return without a reason.
    """
    asked = Rollback.objects.select_related("batch").filter(pk=rollback).first()
    if asked is None:
        raise _problem(404, "rollback_unknown", "没有此申请", "No such request")
    if asked.requester_id == officer:
        raise _problem(403, "own_request", "不能批准自己的申请", "A colleague has to decide on your own request")
    if not approve and not reason.strip():
        raise _reason()
    _take_turn(asked.batch_id)
    if RollbackReview.objects.filter(rollback=asked).exists():
        raise _problem(409, "rollback_decided", "此申请已有结论", "This request is decided")
    review = RollbackReview.objects.create(
        rollback=asked,
        batch_id=asked.batch_id,
        requester_id=asked.requester_id,
        reviewer_id=officer,
        verdict="approve" if approve else "return",
        reason=reason.strip()[:MAX_TEXT],
        reviewed_at=now,
    )
    _event(EventName.ROLLBACK_APPROVED if approve else EventName.ROLLBACK_RETURNED, asked, now)
    if approve:
        # If we die before the commit there is neither approval nor job; after it both, and the worker goes on.
        app.configure_task(CARRY_OUT, queue="imports").defer(rollback=asked.pk)
    return review


def batch_roll_back(rollback: int, *, now: datetime) -> int:
    """Carry out an approved request; returns how many rows or items this run took back. Own acts; repeatable."""
    with _act():
        review = RollbackReview.objects.select_related("batch__unit", "rollback").get(rollback_id=rollback)
        if review.verdict != "approve" or review.done_at is not None:
            return 0
    batch = review.batch
    done = _withdraw(batch, now) if SPECS[batch.kind].leads else 0
    while piece := _rescind(batch, now):
        done += piece
    with _act():
        changed = RollbackReview.objects.filter(pk=review.pk, done_at__isnull=True).update(done_at=now)
        if changed:
            _event(EventName.BATCH_ROLLED_BACK, review.rollback, now, taken_back=done)
    return done


def _rescind(batch: Batch, now: datetime) -> int:
    with _act(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM exchange_rows_to_rescind(%s, %s)", [batch.pk, _PIECE])
        rows = cursor.fetchall()
        facts = [_rescission(row) for row in rows]
        if facts:
            evidence_record(facts, source=batch.unit, provenance=Signed(batch.pk), now=now)
            subjects_derive([fact.subject for fact in facts], now=now, lane=1 if len(facts) > 1 else 0)
        return len(facts)


def _rescission(row: tuple[Any, ...]) -> Fact:
    former, subject, kind, fields, anchor, occurred, division, document = row
    return Fact(
        subject=subject,
        kind=EvidenceKind(kind),
        fields=json.loads(fields) if isinstance(fields, str) else fields,
        occurred=occurred,
        document=document,
        anchor=anchor,
        division=division,
        supersedes=former,
        rescinded=True,
    )


def _withdraw(batch: Batch, now: datetime) -> int:
    with _act(), connection.cursor() as cursor:
        cursor.execute("SELECT exchange_items_to_withdraw(%s)", [batch.pk])
        items = [item for (item,) in cursor.fetchall()]
    for part in chunks(items, _PIECE):
        with _act():
            WorkItem.objects.filter(pk__in=part).exclude(state=ItemState.CLOSED).update(
                state=ItemState.CLOSED, closed_at=now, closed_as=WITHDRAWN
            )
    return len(items)


def _take_turn(batch: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [BATCH_TAKING_BACK, str(batch)])


def _event(name: EventName, asked: Rollback, now: datetime, **more: object) -> None:
    detail = {"rollback": asked.pk, "requester": asked.requester_id, "reason": asked.reason, **more}
    event_append(name, now=now, reference=f"batch:{asked.batch_id}", detail=detail)


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, "roll a batch back")
        yield


def _reason() -> Problem:
    return Problem(
        422,
        "reason_missing",
        say("请写明理由", "A reason is needed"),
        say("请用不超过 500 字说明理由。", "Give the reason in at most 500 characters."),
        errors=[{"field": "reason", "code": "field_required", "message": say("请写明理由。", "Give the reason.")}],
    )


def _problem(status: int, code: str, zh: str, en: str) -> Problem:
    return Problem(status, code, say(zh, en))
