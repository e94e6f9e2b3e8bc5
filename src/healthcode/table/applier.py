"""The feed's state machine on an edge host: what to apply, what to fetch again, how fresh the result is.

Laws: numbers of a lane are applied in order, each once, none skipped; a record is replaced only by a higher version, so
that the lanes may run at their own speeds; nothing is applied before a heartbeat proved region and sender.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from healthcode.crypto.interfaces import VerifyKey
from healthcode.table.freshness import FeedHealth, Freshness
from healthcode.table.header import Header
from healthcode.table.heartbeat import heartbeat_verify
from healthcode.table.messages import LANES, FeedKind, FeedMessage, SideChange, SideStore
from healthcode.table.payloads import GroundsNote, PayloadError, note_decode
from healthcode.table.record import UNKNOWN, Record, RecordError, record_encode

_TORN: Final = struct.Struct(">BQ")
LAST_SUBJECT: Final = 0xFFFFFFFF
_KNOWN: Final = frozenset(int(kind) for kind in FeedKind)


class FeedRefused(RuntimeError):
    """Messages came before any heartbeat of this region and key: this may be another region's feed."""


class RecordTarget(Protocol):
    """Where records go: a table editor, or what grows one when a number lies beyond it."""

    @property
    def header(self) -> Header:
        """The table's header."""
        ...

    def read(self, number: int) -> Record:
        """Return the stored record, `UNKNOWN` where there is none."""
        ...

    def apply(self, number: int, record: bytes) -> bool:
        """Store a record of a higher version; raises `RecordError` for bytes that are no record."""
        ...

    def put(self, number: int, record: bytes) -> None:
        """Store 32 bytes as they are."""
        ...

    def mark(self, *, applied: Mapping[int, int] | None = None) -> None:
        """Move the watermarks of the header."""
        ...


class Applied(NamedTuple):
    """What one call of `apply` did: messages newly applied, lanes that wait for a missing number, useless messages."""

    taken: int
    gaps: tuple[int, ...]
    skipped: int


class Applier:
    """Applies messages to one host's tables and side files. Not shared between threads; one updater per host."""

    def __init__(self, tables: Sequence[RecordTarget], side: SideStore, *, region: int, public: VerifyKey) -> None:
        """Resume where the slowest of the stores stands. `tables` is the current one and any waiting for its time."""
        self._tables = list(tables)
        self._side = side
        self._region = region
        self._public = public
        self._freshness = Freshness(LANES)
        self._gaps: set[int] = set()
        self._trusted = False
        self._resume()

    def _resume(self) -> None:
        stores = [table.header.applied for table in self._tables]
        self._side_applied = {lane: self._side.applied(lane) for lane in LANES}
        self._torn = {key: _TORN.unpack(payload) for key, payload in self._side.items(FeedKind.RECORD)}
        self._applied = {
            lane: min([self._side_applied[lane], *(applied.get(lane, 0) for applied in stores)]) for lane in LANES
        }

    def follow(self, tables: Sequence[RecordTarget]) -> None:
        """Go on with these tables instead; raises `ValueError` for one that lacks what was applied already.

        A new table catches up under an applier of its own first, so that the others never wait for it.
        """
        if any(table.header.applied.get(lane, 0) < self._applied[lane] for table in tables for lane in LANES):
            raise ValueError("a table that joins must hold everything that was applied so far")
        self._tables = list(tables)

    def applied(self, lane: int) -> int:
        """Return the last number of a lane that every store holds: fetch after it."""
        return self._applied[lane]

    def beat(self, data: bytes, *, now_ms: int) -> None:
        """Take a signed heartbeat; raises `HeartbeatError` for one that is not control's or of another region.

        One that was seen before, or an older one, changes nothing.
        """
        self._freshness.beat(heartbeat_verify(self._public, data, region=self._region), self._applied, now_ms)
        self._trusted = True

    def apply(self, messages: Iterable[FeedMessage]) -> Applied:
        """Apply what continues each lane; tell which lanes have a gap (fetch again after `applied(lane)`).

        Messages may come in any order and more than once. Raises `FeedRefused` before the first good heartbeat.
        """
        if not self._trusted:
            raise FeedRefused("take a heartbeat of this region before applying its feed")
        by_lane: dict[int, dict[int, FeedMessage]] = {lane: {} for lane in LANES}
        for message in messages:
            if message.lane in by_lane:
                by_lane[message.lane][message.seq] = message
        runs = {lane: self._run(lane, found) for lane, found in by_lane.items()}
        taken = [message for lane in LANES for message in runs[lane]]
        skipped = self._store(taken, {lane: self._applied[lane] + len(runs[lane]) for lane in LANES}) if taken else 0
        self._freshness.advanced(self._applied)
        return Applied(len(taken), tuple(sorted(self._gaps)), skipped)

    @property
    def torn(self) -> Mapping[int, int]:
        """The last number of each lane at which a record came damaged: a snapshot that holds them puts it right.

        Until then its subject is `unknown`, and takes nothing further: what the other lane brings may be older than
        what was damaged.  The side files remember it under RECORD, which no snapshot has.
        """
        numbers: dict[int, int] = {}
        for lane, seq in self._torn.values():
            numbers[lane] = max(seq, numbers.get(lane, 0))
        return numbers

    def health(self, now_ms: int) -> FeedHealth:
        """Return how fresh the stores are and whether the own clock is to be believed."""
        return self._freshness.health(now_ms, gap=bool(self._gaps))

    def _run(self, lane: int, found: Mapping[int, FeedMessage]) -> list[FeedMessage]:
        run: list[FeedMessage] = []
        following = self._applied[lane] + 1
        while following in found:
            run.append(found[following])
            following += 1
        beyond = bool(found) and max(found) >= following
        if beyond:
            self._gaps.add(lane)
        elif run:
            self._gaps.discard(lane)
        return run

    def _store(self, messages: Sequence[FeedMessage], applied: dict[int, int]) -> int:
        before = set(self._torn)
        skipped = sum(not self._store_record(m) for m in messages if m.kind == FeedKind.RECORD)
        # Crash here: records are in the mapping, no watermark moved; they are fetched again and change nothing.
        changes: dict[tuple[int, int], SideChange] = {
            (FeedKind.RECORD, key): SideChange(FeedKind.RECORD, key, _TORN.pack(*self._torn[key]))
            for key in self._torn.keys() - before
        }
        for message in messages:
            if message.kind == FeedKind.RECORD or message.seq <= self._side_applied[message.lane]:
                continue
            if self._is_news(message, changes):
                change = SideChange(message.kind, message.key, message.payload or None)
                changes[message.kind, message.key] = change
            else:
                skipped += 1
        self._side_applied = {lane: max(at, self._side_applied[lane]) for lane, at in applied.items()}
        self._side.apply(list(changes.values()), self._side_applied)
        # Crash here: the side files are ahead of the table; they skip what they hold, the table applies it again.
        for table in self._tables:
            table.mark(applied=applied)
        self._applied = applied
        return skipped

    def _store_record(self, message: FeedMessage) -> bool:
        stored = False
        if not 0 <= message.key <= LAST_SUBJECT or message.key in self._torn:
            return False
        for table in self._tables:
            try:
                stored = table.apply(message.key, message.payload) or stored
            except RecordError:
                self._torn[message.key] = message.lane, message.seq  # whatever it said, the edge does not know
                table.put(message.key, record_encode(UNKNOWN._replace(version=table.read(message.key).version)))
        return stored

    def _is_news(self, message: FeedMessage, changes: Mapping[tuple[int, int], SideChange]) -> bool:
        if message.kind not in _KNOWN:
            return False
        if message.kind != FeedKind.GROUNDS or not message.payload:
            return True
        waiting = changes.get((message.kind, message.key))
        held = waiting.payload if waiting else self._side.get(message.kind, message.key)
        try:
            new = note_decode(message.payload, GroundsNote).version
            return held is None or new > note_decode(held, GroundsNote).version
        except PayloadError:
            return False


__all__ = ["Applied", "Applier", "FeedRefused", "RecordTarget"]
