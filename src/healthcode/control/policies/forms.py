"""The form of an adjustment: what a browser posts → a draft. The services judge it."""

from __future__ import annotations

from datetime import datetime

from django.http import QueryDict

from healthcode.control.language import say
from healthcode.control.policies.services import Draft
from healthcode.control.problems import Problem
from healthcode.domain.time import REGION_TZ

MOST = 200
"""Types or areas of one form: more than there are."""


def draft_posted(posted: QueryDict) -> Draft:
    """The draft as filled in; `test_age` is `48h` or `2d`. Raises Problem 422 where a time or an age is none."""
    age, unit = _age(posted.get("test_age", ""))
    return Draft(
        venue_types=tuple(text[:40] for text in posted.getlist("venue_types")[:MOST]),
        areas=tuple(text[:6] for text in posted.getlist("areas")[:MOST]),
        effective_from=_instant(posted, "from"),
        until=_instant(posted, "until"),
        test_age_h=age if unit == "h" else None,
        test_age_days=age if unit == "d" else None,
        basis=posted.get("basis", "")[:200],
        reason=posted.get("reason", "")[:500],
    )


def _age(text: str) -> tuple[int | None, str]:
    number, unit = text[:-1], text[-1:]
    if not text:
        return None, ""
    if unit not in ("h", "d") or not (number.isascii() and number.isdigit() and len(number) < 4):
        raise _unreadable("test_age")
    return int(number), unit


def _instant(posted: QueryDict, name: str) -> datetime | None:
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=REGION_TZ)
    except ValueError:
        raise _unreadable(name) from None


def _unreadable(field: str) -> Problem:
    message = say("请从页面上选择；时间写作 2022-10-10T08:00。", "Choose on the page; a time reads 2022-10-10T08:00.")
    return Problem(
        422,
        "draft_unreadable",
        say("无法读取", "Not readable"),
        message,
        errors=[{"field": field, "code": "field_unreadable", "message": message}],
    )
