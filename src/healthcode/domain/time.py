"""Time as the rules count it: whole minutes in UTC, and calendar days of the region.

Invariants: exact integer arithmetic only; no clock is read here. The region keeps UTC+8 all year, so that a local
day is a fixed shift of the minute count (PRC civil time; daylight saving ended in 1991, before any evidence we hold).
"""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

Minute = int
"""Whole minutes since 1970-01-01T00:00Z."""

Day = int
"""Local calendar day: days since 1970-01-01 in Asia/Shanghai."""

OFFSET: Final = 480
MINUTES_PER_DAY: Final = 1440
REGION_TZ: Final = timezone(timedelta(minutes=OFFSET), "Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DATE = date(1970, 1, 1).toordinal()


def minute_of(moment: datetime) -> Minute:
    """The minute that contains an aware datetime (seconds are cut off); raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone; add tzinfo, for example datetime.UTC")
    delta = moment - _EPOCH
    return delta.days * MINUTES_PER_DAY + delta.seconds // 60


def instant_of(minute: Minute) -> datetime:
    """The aware UTC datetime at which a minute begins."""
    return _EPOCH + timedelta(minutes=minute)


def local_of(minute: Minute) -> datetime:
    """The same instant on the region's clock, for texts and pages."""
    return instant_of(minute).astimezone(REGION_TZ)


def day_of(minute: Minute) -> Day:
    """The local calendar day that contains a minute."""
    return (minute + OFFSET) // MINUTES_PER_DAY


def day_start(day: Day) -> Minute:
    """The minute of local midnight at which a day begins (and the day before it ends)."""
    return day * MINUTES_PER_DAY - OFFSET


def day_from_date(value: date) -> Day:
    """The day number of a local calendar date."""
    return value.toordinal() - _EPOCH_DATE


def date_of(day: Day) -> date:
    """The local calendar date of a day number."""
    return date.fromordinal(day + _EPOCH_DATE)


def minute_parse(text: str) -> Minute:
    """Read an RFC 3339 instant (`2022-10-13T08:00:00+08:00`); raises ValueError when it has no offset."""
    return minute_of(datetime.fromisoformat(text.strip()))


def minute_text(minute: Minute) -> str:
    """An instant as RFC 3339 with the region's offset, to the minute: `2022-10-13T08:00+08:00`."""
    return local_of(minute).isoformat(timespec="minutes")
