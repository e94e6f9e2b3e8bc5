"""When a text may be sent: red and yellow at once, everything else outside the quiet hours of the region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from healthcode.domain.time import REGION_TZ


@dataclass(frozen=True, slots=True)
class SendingRules:
    """Local hours in which nothing but the urgent is sent, and how many texts a minute the provider takes."""

    quiet_from: int = 22
    quiet_until: int = 7
    per_minute: int = 3_000


def send_time(now: datetime, *, urgent: bool, rules: SendingRules) -> datetime:
    """The first instant from `now` on at which a text may go out. Equal hours mean that no hour is quiet."""
    local = now.astimezone(REGION_TZ)
    if urgent or not _quiet(local.hour, rules):
        return now
    ends = local.replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    return ends if ends > local else ends + timedelta(days=1)


def _quiet(hour: int, rules: SendingRules) -> bool:
    if rules.quiet_from <= rules.quiet_until:
        return rules.quiet_from <= hour < rules.quiet_until
    return hour >= rules.quiet_from or hour < rules.quiet_until
