"""The worker's timers of the bridge: tables that must exist before they are written to, and what may be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

AHEAD_DAYS = 8


@app.periodic(cron="7 * * * *")
@app.task(queue="timers", name="bridge.partitions_ensure", queueing_lock="bridge.partitions_ensure")
def partitions_ensure(timestamp: int) -> None:
    """Make the visits' partitions of the coming week. An edge that meets no partition would have to spool."""
    day = datetime.fromtimestamp(timestamp, UTC).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT visit_partitions_ensure(%s, %s)", [day - timedelta(days=1), AHEAD_DAYS])


@app.periodic(cron="17 * * * *")
@app.task(queue="timers", name="bridge.acts_forget", queueing_lock="bridge.acts_forget")
def acts_forget(timestamp: int) -> None:
    """Drop the rows of transactions that ended long ago; what they did stands in the audit."""
    before = datetime.fromtimestamp(timestamp, UTC) - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT acts_forget(%s)", [before])
