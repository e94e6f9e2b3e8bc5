"""What managers and counties see of venues. Row policies narrow every query to the act; nothing here widens it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from healthcode.control.offices.models import Unit
from healthcode.control.venues.models import Checkpoint, Inspector, Venue
from healthcode.domain.division import cities, counties, division_get
from healthcode.domain.time import REGION_TZ
from healthcode.domain.unit import UnitKind
from healthcode.domain.venue import VENUE_TYPES

REVIEW_HOURS: Final = 24
"""By when a county reviews a registration (a default of this deployment, shown as a clock)."""

STATES: Final[dict[str, tuple[str, str, str]]] = {
    "pending": ("待审核", "Waiting for review", "yellow"),
    "approved": ("已启用", "In use", "green"),
    "refused": ("未通过", "Refused", "red"),
    "suspended": ("已停用", "Suspended", "red"),
    "closed": ("已关闭", "Closed", "grey"),
}
"""Each state's word in both languages, and its hue."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Visits of one local hour; `share` is its part of the busiest hour, in percent."""

    hour: int
    visits: int
    share: int


@dataclass(frozen=True, slots=True)
class VenueRow:
    """A venue with its words, ready for a page."""

    venue: Venue
    type_words: dict[str, str]
    state_words: dict[str, str]
    hue: str
    county: dict[str, str]
    due: datetime


def venue_row(venue: Venue) -> VenueRow:
    """`venue` with words for its type, state and county, and when its review is due."""
    kind, (zh, en, hue) = VENUE_TYPES[venue.type], STATES[venue.state]
    county = division_get(venue.division)
    return VenueRow(
        venue,
        {"zh": kind.zh, "en": kind.en},
        {"zh": zh, "en": en},
        hue,
        {"zh": county.name_zh, "en": county.name_en},
        venue.registered_at + timedelta(hours=REVIEW_HOURS),
    )


def venues_of_manager(manager: int) -> list[VenueRow]:
    """A manager's venues, newest first."""
    return [venue_row(venue) for venue in Venue.objects.filter(manager_id=manager).order_by("-number")[:200]]


def venues_of_county(division: str, *, state: str) -> QuerySet[Venue]:
    """A county's venues in a state: those that wait longest first."""
    return Venue.objects.filter(division=division, state=state).order_by("registered_at", "number")


def checkpoint_of(venue: Venue, number: int) -> Checkpoint | None:
    """A checkpoint of a venue by its number."""
    return venue.checkpoints.filter(number=number).first()


def inspectors_of(venue: Venue) -> QuerySet[Inspector]:
    """Open invitations and standing appointments, newest first."""
    return venue.inspectors.filter(dismissed_at__isnull=True).select_related("checkpoint").order_by("-id")


def visits_today(venue: Venue, *, now: datetime) -> list[Hour]:
    """Today's visits by local hour, from midnight to the present hour; counts only, never who."""
    start = now.astimezone(REGION_TZ).replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hour, visits FROM venue_visits_by_hour(%s, %s, %s)",
            [venue.number, start, start + timedelta(days=1)],
        )
        counts = dict(cursor.fetchall())
    most = max(counts.values(), default=0)
    hours = range(now.astimezone(REGION_TZ).hour + 1)
    return [Hour(h, counts.get(h, 0), round(100 * counts.get(h, 0) / most) if most else 0) for h in hours]


def county_phone(division: str) -> str:
    """The public number of the county's office, empty where none is filed."""
    unit = Unit.objects.filter(kind=UnitKind.county_office.value, division=division).exclude(phone="").first()
    return unit.phone if unit else ""


def places() -> list[tuple[dict[str, str], list[tuple[str, dict[str, str]]]]]:
    """Cities in use, each with its counties as (code, names): the choices of the registration form."""
    found = []
    for city in cities():
        inside = [(c.code, {"zh": c.name_zh, "en": c.name_en}) for c in counties() if c.code[:4] == city.code[:4]]
        found.append(({"zh": city.name_zh, "en": city.name_en}, inside))
    return found
