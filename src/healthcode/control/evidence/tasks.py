"""The worker's jobs of `evidence`. Deferred in the transaction that made them necessary."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.evidence.derivation import AGAIN, subjects_derive
from healthcode.control.ports import ports


@app.task(queue="derivations", name=AGAIN, retry=RetryStrategy(max_attempts=10, wait=60))
def derive_again(number: int) -> None:
    """Derive one subject anew, so that her record holds the next three changes. Doing it again changes nothing."""
    with transaction.atomic():
        act_begin(ports().system_token, "derive again")
        subjects_derive([number], now=datetime.now(UTC))
