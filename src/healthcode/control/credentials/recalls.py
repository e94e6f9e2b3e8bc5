"""Asking that codes be recalled, and deciding on it: by code, person, officer, site, batch, key.

Invariants: what ends the codes of one person takes one officer who may see her (or holds the very code), a reason and
an audited event that she sees; anything wider takes a second officer, of the province. A recall changes no color: who
holds a recalled code is asked for the ID card.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from procrastinate.contrib.django import app

from healthcode.codes.errors import CodeError
from healthcode.codes.handles import handle_named
from healthcode.control.access import Act
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.credentials.models import Recall, RecallReview
from healthcode.control.credentials.recalling import BATCH_MARK, recall_turn
from healthcode.control.language import say
from healthcode.control.offices.models import Officer
from healthcode.control.people.models import Subject
from healthcode.control.problems import Problem
from healthcode.control.venues.models import Venue
from healthcode.domain.time import REGION_TZ

CARRY_OUT: Final = "credentials.recall_carry_out"
"""The worker's job (tasks.py)."""
SHOWN: Final = 100
MOST_ALONE: Final = 100
"""Recalls of single codes or persons by one officer within a day (trust.md: above 100 a second approval)."""
_DAY: Final = timedelta(days=1)
_LARGEST: Final = 2**63 - 1
_REASON: Final = (4, 200)


def recall_request(*, act: Act, scope: str, target: str, reason: str, now: datetime) -> Recall:
    """Ask for a recall within an officer's act. One person's codes are recalled at once.

    `target`: the QR text or handle of a pass or paper (`code`); a subject's number (`person`); an officer's sign-in
    name (`officer`); a venue's number (`site`); two instants parted by `/` (`batch`); 16 hexadecimal digits (`key`).

    Raises:
        Problem: 404 where this act sees no such person or site, or there is no such officer; 422 for anything else
            that does not fit.
    """
    found = _named(scope, target.strip())
    if scope in Recall.SINGLE:
        _not_one_by_one(act, now)
    asked = Recall.objects.create(
        scope=scope,
        division=act.division,
        requester_id=act.officer or 0,
        reason=_reason(reason),
        requested_at=now,
        **found,
    )
    _event(EventName.RECALL_ASKED, asked, now, reason=asked.reason)
    if scope in Recall.SINGLE:
        # Dying before the commit leaves neither request nor job; after it both.
        app.configure_task(CARRY_OUT, queue="timers").defer(recall=asked.pk)
    return asked


def recall_review(*, act: Act, recall: int, approve: bool, reason: str, now: datetime) -> RecallReview:
    """Approve or return a request, as another officer than the one who made it. Approved, it is carried out at once.

    Raises:
        Problem: 403 for one's own request; 404 where the act sees no such one; 409 where it is decided or needs no
            second officer; 422 for a return without a reason.
    """
    recall_turn(min(recall, _LARGEST))
    asked = Recall.objects.filter(pk=min(recall, _LARGEST)).first()
    if asked is None:
        raise Problem(404, "recall_unknown", say("没有此申请", "No such request"))
    if asked.requester_id == act.officer:
        raise Problem(403, "own_request", say("不能批准自己的申请", "A colleague has to decide on your own request"))
    if asked.scope in Recall.SINGLE or RecallReview.objects.filter(recall=asked).exists():
        raise Problem(409, "recall_decided", say("此申请无需再批", "This request waits for nobody"))
    review = RecallReview.objects.create(
        recall=asked,
        requester_id=asked.requester_id,
        reviewer_id=act.officer or 0,
        verdict="approve" if approve else "return",
        reason=reason.strip()[: _REASON[1]] if approve else _reason(reason),
        reviewed_at=now,
    )
    _event(EventName.RECALL_APPROVED if approve else EventName.RECALL_RETURNED, asked, now, reason=review.reason)
    if approve:
        app.configure_task(CARRY_OUT, queue="timers").defer(recall=asked.pk)
    return review


def recalls_listed() -> list[Recall]:
    """The latest recalls that the act sees, newest first."""
    rows = Recall.objects.select_related("review", "done", "requester").order_by("-requested_at", "-pk")
    return list(rows[:SHOWN])


def _not_one_by_one(act: Act, now: datetime) -> None:
    """What is as wide as a batch takes a second officer, also where it is asked for person by person."""
    recent = Recall.objects.filter(requester_id=act.officer, scope__in=Recall.SINGLE, requested_at__gt=now - _DAY)
    if recent.count() >= MOST_ALONE:
        raise Problem(
            429,
            "recall_too_many",
            say("今日收回已达上限", "The limit of a day is reached"),
            say(
                "请由市级按时段申请，省级批准。", "Let the city ask for a recall by time, which the province approves."
            ),
        )


def _named(scope: str, target: str) -> dict[str, Any]:
    """The columns of what a request names."""
    match scope:
        case "code":
            return {"target": _handle(target).hex()}
        case "person":
            return _row(Subject, target, "subject", say("没有此人员", "No such person"))
        case "site":
            return _row(Venue, target, "venue", say("没有此场所", "No such site"))
        case "officer":
            found = Officer.objects.filter(account__username=target).first()
            if found is None:
                raise _missing(say("没有此工作人员", "No such officer"))
            return {"target": str(found.pk)}
        case "batch":
            return {"target": _window(target)}
        case "key" if len(target) == 16 and set(target.lower()) <= set("0123456789abcdef"):
            return {"target": target.lower()}
    raise _unfit("target" if scope == "key" else "scope")


def _row(model: type[Subject | Venue], target: str, name: str, missing: str) -> dict[str, Any]:
    number = int(target) if target.isascii() and target.isdecimal() and len(target) < 20 else 0
    found = model._default_manager.filter(pk=min(number, _LARGEST)).first()
    if found is None:
        raise _missing(missing)
    return {"target": str(found.pk), name: found}


def _handle(target: str) -> bytes:
    try:
        return handle_named(target)
    except CodeError:
        raise _unfit("target") from None


def _window(target: str) -> str:
    try:
        begin, end = (datetime.fromisoformat(part.strip()) for part in target.split(BATCH_MARK))
    except ValueError:
        raise _unfit("target") from None
    begin, end = (at if at.tzinfo else at.replace(tzinfo=REGION_TZ) for at in (begin, end))
    if begin >= end:
        raise _unfit("target")
    return BATCH_MARK.join(at.isoformat(timespec="seconds") for at in (begin, end))


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not _REASON[0] <= len(reason) <= _REASON[1] or not reason.isprintable():
        raise _unfit("reason")
    return reason


def _event(name: EventName, asked: Recall, now: datetime, **more: object) -> None:
    event_append(
        name,
        now=now,
        subject=asked.subject_id,
        division=asked.division,
        reference=f"recall:{asked.pk}",
        detail={"scope": asked.scope, "target": asked.target, **more},
    )


def _missing(title: str) -> Problem:
    detail = say("本辖区内没有这个编号。", "There is none of this number that your post may see.")
    return Problem(404, "recall_target_unknown", title, detail)


def _unfit(field: str) -> Problem:
    words = {
        "scope": say("请选择收回范围。", "Choose what to recall."),
        "target": say("与所选范围不符，请按说明填写。", "It does not fit the scope; write it as described."),
        "reason": say("理由为 4 至 200 字。", "A reason of 4 to 200 characters."),
    }
    return Problem(
        422,
        "recall_unfit",
        say("填写有误", "The request does not fit"),
        words[field],
        errors=[{"field": field, "message": words[field]}],
    )
