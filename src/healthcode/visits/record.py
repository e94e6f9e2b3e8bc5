"""The visit record and its time-ordered key (UUID version 7, RFC 9562 section 5.7).

The key's first 48 bits are milliseconds since 1970 UTC, so an ordered index grows at its end and the key alone
tells the daily partition.  A phone that repeats a request repeats its own key and gets the same visit: the random
bits are then derived from person and client key, so that nobody can occupy another person's visit key.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from healthcode.domain.presence import Presence

CLIENT_KEY_PAST_MS = 24 * 3600 * 1000
"""How old a client key may be: a phone may repeat a scan for a day."""
CLIENT_KEY_AHEAD_MS = 5 * 60 * 1000
"""How far ahead a client key may lie: the tolerance for a phone's clock."""

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_FORM = 0xF << 76 | 0x3 << 62
"""Where a key says its version and variant."""


class VisitKeyError(ValueError):
    """A client key that is no UUIDv7 or whose time is not near now."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One presence at one checkpoint.

    `subject` 0 means a person the system does not know (registered on paper or by ID card).
    `at_ms` is the server's time in milliseconds since 1970 UTC; `device` the inspecting or scanning device.
    `outcome` and `verdict` are the ids of `spec/outcomes.md`.
    """

    id: UUID
    venue: int
    checkpoint: int
    subject: int
    at_ms: int
    grade: Presence
    device: bytes | None
    outcome: str
    verdict: str


def visit_key(at_ms: int, random: bytes) -> UUID:
    """The UUIDv7 of millisecond `at_ms` and 10 random bytes (74 of the 80 bits are used)."""
    if not 0 <= at_ms < 1 << 48:
        raise VisitKeyError(f"time {at_ms} ms does not fit in a 48-bit key")
    bits = int.from_bytes(random[:10], "big")
    tail = (bits >> 62 & 0xFFF) << 64 | _VARIANT | bits & (1 << 62) - 1
    return UUID(int=at_ms << 80 | _VERSION | tail)


def visit_key_ms(key: UUID) -> int:
    """The time of a key in milliseconds since 1970 UTC: it picks the partition."""
    return key.int >> 80


def visit_key_for(client_key: str, subject: int, now_ms: int) -> UUID:
    """The visit key that `subject` gets for her `client_key`: the same for every repetition of the request.

    Raises VisitKeyError unless the client key is a UUIDv7 from the last 24 hours (5 minutes ahead at most).
    """
    try:
        key = UUID(client_key)
    except ValueError as error:
        raise VisitKeyError("the key must be a UUID of version 7") from error
    if key.int & _FORM != _VERSION | _VARIANT:
        raise VisitKeyError("the key must be a UUID of version 7")
    at_ms = visit_key_ms(key)
    if not now_ms - CLIENT_KEY_PAST_MS <= at_ms <= now_ms + CLIENT_KEY_AHEAD_MS:
        raise VisitKeyError("the key's time must lie within the last 24 hours; take the time from /v1/time")
    return visit_key(at_ms, hashlib.sha256(subject.to_bytes(8, "big") + key.bytes).digest())
