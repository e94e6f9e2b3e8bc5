"""Who was at a venue, and where a person was: what tracing reads of visits, a page at a time.

Only an act of the system is answered (`tracing.sql`); anybody else's meets `DatabaseError`, insufficient privilege.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from healthcode.domain.presence import Presence
from healthcode.visits.numbers import GRADES

PAGE: Final = 5_000
"""Visits of one page, unless the caller says how many. Each page reads the open hours anew: few pages are cheaper."""

_BEFORE_ALL: Final = UUID(int=0)
_GRADES: Final = {number: grade for grade, number in GRADES.items()}
_AT_VENUE: Final = "SELECT * FROM visits_at_venue(%s, %s, %s, %s, %s, %s)"
_OF_PERSON: Final = "SELECT * FROM visits_of_person(%s, %s, %s, %s, %s, %s)"


class TracedVisit(NamedTuple):
    """One visit as it is stored. `at` is the server's time, `outcome` and `verdict` are numbers of `visits.numbers`.

    `subject` 0 is somebody whom the system does not know: she was registered by card or on paper, at the venue.
    """

    id: UUID
    venue: int
    checkpoint: int
    subject: int
    at: datetime
    grade: Presence
    device: bytes | None
    outcome: int
    verdict: int


def visits_at_venue(
    *, venue: int, since: datetime, until: datetime, after: TracedVisit | None = None, most: int = PAGE
) -> list[TracedVisit]:
    """The visits of a venue from `since` to before `until`, in the order of their time.

    At most `most`; the next page begins `after` the last of this one, and a page that is not full is the last.
    """
    return _page(_AT_VENUE, venue, since, until, after, most)


def visits_of_person(
    *, subject: int, since: datetime, until: datetime, after: TracedVisit | None = None, most: int = PAGE
) -> list[TracedVisit]:
    """The visits of a person, paged like those of a venue. Nobody's (`subject` 0) are none."""
    return _page(_OF_PERSON, subject, since, until, after, most)


def _page(
    query: str, wanted: int, since: datetime, until: datetime, after: TracedVisit | None, most: int
) -> list[TracedVisit]:
    last_at, last_id = (after.at, after.id) if after else (since, _BEFORE_ALL)
    with connection.cursor() as cursor:
        cursor.execute(query, [wanted, since, until, last_at, last_id, most])
        return [
            TracedVisit(key, venue, gate, subject, at, _GRADES[grade], device, outcome, verdict)
            for key, venue, gate, subject, at, grade, device, outcome, verdict in cursor.fetchall()
        ]
