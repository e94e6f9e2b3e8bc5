"""The row that every document check leaves before it is answered, and the port that keeps it.

Whose document it was, which device asked at which gate, and when. The person reads it on her own page.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from uuid import UUID

FOUND: Final = "found"
UNKNOWN: Final = "unknown"
STOPPED: Final = ("asks", "misses")
"""The device had spent the budget of this name; written once an hour, and the alarm is made from it."""


class AccessRow(NamedTuple):
    """One document check, or that a device was stopped. `id` is a UUIDv7 of its time.

    `subject` is 0 where nobody of that document and name is known; `said` one of FOUND, UNKNOWN, STOPPED.
    """

    id: UUID
    at_ms: int
    subject: int
    device: bytes
    venue: int
    checkpoint: int
    said: str


class AccessUnavailable(Exception):
    """The rows could not be kept: nothing may be answered from what they stand for."""


class AccessLog(Protocol):
    """Where access rows go. Kept rows are never lost by a crash; the same row twice is one row."""

    async def keep(self, rows: Sequence[AccessRow]) -> None:
        """Return when every row is durable. Raises AccessUnavailable."""
        ...
