"""The worker's jobs of `areas`. Deferred in the transaction that made them necessary."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.areas.consequences import APPLY, designation_apply


@app.task(queue="derivations", name=APPLY, retry=RetryStrategy(max_attempts=10, wait=30))
def apply(designation: int) -> None:
    """Carry out an approved designation. Doing it again changes nothing."""
    designation_apply(designation, now=datetime.now(UTC))
