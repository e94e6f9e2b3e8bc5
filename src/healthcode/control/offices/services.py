"""Sessions of officers. A dismissal or sanction needs nothing here: `act_begin` reads the post anew in each act."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from healthcode.control.access import session_close, session_open
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.offices.models import Officer
from healthcode.control.problems import Problem


def officer_enter(*, account_id: int, hours: int, now: datetime) -> str:
    """Open an acting session for the officer behind an account; returns the session's token.

    Raises:
        Problem: 403 where the account belongs to no officer, or the officer is barred (Art. 17).
    """
    in_post = Q(appointments__until__isnull=True) | Q(appointments__until__gt=now)
    officers = Officer.objects.filter(in_post, account_id=account_id, sanctioned_at__isnull=True)
    officer = officers.filter(appointments__since__lte=now).first()
    if officer is None:
        raise Problem(
            403,
            "no_post",
            say("没有岗位", "No post"),
            say(
                "此账号没有对应的在岗人员。请联系本单位管理员备案。",
                "No officer in post belongs to this account. Ask your unit to file one.",
            ),
        )
    token = session_open(kind="officer", owner=officer.pk, hours=hours)
    event_append(EventName.OFFICER_SIGNED_IN, now=now, reference=f"officer:{officer.pk}")
    return token


def officer_leave(*, token: str, now: datetime) -> None:
    """End the acting session of this token. Leaving twice, or without a session, changes and records nothing."""
    officer = session_close(token)
    if officer is not None:
        event_append(EventName.OFFICER_SIGNED_OUT, now=now, reference=f"officer:{officer}")
