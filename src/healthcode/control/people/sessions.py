"""Signing in by phone, going on, leaving (H1).

Two things are handed out: a cookie token that opens acts in control, and a sealed session with which the phone's page
asks the edges for codes. The second never buys the first: an edge that was stolen can mint sessions, and with one of
those nobody may read a person's page here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from healthcode.codes.session import SessionClaim, session_seal
from healthcode.control.access import act_become_resident, session_close, session_open
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.edges import epoch_keys
from healthcode.control.language import say
from healthcode.control.people.answers import phone_code_wrong
from healthcode.control.people.models import Identity, Subject, SubjectState
from healthcode.control.people.phones import phone_code_spend, phone_holders
from healthcode.control.people.vault import identity_masked, identity_open, person_keys, subject_find
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.domain.document import Document
from healthcode.domain.time import Minute, day_of, day_start, minute_of

SESSION_HOURS: Final = 24
GENERATIONS: Final = 65_535


@dataclass(frozen=True, slots=True)
class Opened:
    """A session: `token` for the cookie, `session` for the edges, which works until the minute `expires`."""

    number: int
    token: str
    session: str
    expires: Minute
    masked_name: str
    masked_document: str
    residence: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that must be kept (a guess was counted, an event recorded): answer it, do not raise it."""

    problem: Problem


def session_open_by_phone(
    *, phone: str, code: str, document: Document | None = None, key_thumb: bytes | None = None, now: datetime
) -> Opened | Refused:
    """Sign in whoever holds a code with this phone; `document` tells who, where several people share it.

    Only the one who applied with this phone is signed in, never somebody whom a file says it belongs to.

    Raises:
        Problem: 404 where nobody holds a code with it; 409 where several do and `document` is missing. The one-time
            code stays good, since raising undoes its use.
    """
    if not phone_code_spend(phone=phone, code=code, now=now):
        return Refused(phone_code_wrong())
    holders = [number for number in phone_holders(phone) if _holds_now(number, phone)]
    if document is not None:
        wanted = subject_find(document)
        holders = [number for number in holders if number == wanted]
    if len(holders) != 1:
        raise _phone_shared() if holders else _phone_unused()
    act_become_resident(holders[0])
    event_append(EventName.RESIDENT_SIGNED_IN, now=now, subject=holders[0])
    return resident_session_open(number=holders[0], key_thumb=key_thumb, now=now)


def session_renew(*, number: int, token: str, key_thumb: bytes | None = None, now: datetime) -> Opened:
    """Exchange a session for a new one; the old token ends. The act must be the resident's own."""
    session_close(token)
    event_append(EventName.RESIDENT_SIGNED_IN, now=now, subject=number, detail={"renewed": True})
    return resident_session_open(number=number, key_thumb=key_thumb, now=now)


def sign_out(*, token: str) -> None:
    """End a session; the phone forgets the sealed one, which ends by itself within two days."""
    session_close(token)


def resident_session_open(*, number: int, key_thumb: bytes | None, now: datetime) -> Opened:
    """Open both sessions for the resident whose act this is."""
    person = Subject.objects.get(pk=number)
    state = SubjectState.objects.get(pk=number)
    shown = identity_masked(number)
    assert shown is not None  # noqa: S101  # who signs in has applied
    minute = minute_of(now)
    today = day_of(minute)
    # To the end of tomorrow: the longest that today's epoch key is held everywhere. The edges renew it in use.
    claim = SessionClaim(
        kind="resident",
        subject=number,
        generation=state.generation,
        masked_name=shown.name,
        venue=0,
        checkpoint=0,
        device=secrets.token_bytes(16),
        issued=minute,
        expires=day_start(today + 2),
        key_thumb=key_thumb,
    )
    keys = epoch_keys([today])
    return Opened(
        number=number,
        token=session_open(kind="resident", owner=number, hours=SESSION_HOURS),
        session=session_seal(keys, claim, region=int(ports().region), now=minute),
        expires=claim.expires,
        masked_name=shown.name,
        masked_document=shown.document,
        residence=person.residence_division,
    )


def sessions_end(*, number: int) -> None:
    """End every session of the acting resident at once: the cookies here, and by a new generation at every edge.

    The caller derives afterwards, which publishes the generation.
    """
    state = SubjectState.objects.select_for_update().get(pk=number)
    SubjectState.objects.filter(pk=number).update(generation=state.generation % GENERATIONS + 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT act_sessions_close_of(%s)", [number])


def _holds_now(number: int, phone: str) -> bool:
    """Whether this person holds a code and `phone` is still hers.

    Her own row says so, and only she may read it: the act goes on as her within a savepoint that is always undone.
    """
    with transaction.atomic():
        act_become_resident(number)
        row = Identity.objects.filter(pk=number, subject__holds_code=True).first()
        key = person_keys([number]).get(number)
        held = row is not None and key is not None and identity_open(row, key)["phone"] == phone
        transaction.set_rollback(True)
    return held


def _phone_unused() -> Problem:
    return Problem(
        404,
        "no_code_with_phone",
        say("此手机号尚未申领健康码", "No code was applied for with this number"),
        say(
            "请用此手机号和证件申领；不申领也可凭身份证登记通行。",
            "Apply with this number and your document. Without a code, your ID card is enough to pass.",
        ),
    )


def _phone_shared() -> Problem:
    return Problem(
        409,
        "phone_shared",
        say("此手机号由多人使用", "Several people use this number"),
        say(
            "请同时填写证件号码，或重新填写申领信息（不会重复申领）。",
            "Give your document number as well, or fill in the application again: nothing is doubled.",
        ),
        errors=[{"field": "document_number", "message": say("请填写证件号码。", "Enter your document number.")}],
    )
