"""The spool on disk: segment files in one folder, written by the edge workers of this host, shipped by whichever can.

A segment belongs to whoever holds its lock; the kernel lets go of a killed worker's, and another worker ships it.
After a failed write or sync a file is never written again: what the kernel then holds of it is not known.
"""

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeVar
from uuid import UUID

import structlog

from healthcode.visits.numbers import visit_numbers
from healthcode.visits.record import Visit
from healthcode.visits.sink import SinkUnavailable, SpoolDepth, VisitSink, VisitsRefused
from healthcode.visits.spool import (
    FRAME_BYTES,
    HEAD_BYTES,
    MOST_VISITS,
    SEGMENT_BYTES,
    Segment,
    SpoolError,
    segment_count,
    segment_read,
)

WAITING, REFUSED, DAMAGED = ".visits", ".refused", ".damaged"
REFUSED_AGAIN_S: Final = 3600.0
"""How often what the sink refused is offered again: a missing partition may have been made."""

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """Bytes: of all segments, of one segment, and what must stay free on the disk for those who share it."""

    total: int = 4 << 30
    segment: int = 16 << 20
    reserve: int = 64 << 20


class _Open(NamedTuple):
    """The segment being written."""

    file: FileIO
    path: Path
    segment: Segment


class _Claimed(NamedTuple):
    """A segment that is ours to ship."""

    file: IO[bytes]
    path: Path
    batches: list[list[Visit]]
    damaged: int


class FileSpool:
    """VisitSpool in a folder.  All work on files is done by one thread of its own, in order."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        colors: Callable[[], Mapping[str, int]],
        *,
        suite_name: str = "intl",
        limits: SpoolLimits = SpoolLimits(),
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        """`key` seals (32 bytes); `colors` tells which outcomes the sink will take; `sync` makes a file durable."""
        self._folder = folder
        self._key = key
        self._colors = colors
        self._suite = suite_name
        self._limits = limits
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._open: _Open | None = None
        self._counted: dict[str, tuple[int, int]] = {}
        self._refused: list[Path] = []
        self._refused_due_s = float("-inf")

    async def store(self, visits: Sequence[Visit]) -> None:
        """Make all visits durable on this host (see VisitSink)."""
        refused: dict[UUID, str] = {}
        good = []
        colors = self._colors()
        for visit in visits:
            try:
                visit_numbers(visit, colors)
                good.append(visit)
            except KeyError as error:
                refused[visit.id] = f"no stored number for {error}"
        if good:
            await self._do(lambda: self._append(good))
        if refused:
            raise VisitsRefused(refused)

    async def ship(self, sink: VisitSink, *, bound_s: float) -> int:
        """See VisitSpool.ship."""
        shipped = 0
        while (claimed := await self._do(self._claim)) is not None:
            try:
                shipped += await self._ship(claimed, sink, bound_s)
            finally:
                claimed.file.close()
        return shipped

    def depth(self) -> SpoolDepth:
        """See VisitSpool.depth."""
        waiting, refused = self._list(WAITING), self._list(REFUSED)
        known = {path.name for path in (*waiting, *refused)}
        self._counted = {name: count for name, count in self._counted.items() if name in known}
        counts = [self._count(path) for path in waiting]
        total = sum(count for _, count in counts)
        oldest = next((int(path.name[:14]) for path, (_, count) in zip(waiting, counts, strict=True) if count), None)
        return SpoolDepth(
            visits=total,
            bytes=sum(size for size, _ in counts),
            oldest_ms=oldest,
            refused=sum(self._count(path)[1] for path in refused),
            damaged=len(self._list(DAMAGED)),
        )

    async def close(self) -> None:
        """Let go of the segment being written; what it holds is shipped later, by whoever comes next."""
        await self._do(self._retire)
        self._thread.shutdown()

    async def _do(self, work: Callable[[], _T]) -> _T:
        """Run `work` on the spool's thread; whoever stops waiting does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # writing, on the thread ------------------------------------------------------------------------------------------

    def _append(self, visits: Sequence[Visit]) -> None:
        """Durable on return.  Dying before the sync: nobody was answered, and what is torn is left out when read."""
        try:
            self._room(len(visits))
            self._open = self._open or self._begin(WAITING)
            self._write(self._open, visits)
        except OSError as error:
            self._retire()
            raise SinkUnavailable(f"the spool cannot be written: {error}") from error
        if self._open.file.tell() >= self._limits.segment:
            self._retire()

    def _write(self, opened: _Open, visits: Sequence[Visit]) -> None:
        """Frames at the end of a segment, durable on return.  Raises OSError."""
        for first in range(0, len(visits), MOST_VISITS):
            frame = memoryview(opened.segment.frame(visits[first : first + MOST_VISITS]))
            while frame:  # a disk that fills up takes a part first
                frame = frame[opened.file.write(frame) :]
        self._sync(opened.file.fileno())

    def _room(self, visits: int) -> None:
        """Raises OSError where the spool, or its disk, is nearly full: the table's updater needs room too."""
        wanted = 200 * visits
        used = sum(_size(path) for path in self._list(WAITING))
        if used + wanted > self._limits.total:
            raise OSError(f"the spool holds {used} bytes, of {self._limits.total} allowed")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(self._folder).free
        if free < self._limits.reserve + wanted:
            raise OSError(f"{free} bytes are free on the disk of {self._folder}")

    def _begin(self, ending: str) -> _Open:
        """A new segment, locked, its name durable."""
        name = os.urandom(SEGMENT_BYTES)
        path = self._folder / f"{time.time_ns() // 1_000_000:014d}-{name.hex()}{ending}"
        file = path.open("xb", buffering=0)
        opened = _Open(file, path, Segment(self._key, name, suite_name=self._suite))
        try:
            path.chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(opened.segment.head)
            self._sync_folder()
        except OSError:
            _discard(opened)
            raise
        return opened

    def _retire(self) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        with suppress(OSError):
            if opened.file.tell() <= HEAD_BYTES:
                opened.path.unlink(missing_ok=True)
        opened.file.close()

    # shipping --------------------------------------------------------------------------------------------------------

    def _claim(self) -> _Claimed | None:
        """The oldest segment that nobody holds; at last the one being written, if anything is in it."""
        if time.monotonic() >= self._refused_due_s:
            self._refused_due_s = time.monotonic() + REFUSED_AGAIN_S
            self._refused = self._list(REFUSED)
        for path in self._list(WAITING):
            if self._open is not None and path == self._open.path:
                continue
            claimed = self._take(path)
            if claimed is not None:
                return claimed
        while self._refused:
            claimed = self._take(self._refused.pop())
            if claimed is not None:
                return claimed
        if self._open is None:
            return None
        path = self._open.path
        self._retire()
        return self._take(path)

    def _take(self, path: Path) -> _Claimed | None:
        """Lock and read a segment; None where another worker has it or had it."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink == 0:
                file.close()
                return None
            found = segment_read(file.read(), self._key)
        except BlockingIOError:
            file.close()
            return None
        except SpoolError as error:
            _log.error("spool_segment_unreadable", file=path.name, reason=str(error))
            path.rename(path.with_suffix(DAMAGED))
            file.close()
            return None
        return _Claimed(file, path, found.batches, found.damaged)

    async def _ship(self, claimed: _Claimed, sink: VisitSink, bound_s: float) -> int:
        """Dying anywhere before the end: the segment is still there, and is shipped again under the same keys."""
        refused: list[Visit] = []
        shipped = 0
        for batch in claimed.batches:
            kept = await _store_within(sink, batch, bound_s)
            refused += kept
            shipped += len(batch) - len(kept)
        if refused and claimed.path.suffix == REFUSED and shipped == 0:
            return 0  # as before; it stays
        await self._do(lambda: self._forget(claimed, refused))
        return shipped

    def _forget(self, claimed: _Claimed, refused: list[Visit]) -> None:
        """Nothing is removed before what must stay is durable elsewhere."""
        try:
            if refused:
                _log.error("spooled_visits_refused", visits=len(refused))
                opened = self._begin(REFUSED)
                self._write(opened, refused)
                opened.file.close()
            if claimed.damaged:
                _log.error("spool_segment_damaged", file=claimed.path.name, frames=claimed.damaged)
                claimed.path.rename(claimed.path.with_suffix(DAMAGED))
            else:
                claimed.path.unlink(missing_ok=True)
            self._sync_folder()
        except OSError as error:
            raise SinkUnavailable(f"the spool cannot be written: {error}") from error

    # looking ---------------------------------------------------------------------------------------------------------

    def _list(self, ending: str) -> list[Path]:
        """The segments of one kind, oldest first."""
        try:
            return sorted(
                self._folder / entry.name for entry in os.scandir(self._folder) if entry.name.endswith(ending)
            )
        except FileNotFoundError:
            return []

    def _count(self, path: Path) -> tuple[int, int]:
        """Bytes of a segment and visits in it, read anew only where it grew."""
        size = _size(path)
        before = self._counted.get(path.name)
        if before is None or before[0] != size:
            before = self._counted[path.name] = (size, _visits_in(path))
        return before

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            self._sync(handle)
        finally:
            os.close(handle)


async def _store_within(sink: VisitSink, batch: list[Visit], bound_s: float) -> list[Visit]:
    """Store a batch; return what the sink refuses for ever.  Raises SinkUnavailable."""
    try:
        async with asyncio.timeout(bound_s):
            await sink.store(batch)
    except VisitsRefused as error:
        return [visit for visit in batch if visit.id in error.refused]
    except TimeoutError as error:
        raise SinkUnavailable(f"no answer within {bound_s} s") from error
    return []


def _discard(opened: _Open) -> None:
    opened.file.close()
    with suppress(OSError):
        opened.path.unlink()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _visits_in(path: Path) -> int:
    """Visits in a segment by its frame heads, without opening any seal."""
    total = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(HEAD_BYTES)
        while True:
            length, visits = segment_count(file.read(FRAME_BYTES))
            if not length:
                break
            total += visits
            file.seek(length, os.SEEK_CUR)
    return total
