"""Inspectors: appointed by link, accepted by a signed-in resident, renewed by device, dismissed at once (V1, V4).

What ends an appointment is the recall of its device at the edges; here, no further session is given for it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.problems import Problem
from healthcode.control.venues.inspector_sessions import (
    InspectorSession,
    appointment_over,
    session_for,
    session_recent,
    standing_of,
)
from healthcode.control.venues.models import Inspector, Venue
from healthcode.control.venues.publication import device_recall
from healthcode.control.venues.services import venue_missing, venue_owned
from healthcode.domain.time import minute_of

INVITE_LIFE: Final = timedelta(days=7)
MOST_INSPECTORS: Final = 500
LARGEST: Final = 2**63 - 1


def inspector_invite(
    *, venue: int, manager: int, label: str, checkpoint: int | None, now: datetime
) -> tuple[Inspector, str]:
    """Invite somebody to inspect at one gate (or all, with None). Returns the appointment and the link's token.

    The token is stored nowhere; it opens one acceptance within 7 days. Raises Problem: 404 where venue or checkpoint
    is not this manager's; 409 where the venue does not work or has too many inspectors; 422 without a label.
    """
    found = venue_owned(venue, manager)
    if found.state != "approved":
        raise _not_working(found)
    label = " ".join(label.split())
    if not 1 <= len(label) <= 40 or not label.isprintable():
        raise Problem(
            422,
            "inspector_label",
            say("请写明岗位", "Name the post"),
            say(
                "写岗位（如“南门早班”），1 至 40 个字，不写姓名。",
                "Say which post, as “south gate, mornings”; no person's name.",
            ),
            errors=[{"field": "label", "message": say("1 至 40 个字", "1 to 40 characters")}],
        )
    gate = None
    if checkpoint is not None:
        gate = found.checkpoints.filter(number=checkpoint).first()
        if gate is None:
            raise venue_missing()
    if found.inspectors.filter(dismissed_at__isnull=True).count() >= MOST_INSPECTORS:
        raise Problem(
            409,
            "inspectors_too_many",
            say("查验员过多", "Too many inspectors"),
            say("请先解除不再使用的任命。", "End appointments that are no longer used first."),
        )
    token = secrets.token_urlsafe(24)
    made = Inspector.objects.create(
        venue=found,
        checkpoint=gate,
        label=label,
        invite_hash=invite_hash(token),
        invited_at=now,
        invite_expires_at=now + INVITE_LIFE,
    )
    event_append(
        EventName.INSPECTOR_APPOINTED,
        now=now,
        subject=manager,
        division=found.division,
        reference=f"venue:{found.number}",
        detail={"inspector": made.pk, "checkpoint": checkpoint or 0},
    )
    return made, token


def inspector_accept(*, invite: str, subject: int, now: datetime) -> InspectorSession:
    """Accept an invitation as the acting resident (real name); the device gets a session for the edges.

    Raises:
        Problem: 404 where the token opens nothing: unknown, used, over, withdrawn, or the venue does not work.
    """
    device = secrets.token_bytes(16)
    with connection.cursor() as cursor:
        cursor.execute("SELECT inspector_accept(%s, %s)", [invite_hash(invite), device])
        accepted = cursor.fetchone()[0]
    if accepted is None:
        raise Problem(
            404,
            "invite_not_valid",
            say("邀请无效", "This invitation does not work"),
            say(
                "邀请只能用一次，7 天内有效。请向场所管理员索取新的邀请。",
                "It works once, for 7 days. Ask the venue's manager for a new one.",
            ),
        )
    standing = standing_of(device)
    event_append(
        EventName.INSPECTOR_ACCEPTED,
        now=now,
        subject=subject,
        reference=f"venue:{standing.venue}",
        detail={"inspector": standing.id},
    )
    return session_for(standing, device, now)


def inspector_renew(*, session: str, now: datetime) -> InspectorSession:
    """Give a device its next session in exchange for the last one, as long as the appointment stands.

    Raises:
        Problem: 401 where the session is not ours or too old; 403 where the appointment is over or the venue closed.
    """
    claim = session_recent(session, minute_of(now))
    standing = standing_of(claim.device)
    if standing.generation != claim.generation:
        raise appointment_over()
    event_append(
        EventName.INSPECTOR_RENEWED,
        now=now,
        subject=standing.subject,
        reference=f"venue:{standing.venue}",
        detail={"inspector": standing.id},
    )
    return session_for(standing, claim.device, now)


def inspector_resume(*, appointment: int, subject: int, now: datetime) -> InspectorSession:
    """Go on with one's own appointment on another (or re-installed) phone; the phone before stops working.

    Raises:
        Problem: 403 where the acting resident has no such appointment, or its venue does not work.
    """
    if appointment > LARGEST:
        raise appointment_over()
    device = secrets.token_bytes(16)
    with connection.cursor() as cursor:
        cursor.execute("SELECT inspector_device_change(%s, %s)", [appointment, device])
        before = cursor.fetchone()[0]
    if before is None:
        raise appointment_over()
    standing = standing_of(device)
    device_recall(bytes(before), now=now)
    event_append(
        EventName.INSPECTOR_DEVICE_CHANGED,
        now=now,
        subject=subject,
        reference=f"venue:{standing.venue}",
        detail={"inspector": standing.id},
    )
    return session_for(standing, device, now)


def inspector_dismiss(*, venue: int, inspector: int, manager: int, now: datetime) -> None:
    """End an appointment or withdraw an invitation; an accepted device stops working at every edge within a second.

    Raises:
        Problem: 404 where it is not at this manager's venue; 409 where it had ended already.
    """
    found = venue_owned(venue, manager)
    row = found.inspectors.filter(pk=inspector).first()
    if row is None:
        raise venue_missing()
    # The claim is also what meets an acceptance at the same moment: both write this row, one after the other, and the
    # device read below is the one that stands.
    if found.inspectors.filter(pk=inspector, dismissed_at__isnull=True).update(dismissed_at=now) != 1:
        raise Problem(
            409,
            "inspector_dismissed",
            say("任命已解除", "This appointment has ended"),
            say("无需再次解除。", "There is nothing left to end."),
        )
    row.refresh_from_db(fields=["device"])
    if row.device is not None:
        device_recall(bytes(row.device), now=now)
    event_append(
        EventName.INSPECTOR_DISMISSED,
        now=now,
        subject=manager,
        division=found.division,
        reference=f"venue:{found.number}",
        detail={"inspector": row.pk},
    )


def invite_hash(token: str) -> bytes:
    """What is stored of an invitation's token: SHA-256, 32 bytes (tokens have 192 random bits)."""
    return sha256(b"healthcode/invite/" + token.encode(errors="replace")).digest()


def _not_working(venue: Venue) -> Problem:
    return Problem(
        409,
        "venue_not_working",
        say("场所未启用", "The venue does not work yet"),
        say(
            f"场所现为“{venue.state}”，审核通过后才能任命查验员。",
            f"This venue is {venue.state}; inspectors can be appointed once it is approved.",
        ),
    )
