"""The worker's timers of `documents`. Doing any of them again changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.documents.alarms import alarms_raise
from healthcode.control.documents.later import FOLLOW
from healthcode.control.documents.services import index_follow
from healthcode.control.ports import ports


@app.periodic(cron="* * * * *")
@app.task(queue="timers", name=FOLLOW, queueing_lock=FOLLOW)
def follow(timestamp: int) -> None:
    """Bring the index up to date and raise the alarms of devices that were stopped."""
    now = datetime.fromtimestamp(timestamp, UTC)
    index_follow(now=now)
    with transaction.atomic():
        act_begin(ports().system_token, "look through document checks")
        alarms_raise(now=now)


@app.task(queue="derivations", name="documents.follow_now")
def follow_now() -> None:
    """Somebody applied: her document is known at the gates a moment later."""
    index_follow(now=datetime.now(UTC))


@app.periodic(cron="41 3 * * *")
@app.task(queue="timers", name="documents.checks_forget", queueing_lock="documents.checks_forget")
def checks_forget(timestamp: int) -> None:
    """Drop rows of the access log after half a year."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT document_checks_forget(%s)", [datetime.fromtimestamp(timestamp, UTC) - timedelta(180)])
