"""The access log of one host: sealed, fsynced files, from which rows are shipped to the database once it is there.

A file holds records `length (4 bytes, little endian) | sealed row`. A torn record can only be the last of its file,
because after a failed write a new file begins, and so it does at every start. A file goes when its rows were shipped
and its hour is over: until then it is what tells a restarted process how much each device has spent.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from healthcode.crypto.errors import CryptoError
from healthcode.crypto.suites import suite
from healthcode.edge.document_limits import WINDOW_S
from healthcode.visits.access import AccessRow, AccessUnavailable

_SUITE = suite("intl")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(AccessRow)
_AAD = b"healthcode/access-log"


class _Kept(NamedTuple):
    path: Path
    row: AccessRow


class AccessLogFiles:
    """`visits.access.AccessLog` in `folder`; one process, one event loop. `key` (32 bytes) seals the rows."""

    def __init__(self, folder: Path, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._file = -1
        self._path = folder
        self._window = -1
        self._waiting: deque[tuple[Sequence[AccessRow], asyncio.Future[None]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._unshipped: deque[_Kept] = deque()

    def open(self) -> list[AccessRow]:
        """Read what an earlier process left; returns the rows of the present hour."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in sorted(self._folder.glob("*.rows")):
            self._unshipped.extend(_Kept(path, row) for row in _read(path, self._key))
        begin_ms = int(self._clock()) // WINDOW_S * WINDOW_S * 1000
        return [kept.row for kept in self._unshipped if kept.row.at_ms >= begin_ms]

    @property
    def depth(self) -> int:
        """Rows that wait to be shipped."""
        return len(self._unshipped)

    async def keep(self, rows: Sequence[AccessRow]) -> None:
        """See `AccessLog.keep`: rows that come while a write is under way share the next one."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch = list(self._waiting)
            self._waiting.clear()
            rows = [row for some, _ in batch for row in some]
            try:
                await asyncio.to_thread(self._write, rows)
            except OSError as error:
                self._abandon()
                for _, done in batch:
                    _settle(done, AccessUnavailable(error.strerror or "the access log cannot be written"))
                continue
            self._unshipped.extend(_Kept(self._path, row) for row in rows)
            for _, done in batch:
                _settle(done, None)

    def _write(self, rows: Sequence[AccessRow]) -> None:
        """Append and sync.  If we die half-way the torn record was never acknowledged and is skipped by readers."""
        window = int(self._clock()) // WINDOW_S
        if self._file < 0 or window != self._window:
            self._abandon()
            self._path = self._folder / f"{window:08d}-{time.time_ns()}.rows"
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._window = window
            _sync_folder(self._folder)
        sealed = (_SUITE.seal(self._key, _ENCODER.encode(row), _AAD) for row in rows)
        data = b"".join(len(one).to_bytes(4, "little") + one for one in sealed)
        if os.write(self._file, data) != len(data):
            raise OSError(28, "the disk is full")
        os.fdatasync(self._file)

    def _abandon(self) -> None:
        """Close the file: nothing is ever appended behind a record that may be torn."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def to_ship(self, most: int) -> list[AccessRow]:
        """The oldest rows that were not shipped."""
        return [kept.row for kept, _ in zip(self._unshipped, range(most), strict=False)]

    def shipped(self, count: int) -> None:
        """The first `count` of `to_ship` are in the database; files of past hours without others are removed.

        If we die before the removal the rows are shipped again, which changes nothing there.
        """
        for _ in range(count):
            self._unshipped.popleft()
        held = {kept.path for kept in self._unshipped} | {self._path}
        present = f"{int(self._clock()) // WINDOW_S:08d}"
        for path in self._folder.glob("*.rows"):
            if path not in held and path.name[:8] < present:
                path.unlink()

    async def close(self) -> None:
        """Finish what is being written."""
        if self._writing is not None:
            await self._writing
        self._abandon()


def _read(path: Path, key: bytes) -> Iterator[AccessRow]:
    """The whole rows of a file, up to the first that is torn."""
    data = path.read_bytes()
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        try:
            yield _DECODER.decode(_SUITE.open(key, data[at + 4 : end], _AAD))
        except (CryptoError, msgspec.DecodeError):
            return
        at = end


def _settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if done.done():
        return  # whoever asked has gone
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
