"""What travels over the bridge: numbered messages in lanes, and the ports at both ends."""

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

SINGLE: Final = 0
BULK: Final = 1
LANES: Final = (SINGLE, BULK)


class FeedKind(IntEnum):
    """The kinds of messages and of side-file entries. Numbers are part of the format; an unknown one is skipped."""

    RECORD = 1  # key: subject number; payload: the 32 bytes of table/record.py
    GROUNDS = 2  # key: subject number
    VENUE = 3  # key: venue number
    COLORS = 4  # key: the minute from which they hold, 0 for now
    POLICIES = 5  # key: the minute from which they hold, 0 for now
    RECALL = 6  # key: first 8 bytes of the recalled handle
    EPOCHS = 7  # key: epoch id
    DOCUMENT = 8  # key: first 8 bytes of the document's keyed digest
    TRUST = 9  # key: first 8 bytes of the key id
    TABLE = 10  # key: the minute from which the offered table may be read, 0 for now
    PAPER = 11  # key: first 8 bytes of the paper's handle
    DOCUMENT_KEYS = 12  # key: the document index's generation
    BUNDLE = 13  # key: first 8 bytes of SHA-256 of the part's name; a part of the offline bundle, or its signed head


class FeedMessage(NamedTuple):
    """One numbered message of a lane. `key` is a signed 64-bit number; an empty payload removes the entry."""

    lane: int
    seq: int
    kind: int
    key: int
    payload: bytes


class SideChange(NamedTuple):
    """Set (or, with None, remove) one side-file entry."""

    kind: int
    key: int
    payload: bytes | None


class FeedSource(Protocol):
    """Where an updater fetches from. Fetching is safe to repeat; it never loses what it once gave."""

    async def fetch(self, lane: int, after: int, limit: int) -> list[FeedMessage]:
        """Return up to `limit` messages of a lane with numbers above `after`, ascending."""
        ...

    async def heartbeat(self) -> bytes:
        """Return the latest signed heartbeat (see `heartbeat_verify`), empty if there has been none."""
        ...


class SideStore(Protocol):
    """The side files of one host: one writer, many readers."""

    def get(self, kind: int, key: int) -> bytes | None:
        """Return an entry, or None."""
        ...

    def items(self, kind: int) -> Iterator[tuple[int, bytes]]:
        """Return every (key, payload) of a kind, as of one moment."""
        ...

    def applied(self, lane: int) -> int:
        """Return the last number of a lane whose changes are stored (0: none)."""
        ...

    def apply(self, changes: Sequence[SideChange], applied: Mapping[int, int]) -> None:
        """Store changes in order together with the watermarks that they reach.

        All or nothing, also through a crash; durable on return.
        """
        ...

    def clear(self) -> None:
        """Remove every entry and watermark: the beginning of a rebuild. All or nothing."""
        ...


def key_from_bytes(digest: bytes) -> int:
    """Return the signed 64-bit key made of a digest's first 8 bytes."""
    return int.from_bytes(digest[:8], "big", signed=True)
