"""Who may write the lake: advisory locks of the session, so that a process that dies gives its turn back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

from healthcode.control.turns import LAKE_WRITING

RUNS: Final = 1
"""Held by whoever extends the lake's parts or carries a run out."""
REHEARSALS: Final = 2
"""Held through one rehearsal."""


@contextmanager
def turn_take(which: int) -> Iterator[bool]:
    """Whether the turn was free; it is held until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LAKE_WRITING, which])
        (taken,) = cursor.fetchone()
    try:
        yield bool(taken)
    finally:
        if taken:
            _give_back(which)


@contextmanager
def turn_await(which: int) -> Iterator[None]:
    """Wait for the turn, outside any transaction, and hold it until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LAKE_WRITING, which])
    try:
        yield
    finally:
        _give_back(which)


def _give_back(which: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LAKE_WRITING, which])
