"""The worker's jobs of `exchange`. Deferred in the upload's own transaction: neither exists without the other."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.exchange.services import upload_import


@app.task(queue="imports", name="exchange.upload_import", retry=RetryStrategy(max_attempts=3, wait=5))
def upload_import_job(upload_id: str) -> None:
    """Import one upload. Doing it again changes nothing."""
    upload_import(UUID(upload_id), now=datetime.now(UTC))
