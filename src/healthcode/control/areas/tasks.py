"""The worker's jobs of `areas`. Deferred in the transaction that made them necessary."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.areas.consequences import APPLY, DERIVE, area_derive, designation_apply, resident_moved
from healthcode.control.areas.moving import MOVED
from healthcode.control.areas.ruling import levels_rule


@app.task(queue="derivations", name=APPLY, retry=RetryStrategy(max_attempts=10, wait=30))
def apply(designation: int) -> None:
    """Carry out an approved designation. Doing it again changes nothing."""
    designation_apply(designation, now=datetime.now(UTC))


@app.task(queue="derivations", name=DERIVE, retry=RetryStrategy(max_attempts=10, wait=30))
def derive(area: int) -> None:
    """Derive everybody whose evidence names an area whose level a rule has changed. Doing it again changes nothing."""
    area_derive(area, now=datetime.now(UTC))


@app.task(queue="derivations", name=MOVED, retry=RetryStrategy(max_attempts=10, wait=30))
def moved(number: int) -> None:
    """Record somebody who moved into a designated area. Doing it again changes nothing."""
    resident_moved(number, now=datetime.now(UTC))


@app.periodic(cron="0 * * * *")  # the region's midnight is a full hour of UTC
@app.task(queue="timers", name="areas.levels_rule", queueing_lock="areas.levels_rule")
def rule_levels(timestamp: int) -> None:
    """End the levels whose clear days are over."""
    del timestamp  # an hour that was missed is made up for by what is true now
    levels_rule(now=datetime.now(UTC))
