"""Work items: accept, hand back, route. Each change is a claim: it holds only where the state is what was read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.casework.models import WorkItem
from healthcode.control.casework.states import TRANSITIONS, ItemState
from healthcode.control.language import say
from healthcode.control.people.models import Subject
from healthcode.control.problems import Problem
from healthcode.domain.division import counties


def item_accept(*, item: int, officer: int, now: datetime) -> None:
    """Take an item out of the county's queue; from now on phone and address are open to its assignee.

    Raises:
        Problem: 409 where somebody else was quicker.
    """
    item_claim(item, (ItemState.QUEUED, ItemState.ACCEPTED), assignee_id=officer)
    _event(EventName.LEAD_ACCEPTED, item, now)


def item_hand_back(*, item: int, officer: int, now: datetime) -> None:
    """Put an own item back into the county's queue. Its clock runs on.

    Raises:
        Problem: 409 where it is not accepted by this officer.
    """
    item_claim(item, (ItemState.ACCEPTED, ItemState.QUEUED), assignee=officer, assignee_id=None)
    _event(EventName.LEAD_HANDED_BACK, item, now)


def item_route(*, item: int, division: str, now: datetime) -> None:
    """The province gives one of nobody's items to a county, which from now on counts as where the person is.

    Raises:
        Problem: 422 for a division that is no county; 409 where the item is nobody's no longer.
    """
    county_check(division)
    changed = WorkItem.objects.filter(pk=item, division="", state=ItemState.QUEUED).update(division=division)
    if changed != 1:
        raise gone()
    routed = WorkItem.objects.get(pk=item)
    Subject.objects.filter(pk=routed.subject_id, present_division="").update(present_division=division)
    _event(EventName.LEAD_ROUTED, item, now)


def item_claim(item: int, step: tuple[ItemState, ItemState], *, assignee: int | None = None, **changes: Any) -> None:
    """Take a work item of the acting county from one state to the next, if it still is in the first.

    With `assignee`, only where it is this officer's. Raises Problem 409 where it is not so any more.
    """
    if step not in TRANSITIONS:
        raise AssertionError(f"{step} is not in the table of transitions")
    rows = WorkItem.objects.filter(pk=item, state=step[0], division=acting_division())
    if assignee is not None:
        rows = rows.filter(assignee_id=assignee)
    if rows.update(state=step[1], **changes) != 1:
        raise gone()


def acting_division() -> str:
    """The division of the post that acts, as the database knows it; raises Problem 409 outside an officer's act."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT act_division()")
        division = cursor.fetchone()[0]
    if not division:
        raise gone()
    return str(division)


def gone() -> Problem:
    """The refusal of whoever came second."""
    return Problem(
        409,
        "item_changed",
        say("此事项已有变化", "This item has changed"),
        say(
            "其他人已先处理，或它不在您名下。请返回队列刷新后再看。",
            "Somebody else dealt with it first, or it is not yours. Go back to the queue and look again.",
        ),
    )


def county_check(division: str) -> None:
    """Raise Problem 422 unless `division` is a county in use."""
    if division not in {county.code for county in counties()}:
        raise Problem(
            422,
            "county_unknown",
            say("区划不对", "No such county"),
            say("请选择现行的县（市、区）。", "Choose a county or district that exists today."),
        )


def ref(item_id: int) -> str:
    """How the audit names an item."""
    return f"item:{item_id}"


def _event(name: EventName, item: int, now: datetime) -> None:
    row = WorkItem.objects.get(pk=item)
    event_append(name, now=now, subject=row.subject_id, division=row.division, reference=ref(item))
