"""The proposal form: what a browser posts → a draft. `services.draft_check` judges it."""

from __future__ import annotations

from datetime import date, datetime

from django.http import QueryDict

from healthcode.control.areas.drafts import Draft
from healthcode.control.areas.models import LEVELS, LIFTED
from healthcode.control.language import say
from healthcode.control.problems import Problem
from healthcode.domain.time import REGION_TZ, Day, date_of, day_from_date

LIFT = "lifted"
"""How the form writes the empty level: an option left open must not lift an area."""


def draft_posted(posted: QueryDict) -> Draft:
    """The draft as filled in. Times are the region's wall clock, as `datetime-local` sends them.

    Raises:
        Problem: 422 where a time or the area's number is none.
    """
    level = posted.get("level", "")
    known = level in {value for value, _ in LEVELS}
    return Draft(
        level=level if known else LIFTED if level == LIFT else None,
        basis=posted.get("basis", "")[:200],
        area=_number(posted, "area"),
        name=posted.get("name", "")[:80],
        name_en=posted.get("name_en", "")[:120],
        addresses=tuple(line.strip()[:80] for line in posted.get("addresses", "").splitlines() if line.strip()),
        effective_from=_instant(posted, "from"),
        until=_instant(posted, "until"),
        residents=posted.get("residents") == "yes",
        rescinds_id=_number(posted, "rescinds"),
        case_day=_day(posted, "case_day"),
        hold_until=_instant(posted, "hold_until"),
    )


def draft_fields(draft: Draft) -> list[tuple[str, str]]:
    """The draft as hidden fields, so that the preview hands on exactly what it showed."""
    return [
        ("area", str(draft.area or "")),
        ("name", draft.name),
        ("name_en", draft.name_en),
        ("addresses", "\n".join(draft.addresses)),
        ("level", draft.level or LIFT),
        ("basis", draft.basis),
        ("from", _local(draft.effective_from)),
        ("until", _local(draft.until)),
        ("residents", "yes" if draft.residents else ""),
        ("rescinds", str(draft.rescinds_id or "")),
        ("case_day", "" if draft.case_day is None else date_of(draft.case_day).isoformat()),
        ("hold_until", _local(draft.hold_until)),
    ]


def _number(posted: QueryDict, name: str) -> int | None:
    text = posted.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _unreadable(name)
    return int(text)


def _instant(posted: QueryDict, name: str) -> datetime | None:
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=REGION_TZ)
    except ValueError:
        raise _unreadable(name) from None


def _day(posted: QueryDict, name: str) -> Day | None:
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return day_from_date(date.fromisoformat(text))
    except ValueError:
        raise _unreadable(name) from None


def _local(at: datetime | None) -> str:
    return at.astimezone(REGION_TZ).strftime("%Y-%m-%dT%H:%M") if at else ""


def _unreadable(field: str) -> Problem:
    message = say(
        "请按 2022-10-10T08:00（日期按 2022-10-10）填写。", "Write it like 2022-10-10T08:00, a day like 2022-10-10."
    )
    return Problem(
        422,
        "draft_unreadable",
        say("无法读取", "Not readable"),
        message,
        errors=[{"field": field, "code": "field_unreadable", "message": message}],
    )
