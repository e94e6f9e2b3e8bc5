"""The worker's jobs of `rulesets`. Deferred in the transaction that made them necessary."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.rulesets.following import FOLLOW, STANDING, population_follow, standing_follow
from healthcode.control.rulesets.rehearsing import REHEARSE, rehearsal_run


@app.task(queue="derivations", name=FOLLOW, retry=RetryStrategy(max_attempts=10, wait=30))
def follow(publication: int, after: str) -> None:
    """Derive whom a publication or a stop touches. Doing it again changes nothing."""
    population_follow(publication, after=after, now=datetime.now(UTC))


@app.task(queue="timers", name=STANDING, retry=RetryStrategy(max_attempts=10, wait=5))
def standing() -> None:
    """Tell the edges what all must know, at the instant of a switch. Doing it again changes nothing."""
    standing_follow(now=datetime.now(UTC))


@app.task(queue="rehearsals", name=REHEARSE)
def rehearse(run: int) -> None:
    """Rehearse a revision on everybody. One that was interrupted is asked for anew."""
    rehearsal_run(run, now=datetime.now(UTC))
