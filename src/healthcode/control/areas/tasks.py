"""The worker's jobs of `areas`. Deferred in the transaction that made them necessary."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.areas.consequences import DERIVE, area_derive


@app.task(queue="derivations", name=DERIVE, retry=RetryStrategy(max_attempts=10, wait=30))
def derive(area: int) -> None:
    """Derive everybody whom a change of the area concerns. Doing it again changes nothing."""
    area_derive(area, now=datetime.now(UTC))
