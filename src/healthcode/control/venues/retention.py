"""Retention of visits: 28 days, then the whole day goes, and the audit says so."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.ports import ports


def visits_forget(*, now: datetime) -> list[str]:
    """Drop every day of visits past its retention; returns those days. The database's own clock and limit decide.

    The audit event is in the same transaction: no day goes without a trace.
    """
    with transaction.atomic():
        act_begin(ports().system_token, "forget visits past their retention")
        with connection.cursor() as cursor:
            cursor.execute("SELECT visit_days_forget()")
            days = [day.isoformat() for day in cursor.fetchone()[0]]
        if days:
            event_append(EventName.VISITS_FORGOTTEN, now=now, detail={"days": days})
    return days
