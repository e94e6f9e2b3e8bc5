"""The side files of a host in one LMDB environment: one writer, any number of mapped readers, no locks between them."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import lmdb

from healthcode.table.messages import FeedKind, SideChange

_KEY: Final = struct.Struct(">Q")
_SIGN: Final = 1 << 63  # flips the order of signed keys into LMDB's order of bytes
_META: Final = b"meta"
_MAP_BYTES: Final = 16 << 30  # address space, not disk: the file grows as it fills


class SideStoreLmdb:
    """`table.messages.SideStore` in `path` (a file). Open it once per process; the writer is one process."""

    def __init__(self, path: Path, *, writer: bool = False, map_bytes: int = _MAP_BYTES) -> None:
        """Open the environment; a writer creates it. Raises `FileNotFoundError` for a reader before any writer."""
        if not writer and not path.exists():
            raise FileNotFoundError(f"{path}: no side files yet; the updater makes them")
        if writer:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._env = lmdb.open(
                str(path),
                subdir=False,
                map_size=map_bytes,
                max_dbs=32,
                max_readers=1024,
                readonly=not writer,
                mode=0o660,  # the document index's account reads it, in the group that the umask leaves
            )
            self._dbs = {_META: self._env.open_db(_META, create=writer)}
            for kind in FeedKind if writer else ():
                self._dbs[_name(kind)] = self._env.open_db(_name(kind))
        except lmdb.Error as error:
            if writer:
                raise
            raise FileNotFoundError(
                f"{path}: the updater is making it, or it is damaged ({error}); open it again"
            ) from None

    def get(self, kind: int, key: int) -> bytes | None:
        """See `SideStore.get`."""
        db = self._db(kind)
        if db is None:
            return None
        with self._env.begin() as txn:
            return txn.get(_KEY.pack(key + _SIGN), db=db)

    def items(self, kind: int) -> Iterator[tuple[int, bytes]]:
        """See `SideStore.items`: the iteration holds one read transaction, so finish it."""
        db = self._db(kind)
        if db is None:
            return
        with self._env.begin() as txn:
            for key, payload in txn.cursor(db=db):
                yield _KEY.unpack(key)[0] - _SIGN, payload

    def applied(self, lane: int) -> int:
        """See `SideStore.applied`."""
        with self._env.begin() as txn:
            return int.from_bytes(txn.get(_lane(lane), b"", db=self._dbs[_META]), "big")

    def apply(self, changes: Sequence[SideChange], applied: Mapping[int, int]) -> None:
        """See `SideStore.apply`.

        Crash before the commit: nothing is stored and the feed gives it again. After it: everything is, on disk.
        """
        with self._env.begin(write=True) as txn:
            for kind, key, payload in changes:
                packed, db = _KEY.pack(key + _SIGN), self._dbs[_name(kind)]
                if payload is None:
                    txn.delete(packed, db=db)
                else:
                    txn.put(packed, payload, db=db)
            for lane, seq in applied.items():
                txn.put(_lane(lane), seq.to_bytes(8, "big"), db=self._dbs[_META])

    def clear(self) -> None:
        """See `SideStore.clear`."""
        with self._env.begin(write=True) as txn:
            for db in self._dbs.values():
                txn.drop(db, delete=False)

    def _db(self, kind: int) -> Any:
        """The entries of a kind; None for a reader where an updater of an earlier release knew no such kind."""
        name = _name(kind)
        if name not in self._dbs:
            try:
                self._dbs[name] = self._env.open_db(name, create=False)
            except lmdb.NotFoundError:
                return None
        return self._dbs[name]

    def close(self) -> None:
        """Close the environment; no iteration may be under way."""
        self._env.close()


def _name(kind: int) -> bytes:
    return b"kind-%d" % kind


def _lane(lane: int) -> bytes:
    return b"lane-%d" % lane
