"""Reading and writing a table file through any buffer: a header of 4,096 bytes, then records by subject number.

One editor, any number of views, in as many processes. A view never waits: a record caught while it is being written
fails its CRC, is read once more and then reads `unknown`.
"""

from collections.abc import Iterable, Mapping
from mmap import mmap

from healthcode.domain.time import Minute
from healthcode.table.header import HEADER_BYTES, Header, TableError, header_decode, header_encode, header_place
from healthcode.table.record import RECORD_BYTES, UNKNOWN, Record, RecordError, record_decode, record_version

Buffer = mmap | bytearray | memoryview | bytes


def table_size(capacity: int) -> int:
    """Return the length in bytes of a table file for subject numbers 0 to capacity - 1."""
    return HEADER_BYTES + capacity * RECORD_BYTES


class TableView:
    """A reader of one table. Cheap to make; safe beside one editor in another process."""

    def __init__(self, buffer: Buffer, *, region: int) -> None:
        """Look into `buffer` (a mapped file); raises `TableError` for a broken header or another region's table."""
        self._buffer = buffer
        self._data = memoryview(buffer).cast("B")
        header = self.header
        if header.region != region:
            raise TableError(f"this table is of region {header.region}, this edge of {region}")
        if table_size(header.capacity) > len(self._data):
            raise TableError(f"a table of {header.capacity} records is longer than the {len(self._data)} bytes here")
        self.capacity = header.capacity

    @property
    def header(self) -> Header:
        """The header as it is now; raises `TableError`. The editor's two slots make a second look enough."""
        try:
            return header_decode(self._data[:HEADER_BYTES])
        except TableError:
            return header_decode(self._data[:HEADER_BYTES])

    def read(self, number: int) -> Record:
        """Return the record of a subject number; `UNKNOWN` for one outside the table or never whole."""
        if not 0 <= number < self.capacity:
            return UNKNOWN
        at = HEADER_BYTES + number * RECORD_BYTES
        try:
            return record_decode(self._buffer[at : at + RECORD_BYTES])
        except RecordError:
            pass  # perhaps it was being written
        try:
            return record_decode(self._buffer[at : at + RECORD_BYTES])
        except RecordError:
            return UNKNOWN

    def damaged(self, numbers: Iterable[int]) -> list[int]:
        """Return those of `numbers` whose stored bytes are no record: they need their record again."""
        return [number for number in numbers if record_version(self.raw(number)) < 0]

    def raw(self, number: int) -> bytes:
        """Return the 32 stored bytes of a subject number inside the table."""
        at = HEADER_BYTES + number * RECORD_BYTES
        return bytes(self._buffer[at : at + RECORD_BYTES])

    def close(self) -> None:
        """Let go of the buffer, so that its owner can close it."""
        self._data.release()


class TableEditor(TableView):
    """The one writer of a table. Writes reach other processes at once and the disk whenever the kernel pleases."""

    def apply(self, number: int, record: bytes) -> bool:
        """Store a record unless the table's is of the same or a higher version; tell whether it was stored.

        Raises `RecordError` for bytes that are no record and `TableError` for a number outside the table. A damaged
        record is always replaced.
        """
        if not 0 <= number < self.capacity:
            raise TableError(f"subject {number} is outside this table of {self.capacity} records; grow it first")
        new = record_version(record)
        if new < 0:
            raise RecordError("the CRC of this record is wrong")
        if new <= (old := record_version(self.raw(number))) and old > 0:
            return False
        self.put(number, record)
        return True

    def put(self, number: int, record: bytes) -> None:
        """Store 32 bytes as they are: for building a table from a snapshot."""
        at = HEADER_BYTES + number * RECORD_BYTES
        self._data[at : at + RECORD_BYTES] = record

    def put_many(self, first: int, records: bytes) -> None:
        """Store a run of records from subject number `first` on, as they are."""
        at = HEADER_BYTES + first * RECORD_BYTES
        self._data[at : at + len(records)] = records

    def mark(
        self,
        *,
        applied: Mapping[int, int] | None = None,
        superseded: bool | None = None,
        clean: bool | None = None,
        boot: bytes | None = None,
        file_id: bytes | None = None,
        valid_from: Minute | None = None,
    ) -> None:
        """Change the header; what is not given stays.

        Crash: records of the feed up to `applied` are in the mapping before this is called, and the kernel keeps both
        if only the process dies; so a watermark never runs ahead of its records. If the machine dies, pages may have
        reached the disk in any order: `boot` and `clean` tell, and the file is built again from a snapshot.
        """
        old = self.header
        self._write(
            old._replace(
                applied=dict(old.applied) | dict(applied or {}),
                superseded=old.superseded if superseded is None else superseded,
                clean=old.clean if clean is None else clean,
                boot=old.boot if boot is None else boot,
                file_id=old.file_id if file_id is None else file_id,
                valid_from=old.valid_from if valid_from is None else valid_from,
            )
        )

    def enlarge(self, capacity: int) -> None:
        """Say that the table holds `capacity` records; the buffer must be long enough already."""
        self._write(self.header._replace(capacity=capacity))
        self.capacity = capacity

    def _write(self, header: Header) -> None:
        _write_header(self._data, header._replace(serial=header.serial + 1))


def table_format(
    buffer: Buffer,
    *,
    region: int,
    capacity: int,
    file_id: bytes,
    boot: bytes,
    applied: Mapping[int, int] | None = None,
    valid_from: Minute = 0,
) -> None:
    """Write the header of a new, empty table over a zeroed buffer of `table_size(capacity)` bytes."""
    data = memoryview(buffer).cast("B")
    header = Header(region, capacity, dict(applied or {}), file_id, boot, valid_from, serial=1)
    _write_header(data, header)
    data.release()


def _write_header(data: memoryview, header: Header) -> None:
    at = header_place(header.serial)
    encoded = header_encode(header)
    data[at : at + len(encoded)] = encoded
