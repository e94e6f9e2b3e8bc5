"""The worker's timers of `notices`. Each is one statement over what is due; nobody is looked at one by one."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from healthcode.control.notices.sending import notices_lost, notices_send
from healthcode.control.notices.services import steps_announce, steps_reconcile, tests_remind


@app.periodic(cron="* * * * *")
@app.task(queue="timers", name="notices.announce", queueing_lock="notices.announce")
def announce(timestamp: int) -> None:
    """Record and announce what came by the clock, then send what is due. After a pause it catches up."""
    del timestamp  # what is due is due now, also where the job waited
    steps_announce(now=datetime.now(UTC))
    notices_send(now=datetime.now(UTC))


@app.periodic(cron="0 10 * * *")  # six in the evening in the region
@app.task(queue="timers", name="notices.remind", queueing_lock="notices.remind")
def remind(timestamp: int) -> None:
    """Tell people of their test tomorrow."""
    tests_remind(now=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="30 19 * * *")  # half past three at night in the region
@app.task(queue="timers", name="notices.reconcile", queueing_lock="notices.reconcile")
def reconcile(timestamp: int) -> None:
    """Name people whose announced answer is not their record's, and texts of which nobody knows the fate."""
    del timestamp
    steps_reconcile(now=datetime.now(UTC))
    notices_lost(now=datetime.now(UTC))
