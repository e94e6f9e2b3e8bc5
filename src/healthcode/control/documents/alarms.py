"""A device that was stopped at its limit is an alarm: an audit event of its venue, which the auditor and county see."""

from __future__ import annotations

from datetime import datetime

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.documents.models import DocumentCheck
from healthcode.control.venues.models import Inspector, Venue
from healthcode.visits.access import STOPPED


def alarms_raise(*, now: datetime) -> int:
    """Turn the rows of stopped devices into audit events, each once; returns how many. In an act of the system."""
    rows = list(
        DocumentCheck.objects.select_for_update().filter(said__in=STOPPED, alarmed_at__isnull=True).order_by("at")[:500]
    )
    venues = Venue.objects.in_bulk({row.venue for row in rows})
    for row in rows:
        inspector = Inspector.objects.filter(device=bytes(row.device)).first()
        venue = venues.get(row.venue)
        event_append(
            EventName.DOCUMENT_LIMIT_REACHED,
            now=now,
            division=venue.division if venue else "",
            reference=f"venue:{row.venue}",
            detail={
                "inspector": inspector.pk if inspector else 0,
                "budget": row.said,
                "at": row.at.isoformat(),
                "checkpoint": row.checkpoint,
            },
        )
    DocumentCheck.objects.filter(pk__in=[row.pk for row in rows]).update(alarmed_at=now)
    return len(rows)
