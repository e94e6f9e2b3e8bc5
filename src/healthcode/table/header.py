"""The 4,096-byte header of a table file: which region, how many records, applied how far.

It is kept twice (at 0 and at 2,048), written in turn with a rising serial, so that whoever is killed within a write
leaves the other copy whole. Layout in spec/color-table.md section 3.
"""

import struct
from binascii import crc32
from collections.abc import Mapping
from typing import Final, NamedTuple

from healthcode.domain.time import Minute

HEADER_BYTES: Final = 4096
SLOT_BYTES: Final = 2048
MAGIC: Final = b"HCTABLE\0"
FORMAT: Final = 1
LANES: Final = (0, 1)

# magic, format, flags, region, serial, capacity, valid_from, watermark of lane 0, of lane 1, boot id, file id
_LAYOUT: Final = struct.Struct("<8sHHIQQIQQ16s16s")
_SUPERSEDED: Final = 1
_CLEAN: Final = 2


class TableError(ValueError):
    """The file is no color table that this release and region can use."""


class Header(NamedTuple):
    """What a table file says of itself.

    `applied` maps each lane to the last feed number whose records are in the file; `valid_from` is the minute from
    which the file may be read (0: at once); `superseded` tells readers to open the file of this name again; `boot`
    is the id of the machine's boot that writes the file, and `clean` that it was closed in order: another boot's
    unclean file may have lost pages and must be built again.
    """

    region: int
    capacity: int
    applied: Mapping[int, int]
    file_id: bytes = bytes(16)
    boot: bytes = bytes(16)
    valid_from: Minute = 0
    superseded: bool = False
    clean: bool = False
    serial: int = 0


def header_encode(header: Header) -> bytes:
    """Return one slot's worth of bytes, CRC-32 included."""
    flags = _SUPERSEDED * header.superseded | _CLEAN * header.clean
    body = _LAYOUT.pack(
        MAGIC,
        FORMAT,
        flags,
        header.region,
        header.serial,
        header.capacity,
        header.valid_from,
        header.applied.get(0, 0),
        header.applied.get(1, 0),
        header.boot,
        header.file_id,
    )
    return body + crc32(body).to_bytes(4, "little")


def header_decode(data: bytes | memoryview) -> Header:
    """Return the newer whole header of the first 4,096 bytes; raises `TableError`."""
    found = [header for at in (0, SLOT_BYTES) if (header := _slot(bytes(data[at : at + _LAYOUT.size + 4]))) is not None]
    if not found:
        raise TableError("this is no color table: neither copy of its header is whole")
    return max(found, key=lambda header: header.serial)


def header_place(serial: int) -> int:
    """Return the offset of the slot that a serial is written to."""
    return SLOT_BYTES * (serial & 1)


def _slot(data: bytes) -> Header | None:
    body, check = data[: _LAYOUT.size], data[_LAYOUT.size :]
    if len(check) < 4 or crc32(body) != int.from_bytes(check, "little") or body[:8] != MAGIC:
        return None
    _, version, flags, region, serial, capacity, valid_from, single, bulk, boot, file_id = _LAYOUT.unpack(body)
    if version != FORMAT:
        raise TableError(f"this table is of format {version}; this release reads {FORMAT}: update needed")
    return Header(
        region=region,
        capacity=capacity,
        applied={0: single, 1: bulk},
        file_id=file_id,
        boot=boot,
        valid_from=valid_from,
        superseded=bool(flags & _SUPERSEDED),
        clean=bool(flags & _CLEAN),
        serial=serial,
    )
