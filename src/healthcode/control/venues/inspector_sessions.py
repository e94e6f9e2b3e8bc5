"""An inspector's sessions for the edge: sealed with today's epoch key, renewed while the appointment stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from healthcode.codes.errors import CodeError, Expired, NotYet
from healthcode.codes.session import SessionClaim, session_open, session_seal
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.venues.codes import epoch_keys
from healthcode.domain.time import MINUTES_PER_DAY, Minute, day_of, day_start, minute_of

RENEWABLE_DAYS: Final = 7
"""A session that ended at most so long ago can still be renewed: an inspector comes back after days off."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An appointment as its device needs it. `checkpoint` is 0 where it is for every gate of the venue."""

    id: int
    label: str
    venue: int
    venue_name: str
    venue_state: str
    checkpoint: int
    checkpoint_name: str
    subject: int
    generation: int


@dataclass(frozen=True, slots=True)
class InspectorSession:
    """A sealed edge session and until when it works (a minute, exclusive)."""

    session: str
    expires: Minute
    standing: Standing


def standing_of(device: bytes) -> Standing:
    """The standing appointment of a device at a venue that works; raises Problem 403 where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM inspector_by_device(%s)", [device])
        row = cursor.fetchone()
    if row is None:
        raise appointment_over()
    standing = Standing(*row)
    if standing.venue_state != "approved":
        raise appointment_over()
    return standing


def session_for(standing: Standing, device: bytes, now: datetime) -> InspectorSession:
    """A session to the end of tomorrow: the longest that the epoch key of today is held everywhere."""
    minute = minute_of(now)
    expires = day_start(day_of(minute) + 2)
    claim = SessionClaim(
        kind="inspector",
        subject=standing.subject,
        generation=standing.generation,
        masked_name="",
        venue=standing.venue,
        checkpoint=standing.checkpoint,
        device=device,
        issued=minute,
        expires=expires,
    )
    text = session_seal(epoch_keys(minute), claim, region=int(ports().region), now=minute)
    return InspectorSession(text, expires, standing)


def session_recent(text: str, now: Minute) -> SessionClaim:
    """The claim of an inspector's session that works now or ended at most `RENEWABLE_DAYS` ago.

    Sessions live for more than a day, so that stepping back by days meets each of them within its time.
    """
    for days in range(RENEWABLE_DAYS + 1):
        then = now - days * MINUTES_PER_DAY
        try:
            claim = session_open(epoch_keys(then), text, region=int(ports().region), now=then)
        except (Expired, NotYet):
            continue
        except CodeError:
            break
        if claim.kind == "inspector":
            return claim
        break
    raise Problem(
        401,
        "session_expired",
        say("登录已过期", "The session is over"),
        say(
            "请以本人健康码登录后继续任命，或向管理员索取新的邀请。",
            "Sign in with your own code and go on with the appointment, or ask the manager for a new invitation.",
        ),
    )


def appointment_over() -> Problem:
    """The answer to a device whose appointment ended, and to somebody who never had it."""
    return Problem(
        403,
        "appointment_over",
        say("任命已结束", "The appointment is over"),
        say(
            "您在此场所的查验任命已解除，或场所已停用。请联系场所管理员。",
            "Your appointment here has ended, or the venue is closed. Ask its manager.",
        ),
    )
