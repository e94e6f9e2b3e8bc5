"""The worker's jobs of `population`. A run that a killed worker left is found by the timer."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.population.run import RunBusyError, run_continue
from healthcode.control.population.services import JOB


@app.task(queue="population", name=JOB, retry=RetryStrategy(max_attempts=5, wait=60))
def run() -> None:
    """Carry out every run that waits. Doing it again changes nothing."""
    with suppress(RunBusyError):
        while run_continue(clock=_now) is not None:
            pass


@app.periodic(cron="*/5 * * * *")
@app.task(queue="population", name="population.resume", queueing_lock="population.resume")
def resume(timestamp: int) -> None:
    """Go on with a run whose worker was killed."""
    del timestamp
    run()


def _now() -> datetime:
    return datetime.now(UTC)
