"""The 32-byte record of one subject: what every edge knows about her color, now and by the clock alone later.

Little-endian (spec/color-table.md section 2): version u32 | generation u16 | state << 4 | doses u8 | notices u16 |
last negative sampling u24 | 3 x (minute u24, state u8, notices u16) | CRC-16 u16. Minutes count from
2020-01-01T00:00Z, 0 meaning none; thirty-two zeros are `unknown`.
"""

import struct
from binascii import crc_hqx
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from healthcode.domain.time import Minute

RECORD_BYTES: Final = 32
ORIGIN: Final = 26_297_280  # 2020-01-01T00:00Z in minutes since 1970
LAST_MINUTE: Final = ORIGIN + (1 << 24) - 1  # in November 2051
TRANSITIONS: Final = 3

_LAYOUT: Final = struct.Struct("<IHBHHBHBBHHBBHHBBHH")
_PARTS: Final = struct.Struct("<IHBHHB18sH")
_TRANSITION: Final = struct.Struct("<HBBH")
_EMPTY: Final = bytes(RECORD_BYTES)
_VERSION: Final = struct.Struct("<I26xH")

Severity = Callable[[int], int]
"""The severity of a table state; less than every color's for states that are no color (`ColorScheme`)."""
Skew = Literal["none", "withhold_improving"]


class RecordError(ValueError):
    """Bytes that are no record, or a record that does not fit the layout."""


class Transition(NamedTuple):
    """From `minute` on, the state and notices are these, whatever else happens or fails to happen."""

    minute: Minute
    state: int
    notices: int = 0


class Record(NamedTuple):
    """One subject's record. `last_negative` is the sampling minute of her last negative test, or None.

    `transitions` holds at most three, in ascending order of minutes.
    """

    state: int
    doses: int = 0
    notices: int = 0
    generation: int = 0
    last_negative: Minute | None = None
    version: int = 0
    transitions: tuple[Transition, ...] = ()


UNKNOWN: Final = Record(0)

_record: Final = tuple.__new__
"""`Record(...)` without looking at the names of its arguments, which would be a fifth of a look-up."""


def record_encode(record: Record) -> bytes:
    """Return the 32 bytes of a record; raises `RecordError` for one that does not fit."""
    state, doses, notices, generation, last_negative, version, transitions = record
    minutes = [item.minute for item in transitions]
    if len(minutes) > TRANSITIONS or minutes != sorted(set(minutes)):
        raise RecordError(f"a record holds at most {TRANSITIONS} transitions in ascending order, not {minutes}")
    if not (0 <= state < 16 and 0 <= doses < 16 and all(0 <= item.state < 16 for item in transitions)):
        raise RecordError(f"states and doses are numbers from 0 to 15: {record}")
    fields = [version, generation, state << 4 | doses, notices, *_split(_stored(last_negative))]
    for item in transitions:
        fields += [*_split(_stored(item.minute)), item.state, item.notices]
    fields += [0] * (4 * (TRANSITIONS - len(transitions)))
    try:
        body = _LAYOUT.pack(*fields, 0)[:-2]
    except struct.error as error:
        raise RecordError(f"a number of this record does not fit its field ({error}): {record}") from None
    return body + crc_hqx(body, 0).to_bytes(2, "little")


def record_version(data: bytes | bytearray | memoryview) -> int:
    """Return the version of 32 stored bytes, or -1 if their CRC is wrong: the cheap look before replacing a record."""
    if len(data) != RECORD_BYTES:
        return -1
    version, crc = _VERSION.unpack(data)
    return int(version) if crc_hqx(data[:30], 0) == crc else -1


def record_decode(data: bytes | bytearray | memoryview) -> Record:
    """Return the record of 32 bytes; raises `RecordError` if their CRC or form is wrong."""
    if data == _EMPTY:
        return UNKNOWN
    if len(data) != RECORD_BYTES:
        raise RecordError(f"a record has {RECORD_BYTES} bytes, this has {len(data)}")
    version, generation, packed, notices, low, high, stored, crc = _PARTS.unpack(data)
    if crc_hqx(data[:30], 0) != crc:
        raise RecordError("the CRC of this record is wrong")
    last = low | high << 16
    return _record(
        Record,
        (
            packed >> 4,
            packed & 15,
            notices,
            generation,
            last + ORIGIN if last else None,
            version,
            _transitions(stored),
        ),
    )


def record_effective(
    record: Record, now: Minute, *, severity: Severity, skew: Skew = "none", trusted: Minute | None = None
) -> tuple[int, int]:
    """Return (state, notices) of `record` at `now`.

    With skew `withhold_improving` the own clock is known to be wrong: a worsening transition applies when its minute
    has come by either clock, an improving one only when it has come by both, `trusted` being the minute that control's
    signed heartbeat gives (None: unknown, so nothing improves). The result is then never better than the truth by
    either clock.
    """
    state, notices = record.state, record.notices
    if not record.transitions:
        return state, notices
    early = late = now
    if skew == "withhold_improving":
        early = min(now, trusted) if trusted is not None else 0
        late = max(now, trusted) if trusted is not None else now
    for item in record.transitions:
        if item.minute <= early or (item.minute <= late and severity(item.state) >= severity(state)):
            state, notices = item.state, item.notices
    return state, notices


@lru_cache(maxsize=4096)
def _transitions(stored: bytes) -> tuple[Transition, ...]:
    """The transitions of 18 bytes; thousands of people change at the same midnights."""
    found: list[Transition] = []
    ended, previous = False, 0
    for low, high, state, notices in _TRANSITION.iter_unpack(stored):
        at = low | high << 16
        if at == 0 and state == 0 and notices == 0:
            ended = True
        elif ended or at <= previous or state > 15:
            raise RecordError("the transitions of this record are not in ascending order")
        else:
            found.append(Transition(at + ORIGIN, state, notices))
            previous = at
    return tuple(found)


def _stored(minute: Minute | None) -> int:
    if minute is None:
        return 0
    if not ORIGIN < minute <= LAST_MINUTE:
        raise RecordError(f"a record holds minutes from {ORIGIN + 1} to {LAST_MINUTE}, not {minute}")
    return minute - ORIGIN


def _split(stored: int) -> tuple[int, int]:
    return stored & 0xFFFF, stored >> 16
