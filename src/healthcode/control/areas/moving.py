"""Somebody moved: into the extent of a designation whose residents the city approved, or out of it.

Who moves in is recorded as its other residents were, under the same approval. Who moves out keeps her stay: her own
word about an address is no way out of an area; the county records that she left.
"""

from __future__ import annotations

from typing import Final

from procrastinate.contrib.django import app

MOVED: Final = "areas.moved"
"""The worker's job (tasks.py)."""


def moved_later(number: int) -> None:
    """Have the worker look, once the current act commits, whether a person now lives in a designated area."""
    app.configure_task(MOVED, queue="derivations").defer(number=number)
