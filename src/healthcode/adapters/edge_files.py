"""The edge folder of one host: identity key, status file, built pages, and the host's clocks.

The status file is replaced whole (written beside, renamed), so a reader sees the old or the new one, never a mixture.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.adapters.table_files import CURRENT, NEXT, TableReader
from healthcode.crypto.sealed_box import box_keypair, box_public
from healthcode.edge.status import NOTHING, Moment, Status
from healthcode.table.file import TableView
from healthcode.table.header import TableError
from healthcode.visits.spool import KEY_BYTES

SIDE = "side.lmdb"
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Status)


def moment_now() -> Moment:
    """Wall clock and boot clock, read together."""
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))


def boot_name() -> str:
    """This boot of the host: the boot clock began anew with it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class UpdaterRunning(RuntimeError):
    """This host has an updater already."""


class StatusFile:
    """The updater's status in `folder`; one writer, many readers."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "status"
        self._draft = folder / ".status.draft"

    def write(self, status: Status) -> None:
        """Replace the status.  Not synced: after a power cut the updater writes a new one first thing."""
        self._draft.write_bytes(_ENCODER.encode(status))
        self._draft.replace(self._path)

    def read(self) -> Status:
        """The latest status, or NOTHING where no updater has run here."""
        try:
            return _DECODER.decode(self._path.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return NOTHING


def identity_open(folder: Path) -> bytes:
    """This host's private key (X25519, 32 bytes), made on first use.  Only this account may read it.

    If we die before the rename no control has seen the key and the next start makes another one.
    """
    return _key_open(folder / "identity.key", lambda: box_keypair()[0])


def spool_key_open(folder: Path) -> bytes:
    """The key that seals this host's spooled visits (32 bytes), made on first use.  It never leaves the host."""
    return _key_open(folder / "spool.key", lambda: os.urandom(KEY_BYTES))


def _key_open(path: Path, make: Callable[[], bytes]) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.stem}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces the key of a process that was quicker
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def identity_public(private: bytes) -> bytes:
    """The public half, by which control seals epoch keys to this host."""
    return box_public(private)


def identity_name(private: bytes) -> str:
    """This host's id among the enrolled edges: the beginning of its public key's digest."""
    return hashlib.sha256(box_public(private)).hexdigest()[:16]


def pages_read(folder: Path) -> dict[str, bytes]:
    """All files below the folder of the built pages, by path relative to it; empty where nothing was built."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


class EdgeHost:
    """What the updater keeps in `folder`, for one edge worker (`edge.world.Host`)."""

    def __init__(self, folder: Path, *, region: int) -> None:
        self.boot_id = boot_name()
        self._folder = folder
        self._region = region
        self._status = StatusFile(folder)
        self._side: SideStoreLmdb | None = None
        self._table: TableReader | None = None
        self._waiting: TableReader | None = None

    def status(self) -> Status:
        """See `Host.status`."""
        return self._status.read()

    def side(self) -> SideStoreLmdb | None:
        """See `Host.side`."""
        if self._side is None:
            try:
                self._side = SideStoreLmdb(self._folder / SIDE)
            except OSError:
                return None
        return self._side

    def waiting(self) -> TableView | None:
        """See `Host.waiting`."""
        if self._waiting is not None and not self._waiting.exists:
            self._waiting = None  # renamed over the current table, or withdrawn
        if self._waiting is None:
            self._waiting = _reader(self._folder / NEXT, self._region)
        if self._waiting is None:
            return None
        self._waiting.follow()
        return self._waiting.view

    def table(self) -> TableView | None:
        """See `Host.table`."""
        if self._table is None:
            self._table = _reader(self._folder / CURRENT, self._region)
        if self._table is None:
            return None
        self._table.follow()
        return self._table.view


def _reader(path: Path, region: int) -> TableReader | None:
    try:
        return TableReader(path, region=region)
    except (OSError, TableError, ValueError):
        return None


def updater_lock(folder: Path) -> IO[str]:
    """Become this host's one updater until the file is closed.  Raises UpdaterRunning where there is one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / "updater.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UpdaterRunning(f"Another updater keeps {folder} up to date; a host has one. Stop it first.") from None
    return file
