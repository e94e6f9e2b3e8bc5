"""The worker's timers of the bridge: tables that must exist before they are written to, and what may be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from healthcode.control.bridge.publication import bundle_ensure

AHEAD_DAYS = 8
DEAD_S = 60
"""A worker that has not been heard of for so long is dead; it says that it lives every ten seconds."""


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


@app.periodic(cron="* * * * *")
@app.task(queue="timers", name="bridge.bundle_publish", queueing_lock="bridge.bundle_publish")
def bundle_publish(timestamp: int) -> int:
    """Give devices without network what changed since the last minute; returns how many messages went out."""
    return bundle_ensure(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="* * * * *")
@app.task(queue="timers", name="bridge.stalled_jobs_retry", queueing_lock="bridge.stalled_jobs_retry")
def stalled_jobs_retry(timestamp: int) -> int:
    """Put back what a killed worker was at, so that another does it; returns how many jobs."""
    del timestamp
    with connection.cursor() as cursor:
        cursor.execute(_STALLED, [DEAD_S])
        return len(cursor.fetchall())


# A timer whose next turn waits already is not put back beside it: there is one of each in the queue.
_STALLED = """
    SELECT procrastinate_retry_job_v2(j.id, now(), NULL, NULL, NULL) FROM procrastinate_jobs j
      LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
     WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - %s * interval '1 second')
       AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs n
                        WHERE n.status = 'todo' AND n.queueing_lock = j.queueing_lock)
"""
