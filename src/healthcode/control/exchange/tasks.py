"""The worker's jobs of `exchange`. Deferred in the transaction that made them necessary: neither exists alone."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.exchange.rollback import CARRY_OUT, batch_roll_back
from healthcode.control.exchange.services import upload_import


@app.task(queue="imports", name="exchange.upload_import", retry=RetryStrategy(max_attempts=3, wait=5))
def upload_import_job(upload_id: str) -> None:
    """Import one upload. Doing it again changes nothing."""
    upload_import(UUID(upload_id), now=datetime.now(UTC))


@app.task(queue="imports", name=CARRY_OUT, retry=RetryStrategy(max_attempts=10, wait=30))
def batch_roll_back_job(rollback: int) -> None:
    """Carry out an approved rollback. Doing it again changes nothing."""
    batch_roll_back(rollback, now=datetime.now(UTC))
