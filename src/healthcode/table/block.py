"""Whole columns of 32-byte records at once: for population runs and imports, which write millions.

Law: row by row the same bytes as `record_encode`, the same values as `record_decode`, the same refusals
(spec/color-table.md section 2).  Blocks are arrays of shape (n, 32), dtype uint8, C-contiguous.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthcode.domain.time import Minute
from healthcode.table.record import LAST_MINUTE, ORIGIN, RECORD_BYTES, TRANSITIONS, RecordError

Block = NDArray[np.uint8]
Minutes = NDArray[np.int64]
Numbers = NDArray[Any]
"""Any integers: columns come from Parquet and from PostgreSQL in the width that they have there."""

NEVER: Final[Minute] = 0
"""In columns of minutes: no test, no transition."""

_PLACES: Final = tuple(12 + 6 * at for at in range(TRANSITIONS))
_LAYOUT: Final = np.dtype(
    {
        "names": ["version", "generation", "packed", "notices", "negative"]
        + [f"{name}{at}" for at in range(TRANSITIONS) for name in ("minute", "state", "notices")]
        + ["crc"],
        "formats": ["<u4", "<u2", "u1", "<u2", "<u2"] + ["<u2", "u1", "<u2"] * TRANSITIONS + ["<u2"],
        "offsets": [0, 4, 6, 7, 9] + [place + part for place in _PLACES for part in (0, 3, 4)] + [30],
        "itemsize": RECORD_BYTES,
    }
)
"""Of a 24-bit minute the field names the lower 16 bits; the byte after them is written by its offset."""
_NEGATIVE_AT: Final = 9
_MOST: Final = {2: 0xFFFF, 4: 0xFFFFFFFF}
"""The greatest number of so many bytes."""
_ROWS: Final = 1 << 14
"""Rows that are worked on together: what they need stays in the processor's cache."""


class Columns(NamedTuple):
    """The fields of n records.  Minutes are since 1970, `NEVER` for none; the last three have shape (n, 3)."""

    version: Numbers
    generation: Numbers
    state: Numbers
    doses: Numbers
    notices: Numbers
    last_negative: Numbers
    minutes: Numbers
    states: Numbers
    step_notices: Numbers


def block_encode(columns: Columns) -> Block:
    """Return the records of `columns`.

    Raises `RecordError` naming the first row that does not fit: a number outside its field, transitions that do not
    ascend, or one after an empty one.
    """
    rows = len(columns.version)
    shapes = [column.shape for column in columns]
    if shapes != [(rows,)] * 6 + [(rows, TRANSITIONS)] * 3:
        raise RecordError(f"columns of {rows} records do not have the shapes {shapes}")
    block = np.zeros((rows, RECORD_BYTES), np.uint8)
    for part in _parts(rows):
        _encode_part(block[part], Columns(*(column[part] for column in columns)), part.start)
    return block


def block_plain(
    *, version: Numbers, generation: Numbers, state: Numbers, doses: Numbers, last_negative: Numbers
) -> Block:
    """Return the records of people without notices and transitions: as `block_encode` does, in less time.

    Raises `RecordError` naming the first row that does not fit.
    """
    block = np.zeros((len(version), RECORD_BYTES), np.uint8)
    for part in _parts(len(block)):
        mine = block[part]
        _within("version", version[part], 0, _MOST[4], part.start)
        _within("generation", generation[part], 0, _MOST[2], part.start)
        for name, column in (("state", state[part]), ("doses", doses[part])):
            _within(name, column, 0, 15, part.start)
        _within_minutes("last_negative", last_negative[part], part.start)
        fields = _fields(mine)
        fields["version"], fields["generation"] = version[part], generation[part]
        fields["packed"] = state[part].astype(np.uint8) << 4 | doses[part].astype(np.uint8)
        _minutes_write(mine, _NEGATIVE_AT, last_negative[part])
        fields["crc"] = np.take(_ZEROS_CRC, _remainder(mine, _PLAIN_WORDS))
    return block


def block_decode(block: Block) -> Columns:
    """Return the fields of a block.  Raises `RecordError` naming the first row that is no record."""
    found = [_decode_part(block[part], part.start) for part in _parts(len(block))] or [_decode_part(block, 0)]
    return Columns(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def block_renew(block: Block, *, last_negative: Numbers, versions: Numbers) -> Block:
    """Return the records with `versions`, and with `last_negative` where that is later than what they say.

    Everything else stays as it is: what an import of negative results changes of a person whose color stands.
    Raises `RecordError` naming the first row that is no record, whose version would not rise, or that does not fit.
    """
    renewed = block.copy()
    for part in _parts(len(block)):
        _renew_part(renewed[part], last_negative[part], versions[part], part.start)
    return renewed


def block_versions(block: Block) -> NDArray[np.int64]:
    """The version of each row, or -1 where its CRC is wrong: `record_version` of each."""
    fields = _fields(block)
    return np.where(block_crc(block) == fields["crc"], fields["version"].astype(np.int64), -1)


def block_crc(block: Block) -> NDArray[np.uint16]:
    """The CRC-16/XMODEM of the first 30 bytes of each row.

    Two bytes a step: the remainder of a message whose first word is xored with the remainder so far.
    """
    crc = np.zeros(len(block), np.uint16)
    for part in _parts(len(block)):
        crc[part] = _remainder(block[part], _WORDS)
    return crc


def block_of(data: bytes | memoryview) -> Block:
    """The block over bytes that hold records one after another; they are not copied and cannot be changed through it.

    Raises `RecordError` where the length is no multiple of 32.
    """
    if len(data) % RECORD_BYTES:
        raise RecordError(f"{len(data)} bytes are not a whole number of records")
    return np.frombuffer(data, np.uint8).reshape(-1, RECORD_BYTES)


def _word_table() -> NDArray[np.uint16]:
    """The CRC of each two bytes: sixteen shifts of the polynomial division."""
    crc = np.arange(1 << 16, dtype=np.uint16)
    for _ in range(16):
        crc = np.where(crc & 0x8000, crc << 1 ^ 0x1021, crc << 1).astype(np.uint16)
    return crc


_WORD_CRC: Final = _word_table()


def _remainder(block: Block, count: int) -> NDArray[np.uint16]:
    """The remainder after the first words of each row."""
    remainder = np.zeros(len(block), np.uint16)
    for word in np.ascontiguousarray(block.view(">u2")[:, :count].T).astype(np.uint16):
        np.take(_WORD_CRC, remainder ^ word, out=remainder)
    return remainder


_WORDS: Final = 15
_PLAIN_WORDS: Final = 6
"""Words of a record up to its transitions."""


def _zeros_table() -> NDArray[np.uint16]:
    """What becomes of each remainder over the words of no transitions."""
    crc = np.arange(1 << 16, dtype=np.uint16)
    for _ in range(_WORDS - _PLAIN_WORDS):
        crc = _WORD_CRC[crc]
    return crc


_ZEROS_CRC: Final = _zeros_table()


def _parts(rows: int) -> list[slice]:
    return [slice(first, min(first + _ROWS, rows)) for first in range(0, rows, _ROWS)]


def _encode_part(block: Block, columns: Columns, first: int) -> None:
    _fitting(columns, first)
    fields = _fields(block)
    fields["version"] = columns.version
    fields["generation"] = columns.generation
    fields["packed"] = columns.state.astype(np.uint8) << 4 | columns.doses.astype(np.uint8)
    fields["notices"] = columns.notices
    _minutes_write(block, _NEGATIVE_AT, columns.last_negative)
    for at, place in enumerate(_PLACES):
        _minutes_write(block, place, columns.minutes[:, at])
        block[:, place + 3] = columns.states[:, at]
        fields[f"notices{at}"] = columns.step_notices[:, at]
    fields["crc"] = block_crc(block)


def _decode_part(block: Block, first: int) -> Columns:
    _whole(block, first)
    fields = _fields(block)
    columns = Columns(
        version=fields["version"],
        generation=fields["generation"],
        state=block[:, 6] >> 4,
        doses=block[:, 6] & 15,
        notices=fields["notices"],
        last_negative=_minutes_read(block, _NEGATIVE_AT),
        minutes=np.column_stack([_minutes_read(block, place) for place in _PLACES]),
        states=block[:, [place + 3 for place in _PLACES]],
        step_notices=np.column_stack([fields[f"notices{at}"] for at in range(TRANSITIONS)]),
    )
    _within("states", columns.states, 0, 15, first)
    _transitions_fitting(columns, first)
    return columns


def _renew_part(block: Block, last_negative: Numbers, versions: Numbers, first: int) -> None:
    _whole(block, first)
    _within("version", versions, 0, _MOST[4], first)
    _within_minutes("last_negative", last_negative, first)
    fields = _fields(block)
    _refuse(np.asarray(versions) <= fields["version"], "its version would not rise", first)
    _minutes_write(block, _NEGATIVE_AT, np.maximum(_minutes_read(block, _NEGATIVE_AT), last_negative))
    fields["version"] = versions
    fields["crc"] = block_crc(block)


def _fields(block: Block) -> Any:
    """The block seen as fields by name (numpy's types cannot say which)."""
    return block.view(_LAYOUT).reshape(len(block))


def _minutes_write(block: Block, place: int, minutes: Numbers) -> None:
    """Store a column of minutes in 24 bits, none as zero."""
    stored = np.where(minutes == NEVER, 0, np.asarray(minutes, np.int64) - ORIGIN).astype("<u4")
    block[:, place : place + 3] = stored.view(np.uint8).reshape(-1, 4)[:, :3]


def _minutes_read(block: Block, place: int) -> Minutes:
    stored = np.zeros((len(block), 4), np.uint8)
    stored[:, :3] = block[:, place : place + 3]
    minutes = stored.view("<u4").reshape(-1).astype(np.int64)
    return np.where(minutes == 0, NEVER, minutes + ORIGIN)


def _whole(block: Block, first: int) -> None:
    _refuse(block_crc(block) != _fields(block)["crc"], "its CRC is wrong", first)


def _fitting(columns: Columns, first: int) -> None:
    _within("version", columns.version, 0, _MOST[4], first)
    for name in ("generation", "notices", "step_notices"):
        _within(name, getattr(columns, name), 0, _MOST[2], first)
    for name in ("state", "doses", "states"):
        _within(name, getattr(columns, name), 0, 15, first)
    for name in ("last_negative", "minutes"):
        _within_minutes(name, getattr(columns, name), first)
    _transitions_fitting(columns, first)


def _transitions_fitting(columns: Columns, first: int) -> None:
    """Ascending, none after an empty one, an empty one all zeros: the one form that a record has."""
    minutes = columns.minutes
    empty: NDArray[np.bool_] = np.asarray(minutes == NEVER)
    _refuse((empty & ((columns.states != 0) | (columns.step_notices != 0))).any(axis=1), "a step has no minute", first)
    for at in range(1, TRANSITIONS):
        there = ~empty[:, at]
        _refuse(there & empty[:, at - 1], "it has a transition after an empty one", first)
        _refuse(there & np.asarray(minutes[:, at] <= minutes[:, at - 1]), "its transitions do not ascend", first)


def _within(name: str, column: Numbers, least: int, most: int, first: int) -> None:
    if column.size and (int(column.min()) < least or int(column.max()) > most):
        outside: NDArray[np.bool_] = (column < least) | (column > most)
        _refuse(
            np.asarray(outside.reshape(len(column), -1).any(axis=1)),
            f"its {name} is not within {least} and {most}",
            first,
        )


def _within_minutes(name: str, column: Numbers, first: int) -> None:
    outside = (column != NEVER) & ((column <= ORIGIN) | (column > LAST_MINUTE))
    if outside.any():
        said = f"its {name} is not within {ORIGIN + 1} and {LAST_MINUTE}"
        _refuse(outside.reshape(len(column), -1).any(axis=1), said, first)


def _refuse(rows: NDArray[np.bool_], why: str, first: int) -> None:
    if rows.any():
        raise RecordError(f"row {first + int(rows.argmax())} of this block is no record: {why}")
