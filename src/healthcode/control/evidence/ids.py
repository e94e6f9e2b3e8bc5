"""UUID version 7 (RFC 9562): ids that sort in the order in which things were learned."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62


def ids_make(how_many: int, *, now: datetime) -> list[UUID]:
    """`how_many` new ids of the instant `now`, ascending."""
    base = int(now.timestamp() * 1000) << 80
    tails = sorted(secrets.randbits(74) for _ in range(how_many))
    return [UUID(int=base | _VERSION | (tail >> 62) << 64 | _VARIANT | tail & (1 << 62) - 1) for tail in tails]


def id_make(*, now: datetime) -> UUID:
    """One new id of the instant `now`."""
    return ids_make(1, now=now)[0]
