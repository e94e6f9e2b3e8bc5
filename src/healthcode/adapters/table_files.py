"""Table files on disk, mapped into memory: made, grown and replaced by one updater, followed by every reader.

The name of a table is stable (`table-current.bin`); its file is not. A new one is built beside it and renamed over it,
and the old one is marked superseded, on which readers open the name again.
"""

import mmap
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from healthcode.domain.time import Minute
from healthcode.table.file import TableEditor, TableView, table_format, table_size
from healthcode.table.header import HEADER_BYTES, Header, TableError, header_decode
from healthcode.table.record import Record

CURRENT: Final = "table-current.bin"
NEXT: Final = "table-next.bin"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_GROWTH: Final = 1 << 16


def boot_id() -> bytes:
    """Return 16 bytes that differ for each boot of this machine (zeros where the system does not tell)."""
    try:
        return uuid.UUID(_BOOT_ID.read_text().strip()).bytes
    except (OSError, ValueError):
        return bytes(16)


class TableFile:
    """One table file opened for writing. The only writer of its host; grows when a subject number lies beyond it."""

    def __init__(self, path: Path, *, region: int) -> None:
        """Map an existing file; raises `FileNotFoundError`, or `TableError` for one that is not ours."""
        self.path = path
        self._region = region
        self._file = path.open("r+b")
        try:
            self._map()
        except (TableError, ValueError):
            self._file.close()
            raise

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        region: int,
        capacity: int,
        applied: Mapping[int, int] | None = None,
        valid_from: Minute = 0,
    ) -> Self:
        """Make a new empty table at `path`, replacing nothing: raises `FileExistsError`.

        The file is sparse; records never written cost no disk and read `unknown`.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("x+b") as file:
            path.chmod(0o600)
            file.truncate(table_size(capacity))
            with mmap.mmap(file.fileno(), HEADER_BYTES) as data:
                table_format(
                    data,
                    region=region,
                    capacity=capacity,
                    file_id=os.urandom(16),
                    boot=boot_id(),
                    applied=applied,
                    valid_from=valid_from,
                )
        return cls(path, region=region)

    @property
    def header(self) -> Header:
        """The header as it is now."""
        return self.editor.header

    @property
    def trustworthy(self) -> bool:
        """Whether every page that was written is there: closed in order, or written since this machine's boot.

        Otherwise (a power cut) the watermarks may run ahead of the records: build the table again from a snapshot.
        """
        header = self.header
        return header.clean or header.boot == boot_id()

    def claim(self) -> None:
        """Begin to write: mark the file as this boot's and not closed in order; raises `TableError` if untrustworthy.

        Crash at any later time of the process alone: the kernel keeps every write. Of the machine: `trustworthy`
        turns false, because boot ids differ and `clean` is not set.
        """
        if not self.trustworthy:
            raise TableError(f"{self.path}: written under an earlier boot and never closed; build it from a snapshot")
        self.editor.mark(boot=boot_id(), clean=False)
        self.flush()

    def apply(self, number: int, record: bytes) -> bool:
        """See `TableEditor.apply`; grows the file first where `number` lies beyond it."""
        if number >= self.editor.capacity:
            self.grow(number + 1)
        return self.editor.apply(number, record)

    def read(self, number: int) -> Record:
        """See `TableView.read`."""
        return self.editor.read(number)

    def put(self, number: int, record: bytes) -> None:
        """See `TableEditor.put`; grows the file first where `number` lies beyond it."""
        if number >= self.editor.capacity:
            self.grow(number + 1)
        self.editor.put(number, record)

    def mark(self, *, applied: Mapping[int, int] | None = None) -> None:
        """See `TableEditor.mark`."""
        self.editor.mark(applied=applied)

    def adopt(self, *, file_id: bytes, valid_from: Minute) -> None:
        """Make a copy of another machine's table this one's own draft."""
        self.editor.mark(boot=boot_id(), clean=False, superseded=False, file_id=file_id, valid_from=valid_from)

    def withdraw(self) -> None:
        """Remove the file behind this name and let readers go.

        Crash before the unlink: the name stays and whoever starts again decides again. After it, before the mark:
        readers look behind the name and find nothing.
        """
        self.path.unlink(missing_ok=True)
        self.editor.mark(superseded=True)
        self.abandon()

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` records and some more. Readers follow when the header says so.

        Crash after the truncate: the file is longer than its header says, which hurts nobody.
        """
        wanted = -(-capacity // _GROWTH) * _GROWTH
        self._unmap()
        os.ftruncate(self._file.fileno(), table_size(wanted))
        self._map()
        self.editor.enlarge(wanted)

    def flush(self) -> None:
        """Return when everything written so far is on disk."""
        self._mapping.flush()
        os.fsync(self._file.fileno())

    def replace(self, name: Path) -> None:
        """Put this file in the place of `name` and mark the one there superseded; readers of it open the name again.

        Crash before the rename: the old table stays current and is followed. After it, before the mark: new readers
        have the new file, and `TableReader.follow` also looks at which file is behind the name.
        """
        self.flush()
        old = _table_at(name, self._region)
        self.path.rename(name)
        _sync_folder(name.parent)
        self.path = name
        if old is not None:
            old.editor.mark(superseded=True)
            old.abandon()

    def close(self) -> None:
        """Close in order: flush, then mark clean, then flush the mark (a power cut between leaves it unclean)."""
        self.flush()
        self.editor.mark(clean=True)
        self.flush()
        self.abandon()

    def abandon(self) -> None:
        """Close without marking anything."""
        self._unmap()
        self._file.close()

    def _map(self) -> None:
        self._mapping = mmap.mmap(self._file.fileno(), 0)
        self.editor = TableEditor(self._mapping, region=self._region)

    def _unmap(self) -> None:
        self.editor.close()
        self._mapping.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close() if kind is None else self.abandon()


class TableReader:
    """Follows the table behind a name, read only, through growth and replacement."""

    def __init__(self, path: Path, *, region: int) -> None:
        """Map the file; raises `FileNotFoundError` before the updater made it, `TableError` for one not ours."""
        self._path = path
        self._region = region
        self._inode = -1
        self.view = self._map()

    def read(self, number: int) -> Record:
        """See `TableView.read`."""
        return self.view.read(number)

    @property
    def exists(self) -> bool:
        """Whether a file is behind the name now."""
        return _inode(self._path) >= 0

    def follow(self) -> bool:
        """Map anew if the table was replaced or grew; tell whether it did. Call it about once a second.

        Until then readers answer from the old file, which is as fresh as it was when it was replaced.
        """
        header = self.view.header
        if header.capacity == self.view.capacity and not header.superseded and self._inode == _inode(self._path):
            return False
        try:
            fresh = self._map()
        except (OSError, ValueError):
            return False  # half made or gone: the old mapping still answers; try again at the next call
        self.view = fresh
        return True

    def _map(self) -> TableView:
        with self._path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = TableView(mapping, region=self._region)
        self._inode = inode
        return view


def _table_at(name: Path, region: int) -> TableFile | None:
    """The table behind a name; None where nothing is, or nothing that anybody could be reading."""
    try:
        return TableFile(name, region=region)
    except (FileNotFoundError, TableError, ValueError):
        return None


def table_header(path: Path) -> Header:
    """Return the header of a table file without mapping it; raises `FileNotFoundError` or `TableError`."""
    with path.open("rb") as file:
        return header_decode(file.read(HEADER_BYTES))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
