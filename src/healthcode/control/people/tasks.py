"""The worker's timers of `people`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.people.models import Identity
from healthcode.control.people.places import places_missing, places_write
from healthcode.control.people.vault import identity_open, person_keys
from healthcode.control.ports import ports

PLACES_AT_ONCE = 1_000
CODES_KEPT = timedelta(days=2)


@app.periodic(cron="27 * * * *")
@app.task(queue="timers", name="people.phone_codes_forget", queueing_lock="people.phone_codes_forget")
def phone_codes_forget(timestamp: int) -> None:
    """Drop one-time codes that no limit looks at any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone_codes_forget(%s)", [datetime.fromtimestamp(timestamp, UTC) - CODES_KEPT])


@app.periodic(cron="47 19 * * *")
@app.task(queue="timers", name="people.places_fill", queueing_lock="people.places_fill")
def places_fill(timestamp: int) -> None:
    """Let people be found by place whose address was stored before places were. In batches; repeatable."""
    del timestamp
    after = 0
    while True:
        with transaction.atomic():
            act_begin(ports().system_token, "find people by place")
            numbers = places_missing(after, PLACES_AT_ONCE)
            if not numbers:
                return
            keys = person_keys(numbers)
            rows = Identity.objects.filter(pk__in=keys)
            places_write([(row.pk, identity_open(row, keys[row.pk])["address"]) for row in rows])
            after = numbers[-1]
