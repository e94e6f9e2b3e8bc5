"""A snapshot: every record and side entry as of two feed numbers, in one stream that proves itself.

Frames of kind u8 | length u32 | body | CRC-32 (big-endian): first the head, then records (runs of number u32 and 32
bytes) and side entries, last the tail with counts, SHA-256 of everything before it, and control's signature over that
digest. Nothing read from a snapshot may be used before its tail has been read: a file cut short is no snapshot.
"""

import hashlib
import struct
from binascii import crc32
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec

from healthcode.crypto.errors import BadSignature
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.domain.time import Minute
from healthcode.table.messages import SideChange
from healthcode.table.record import RECORD_BYTES

MAGIC: Final = b"HCSNAP1\n"
CONTEXT: Final = b"healthcode/snapshot/1"
_FRAME: Final = struct.Struct(">BI")
_HEAD, _RECORDS, _SIDE, _TAIL = range(1, 5)
_ENTRY: Final = struct.Struct(f">I{RECORD_BYTES}s")
_SIDE_HEAD: Final = struct.Struct(">Hq")
_RUN: Final = 4096
_LONGEST: Final = 1 << 26
_T = TypeVar("_T")


class SnapshotError(ValueError):
    """The stream is cut, altered, unsigned, of another region or of a later release."""


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is of: its region, the last number of each lane in it, when it was made, room for numbers.

    `valid_from` is the minute from which its table may be read (0: at once).
    """

    region: int
    applied: dict[int, int]
    made_ms: int
    capacity: int
    valid_from: Minute = 0
    format: int = 1


class SnapshotTail(msgspec.Struct, frozen=True, kw_only=True):
    """How many records and side entries came, the digest of all bytes before this frame, and the signature."""

    records: int
    sides: int
    digest: bytes
    signature: bytes = b""


class RecordRun(NamedTuple):
    """Records of a snapshot: (subject number, 32 bytes) each."""

    records: list[tuple[int, bytes]]


def snapshot_write(
    head: SnapshotHead,
    records: Iterable[tuple[int, bytes]],
    sides: Iterable[tuple[int, int, bytes]],
    *,
    key: SigningKey,
) -> Iterator[bytes]:
    """Yield a snapshot's bytes. `records` gives (subject number, 32 bytes), `sides` (kind, key, payload).

    Every record and entry must be at least as new as the feed numbers in `head` (read them after the numbers).
    """
    writer = _Writer()
    yield writer.frame(_HEAD, msgspec.msgpack.encode(head), before=MAGIC)
    numbered = iter(records)
    while run := list(islice(numbered, _RUN)):
        writer.records += len(run)
        yield writer.frame(_RECORDS, b"".join([_ENTRY.pack(number, record) for number, record in run]))
    for kind, at, payload in sides:
        writer.sides += 1
        yield writer.frame(_SIDE, _SIDE_HEAD.pack(kind, at) + payload)
    digest = writer.digest.digest()
    tail = SnapshotTail(records=writer.records, sides=writer.sides, digest=digest, signature=key.sign(CONTEXT + digest))
    yield writer.frame(_TAIL, msgspec.msgpack.encode(tail))


class SnapshotReader:
    """Reads a snapshot from a function that gives the next n bytes (a binary file's `read`)."""

    def __init__(self, read: Callable[[int], bytes], *, region: int, public: VerifyKey) -> None:
        """Read the head; raises `SnapshotError`."""
        self._read = read
        self._public = public
        self._digest = hashlib.sha256()
        if self._take(len(MAGIC)) != MAGIC:
            raise SnapshotError("this is no snapshot, or one of a later release: update needed")
        kind, body = self._frame()
        self.head = _decoded(body, SnapshotHead)
        if kind != _HEAD or self.head.format != 1:
            raise SnapshotError("this snapshot does not begin with a head that this release knows")
        if self.head.region != region:
            raise SnapshotError(f"this snapshot is of region {self.head.region}, this edge of {region}")
        self.applied: Mapping[int, int] = self.head.applied

    def __iter__(self) -> Iterator[RecordRun | SideChange]:
        """Yield runs of records and side entries; raises `SnapshotError`, at the latest at the end.

        Crash or error before the end: whatever was built from it so far must be thrown away.
        """
        records = sides = 0
        while True:
            before = self._digest.digest()
            kind, body = self._frame()
            if kind == _RECORDS and len(body) % _ENTRY.size == 0:
                run = list(_ENTRY.iter_unpack(body))
                records += len(run)
                yield RecordRun(run)
            elif kind == _SIDE and len(body) > _SIDE_HEAD.size:
                sides += 1
                at = _SIDE_HEAD.unpack_from(body)
                yield SideChange(at[0], at[1], body[_SIDE_HEAD.size :])
            elif kind == _TAIL:
                self._finish(_decoded(body, SnapshotTail), records, sides, before)
                return
            else:
                raise SnapshotError(f"a frame of kind {kind} and {len(body)} bytes is not known to this release")

    def _finish(self, tail: SnapshotTail, records: int, sides: int, digest: bytes) -> None:
        if (tail.records, tail.sides, tail.digest) != (records, sides, digest):
            raise SnapshotError("the tail of this snapshot does not fit what came before it")
        try:
            self._public.verify(CONTEXT + digest, tail.signature)
        except BadSignature:
            raise SnapshotError("this snapshot is not signed by control's feed key") from None

    def _frame(self) -> tuple[int, bytes]:
        kind, length = _FRAME.unpack(self._take(_FRAME.size))
        if length > _LONGEST:
            raise SnapshotError(f"a frame of {length} bytes is longer than any of ours")
        body, check = self._take(length), self._take(4)
        if crc32(body).to_bytes(4, "big") != check:
            raise SnapshotError("a frame of this snapshot was altered or damaged")
        return kind, body

    def _take(self, length: int) -> bytes:
        data = self._read(length)
        if len(data) != length:
            raise SnapshotError("this snapshot was cut short; fetch it again")
        self._digest.update(data)
        return data


class _Writer:
    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.records = 0
        self.sides = 0

    def frame(self, kind: int, body: bytes, *, before: bytes = b"") -> bytes:
        data = before + _FRAME.pack(kind, len(body)) + body + crc32(body).to_bytes(4, "big")
        self.digest.update(data)
        return data


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"this is no {kind}: {error}") from None
