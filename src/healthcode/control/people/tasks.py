"""The worker's timers of `people`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

CODES_KEPT = timedelta(days=2)


@app.periodic(cron="27 * * * *")
@app.task(queue="timers", name="people.phone_codes_forget", queueing_lock="people.phone_codes_forget")
def phone_codes_forget(timestamp: int) -> None:
    """Drop one-time codes that no limit looks at any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone_codes_forget(%s)", [datetime.fromtimestamp(timestamp, UTC) - CODES_KEPT])
