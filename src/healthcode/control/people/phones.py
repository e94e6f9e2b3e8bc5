"""Phones as a proof of who one is: one-time codes, and which persons a phone belongs to.

Invariants: a code is guessed at most five times, lives five minutes and works once, and wrong guesses are kept (the
caller answers a wrong code without raising). Nothing answered here depends on whether a phone is known. Several people
may have proved one phone (a couple, a recycled number); their index rows are numbered and only ever added.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import F

from healthcode.control.language import say
from healthcode.control.people.models import IdentityIndex, PhoneCode
from healthcode.control.people.ports import SmsUnavailable
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.fields import blind_index

CODE_LIFE: Final = timedelta(minutes=5)
CODE_GAP: Final = timedelta(seconds=60)
MOST_PER_HOUR: Final = 5
MOST_PER_DAY: Final = 10
MOST_ATTEMPTS: Final = 5
MOST_HOLDERS: Final = 20


@dataclass(frozen=True, slots=True)
class PhoneCodeSent:
    """How long the code lives and when another may be asked for, in seconds."""

    expires_in: int
    retry_after: int


def phone_index(phone: str, holder: int = 0) -> bytes:
    """The keyed hash of a phone for its holder number `holder`, 32 bytes."""
    return blind_index(ports().blind_key, f"{phone}#{holder}", field="phone")


def phone_holders(phone: str) -> list[int]:
    """The numbers of all who ever proved this phone, the earliest first; whether it is still theirs is not said."""
    found: list[int] = []
    with connection.cursor() as cursor:
        for holder in range(MOST_HOLDERS):
            cursor.execute("SELECT subject_by_index(%s)", [phone_index(phone, holder)])
            number = cursor.fetchone()[0]
            if number is None:
                break
            found.append(number)
    return found


def phone_holder_add(phone: str, number: int) -> None:
    """Note that `number` has proved this phone; the act must be hers. Repeating it changes nothing.

    Raises:
        Problem: 409 where too many people have proved it.
    """
    _queue(phone)  # two people who prove one phone at once get two places, one after the other
    holders = phone_holders(phone)
    if number in holders:
        return
    if len(holders) >= MOST_HOLDERS:
        raise Problem(
            409,
            "phone_has_too_many",
            say("手机号使用人过多", "Too many people use this number"),
            say("请换用本人手机号，或到社区服务点办理。", "Use a number of your own, or apply at a community desk."),
        )
    IdentityIndex.objects.create(index=phone_index(phone, len(holders)), field="phone", subject_id=number)


def phone_code_send(*, phone: str, now: datetime) -> PhoneCodeSent:
    """Send a one-time code to `phone` (eleven digits). The answer is the same whether or not the phone is known.

    Raises:
        Problem: 429 where codes were sent a moment ago or too often; 503 where the provider did not take the text.
    """
    index = phone_index(phone)
    _queue(phone)
    _limits_check(index, now)
    code = f"{secrets.randbelow(1_000_000):06d}"
    PhoneCode.objects.create(
        phone_index=index, code_hash=_code_hash(phone, code), sent_at=now, expires_at=now + CODE_LIFE
    )
    # If we die after sending: the text arrives, its code is unknown to us, and another can be asked for.
    try:
        ports().sms.send(
            phone,
            say(
                f"【山西健康码】验证码 {code}，5 分钟内有效。工作人员不会向您索要，请勿告诉他人。",
                f"[Shanxi Health Code] Your code is {code}, valid for 5 minutes. Nobody from the office asks for it.",
            ),
        )
    except SmsUnavailable:
        raise Problem(
            503,
            "sms_unavailable",
            say("短信暂时发不出去", "The text message could not be sent"),
            say(
                "请一分钟后再试；没有手机也可凭身份证登记通行。",
                "Try again in a minute. Without a phone, your ID card is enough.",
            ),
            headers={"Retry-After": "60"},
        ) from None
    return PhoneCodeSent(int(CODE_LIFE.total_seconds()), int(CODE_GAP.total_seconds()))


def phone_code_spend(*, phone: str, code: str, now: datetime) -> bool:
    """Whether `code` is the last one sent to `phone`, in time, unused and not guessed at too often; it works once.

    A wrong guess must be kept: where this answers False, the caller commits and does not raise.
    """
    last = PhoneCode.objects.filter(phone_index=phone_index(phone)).order_by("-id").first()
    if last is None:
        return False
    live = PhoneCode.objects.filter(pk=last.pk, used_at__isnull=True, expires_at__gt=now, attempts__lt=MOST_ATTEMPTS)
    # The guess is claimed before it is compared: of many at once, five are looked at.
    if live.update(attempts=F("attempts") + 1) != 1:
        return False
    if not constant_time_equal(bytes(last.code_hash), _code_hash(phone, code)):
        return False
    return PhoneCode.objects.filter(pk=last.pk, used_at__isnull=True).update(used_at=now) == 1


def _code_hash(phone: str, code: str) -> bytes:
    return blind_index(ports().blind_key, f"{phone}:{code}", field="phone_code")


def _limits_check(index: bytes, now: datetime) -> None:
    day = timedelta(days=1)
    sent = list(
        PhoneCode.objects.filter(phone_index=index, sent_at__gt=now - day)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
    )
    waits = [sent[most - 1] + span - now for most, span in _LIMITS if len(sent) >= most]
    seconds = max((math.ceil(wait.total_seconds()) for wait in waits), default=0)
    if seconds <= 0:
        return
    minutes = -(-seconds // 60)
    raise Problem(
        429,
        "phone_code_too_often",
        say("请稍后再获取验证码", "Wait before asking for another code"),
        say(
            f"请在约 {minutes} 分钟后再试；上一条验证码可能仍然有效。",
            f"Try again in about {minutes} min; the last code may still work.",
        ),
        headers={"Retry-After": str(seconds)},
    )


_LIMITS: Final = ((1, CODE_GAP), (MOST_PER_HOUR, timedelta(hours=1)), (MOST_PER_DAY, timedelta(days=1)))


def _queue(phone: str) -> None:
    """One request at a time for one phone, until the act ends."""
    lock = int.from_bytes(phone_index(phone)[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
