"""The worker's timers of `credentials`."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.credentials.recalling import recall_carry_out
from healthcode.control.credentials.recalls import CARRY_OUT
from healthcode.control.credentials.services import papers_forget, passes_forget, passes_recall_worsened
from healthcode.control.ports import ports


@app.periodic(cron="* * * * *")
@app.task(queue="timers", name="credentials.passes_look_through", queueing_lock="credentials.passes_look_through")
def passes_look_through(timestamp: int) -> None:
    """Recall the passes that became untrue, drop passes and papers that ended. Doing it again changes nothing."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction.atomic():
        act_begin(ports().system_token, "look through the passes")
        passes_recall_worsened(now=now)
        passes_forget(now=now)
        papers_forget(now=now)


@app.task(queue="timers", name=CARRY_OUT, retry=RetryStrategy(max_attempts=10, wait=5))
def recall_carry_out_job(recall: int) -> None:
    """Carry out a recall. Doing it again changes nothing."""
    recall_carry_out(recall, now=datetime.now(UTC))
