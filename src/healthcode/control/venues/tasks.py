"""The worker's timers of venues: an hour of visits that has closed gets its indexes, what is past its time goes."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.ports import ports
from healthcode.control.venues.publication import device_recalls_forget
from healthcode.control.venues.retention import visits_forget


@app.periodic(cron="13 * * * *")
@app.task(queue="timers", name="venues.visit_hours_close", queueing_lock="venues.visit_hours_close")
def visit_hours_close(timestamp: int) -> int:
    """Index the hours that have closed, by person and by venue; returns how many. What was missed is made up for."""
    del timestamp
    with connection.cursor() as cursor:
        cursor.execute("SELECT visit_hours_close()")
        return int(cursor.fetchone()[0])


@app.periodic(cron="43 * * * *")
@app.task(queue="timers", name="venues.visits_forget", queueing_lock="venues.visits_forget")
def visits_forget_due(timestamp: int) -> list[str]:
    """Drop the days whose retention has ended."""
    return visits_forget(now=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="23 4 * * *")
@app.task(queue="timers", name="venues.device_recalls_forget", queueing_lock="venues.device_recalls_forget")
def device_recalls_forget_due(timestamp: int) -> int:
    """Take devices off the recall list whose sessions are all over; returns how many. Again changes nothing."""
    with transaction.atomic():
        act_begin(ports().system_token, "look through recalled devices")
        return device_recalls_forget(now=datetime.fromtimestamp(timestamp, UTC))
