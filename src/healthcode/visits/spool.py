"""The spool: visits sealed into segment files of one host while the sink is away (`spec/visit-spool.md`).

A segment is a head and frames.  Each frame holds one batch, sealed under a key of this segment alone, with its place
as nonce: frames can be neither read, altered, moved nor mixed without the host's spool key.  What a power cut tears is
the last frame, whose visits were not acknowledged; everything before it is whole.
"""

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from healthcode.crypto.errors import Tampered
from healthcode.crypto.suites import suite, suite_by_id
from healthcode.domain.presence import Presence
from healthcode.visits.record import Visit

MAGIC: Final = b"HCSPOOL1"
SEGMENT_BYTES: Final = 16
KEY_BYTES: Final = 32
_CONTEXT: Final = b"healthcode/visit-spool/1"
_HEAD: Final = struct.Struct(f">8sB8s{SEGMENT_BYTES}s")
_FRAME: Final = struct.Struct(">IH")
HEAD_BYTES: Final = _HEAD.size
FRAME_BYTES: Final = _FRAME.size
MOST_VISITS: Final = (1 << 16) - 1
_LONGEST: Final = 1 << 26


class SpoolError(ValueError):
    """A segment that cannot be read with this key, or of a later release; it must be kept, never thrown away."""


class _Row(msgspec.Struct, array_like=True, frozen=True):
    id: bytes
    venue: int
    checkpoint: int
    subject: int
    at_ms: int
    grade: str
    device: bytes | None
    outcome: str
    verdict: str


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[_Row])


class Segment:
    """Seals the frames of one segment, in order."""

    def __init__(self, key: bytes, name: bytes, *, suite_name: str) -> None:
        """`key` is the host's spool key, `name` 16 bytes that no other segment has."""
        chosen = suite(suite_name)
        self.head = _HEAD.pack(MAGIC, chosen.id, key_id(key), name)
        self._aead = chosen.aead(_segment_key(chosen.id, key, name))
        self._frames = 0

    def frame(self, visits: Sequence[Visit]) -> bytes:
        """The next frame, with these visits (65,535 at most)."""
        rows = [
            _Row(v.id.bytes, v.venue, v.checkpoint, v.subject, v.at_ms, v.grade.value, v.device, v.outcome, v.verdict)
            for v in visits
        ]
        sealed = self._aead.seal(_nonce(self._frames), _ENCODER.encode(rows), self.head)
        self._frames += 1
        return _FRAME.pack(len(sealed), len(visits)) + sealed


class Read(NamedTuple):
    """What a segment holds: batches of visits, how many frames are damaged, how many bytes at the end were torn."""

    batches: list[list[Visit]]
    damaged: int
    torn: int


def segment_read(data: bytes, key: bytes) -> Read:
    """Everything that is whole in a segment.  Raises SpoolError where none of it can be.

    A last frame that is cut short was torn by a power cut and never acknowledged.  One that is long enough and does
    not open is damage; what follows it is still read.
    """
    if len(data) < HEAD_BYTES:
        return Read([], 0, len(data))  # torn while the head was written: nothing was ever acknowledged
    magic, suite_id, made_with, name = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise SpoolError("this is no segment of visits, or one of a later release: update needed")
    if made_with != key_id(key):
        raise SpoolError(f"this segment was sealed with the spool key {made_with.hex()}, which is not this host's")
    aead, head = suite_by_id(suite_id).aead(_segment_key(suite_id, key, name)), data[:HEAD_BYTES]
    batches: list[list[Visit]] = []
    frames = _frames(data)
    for place, (begin, end) in enumerate(frames):
        with suppress(Tampered, msgspec.DecodeError, ValueError):
            batches.append(_visits(aead.open(_nonce(place), data[begin:end], head)))
    return Read(batches, len(frames) - len(batches), len(data) - (frames[-1][1] if frames else HEAD_BYTES))


def segment_count(frame_head: bytes) -> tuple[int, int]:
    """Of the first bytes of a frame: how many bytes and how many visits follow.  (0, 0) where it is torn."""
    if len(frame_head) < FRAME_BYTES:
        return 0, 0
    length, visits = _FRAME.unpack(frame_head)
    return (length, visits) if length <= _LONGEST else (0, 0)


def key_id(key: bytes) -> bytes:
    """Eight bytes by which a spool key is known without being told."""
    return suite("intl").hash(_CONTEXT + key)[:8]


def _frames(data: bytes) -> list[tuple[int, int]]:
    """Where each frame's sealed bytes begin and end; a torn last one is left out."""
    found: list[tuple[int, int]] = []
    at = HEAD_BYTES
    while True:
        length, _ = segment_count(data[at : at + FRAME_BYTES])
        begin = at + FRAME_BYTES
        if not length or begin + length > len(data):
            return found
        at = begin + length
        found.append((begin, at))


def _visits(packed: bytes) -> list[Visit]:
    return [
        Visit(
            id=UUID(bytes=row.id),
            venue=row.venue,
            checkpoint=row.checkpoint,
            subject=row.subject,
            at_ms=row.at_ms,
            grade=Presence(row.grade),
            device=row.device,
            outcome=row.outcome,
            verdict=row.verdict,
        )
        for row in _DECODER.decode(packed)
    ]


def _segment_key(suite_id: int, key: bytes, name: bytes) -> bytes:
    chosen = suite_by_id(suite_id)
    return chosen.hkdf(key, _CONTEXT + name, chosen.key_size)


def _nonce(place: int) -> bytes:
    return place.to_bytes(12, "big")
