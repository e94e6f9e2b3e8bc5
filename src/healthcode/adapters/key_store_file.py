"""The key store as one SQLite file: per-person keys, each wrapped by the root key; durable, shared by processes.

A wrapped key is root id (4) || nonce || AES-256-GCM of the key; the reference is its associated data, so that a row
copied to another reference does not open. Destroying overwrites the row (`secure_delete`), empties the write-ahead log
and leaves a mark without key. What the disk keeps under the file is out of reach of any file system call: a root
rotation (`rewrap`, then destroying the old root) closes that too.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from healthcode.crypto.errors import BadKey
from healthcode.crypto.keystore import KeyDestroyed, KeyMissing
from healthcode.crypto.suites import suite

_KEY_BYTES: Final = 32
_BATCH: Final = 500  # below SQLite's limit of variables, in every build
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS person_key (
    ref TEXT PRIMARY KEY,
    wrapped BLOB,              -- NULL once destroyed
    destroyed_at INTEGER,      -- seconds since 1970
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
) WITHOUT ROWID
"""


class KeyStoreFile:
    """`crypto.keystore.KeyStore` on one file. Safe for any number of threads and processes of one host."""

    def __init__(self, path: Path, root: bytes, *, former_roots: Sequence[bytes] = ()) -> None:
        """Open or create `path` (mode 0600). `former_roots` still open keys that were wrapped before a rotation.

        Raises `BadKey` for a root that is not 32 bytes long.
        """
        self._path = path
        self._suite = suite("intl")
        self._root_id = self._id_of(root)
        self._roots = {self._id_of(key): key for key in (root, *former_roots)}
        self._local = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        with self._writing() as db:
            db.execute(_SCHEMA)

    def create(self, ref: str) -> bytes:
        """See `KeyStore.create`."""
        return self.create_many([ref])[ref]

    def create_many(self, refs: Sequence[str]) -> Mapping[str, bytes]:
        """See `KeyStore.create_many`. One transaction: all of them or, after an error or a crash, none."""
        rows = [(ref, self._wrap(ref, os.urandom(_KEY_BYTES))) for ref in dict.fromkeys(refs)]
        with self._writing() as db:
            db.executemany("INSERT INTO person_key (ref, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
            stored = self._wrapped(db, refs)
            for ref in refs:
                self._require(ref, stored)
        # Crash before the commit: no key was given out. After it: the same call returns the same keys.
        return {ref: self._unwrap(ref, wrapped) for ref, wrapped in stored.items() if wrapped is not None}

    def get(self, ref: str) -> bytes:
        """See `KeyStore.get`."""
        stored = self._wrapped(self._db(), [ref])
        return self._unwrap(ref, self._require(ref, stored))

    def get_many(self, refs: Sequence[str]) -> Mapping[str, bytes]:
        """See `KeyStore.get_many`."""
        stored = self._wrapped(self._db(), refs)
        return {ref: self._unwrap(ref, wrapped) for ref, wrapped in stored.items() if wrapped is not None}

    def destroy(self, ref: str) -> None:
        """See `KeyStore.destroy`."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO person_key (ref, wrapped, destroyed_at) VALUES (?, NULL, unixepoch()) "
                "ON CONFLICT (ref) DO UPDATE SET wrapped = NULL, destroyed_at = unixepoch() WHERE wrapped IS NOT NULL",
                (ref,),
            )
        # Crash here: the key is destroyed for every reader; the log still holds the old page until the next emptying.
        self._empty_log()

    def rewrap(self) -> int:
        """Wrap every key by the present root and return how many were not; then the former roots can be destroyed."""
        with self._writing() as db:
            rows = db.execute("SELECT ref, wrapped FROM person_key WHERE wrapped IS NOT NULL").fetchall()
            old = [(ref, wrapped) for ref, wrapped in rows if wrapped[:4] != self._root_id]
            fresh = [(self._wrap(ref, self._unwrap(ref, wrapped)), ref) for ref, wrapped in old]
            db.executemany("UPDATE person_key SET wrapped = ? WHERE ref = ?", fresh)
        self._empty_log()
        return len(fresh)

    def close(self) -> None:
        """Close the calling thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            self._local.db = None

    def _wrap(self, ref: str, key: bytes) -> bytes:
        return self._root_id + self._suite.seal(
            self._roots[self._root_id], key, b"healthcode/person-key" + ref.encode()
        )

    def _unwrap(self, ref: str, wrapped: bytes) -> bytes:
        root = self._roots.get(wrapped[:4])
        if root is None:
            raise BadKey(f"the key of {ref!r} was wrapped by a root key that is not given; add it to the former roots")
        return self._suite.open(root, wrapped[4:], b"healthcode/person-key" + ref.encode())

    def _id_of(self, root: bytes) -> bytes:
        if len(root) != _KEY_BYTES:
            raise BadKey(f"a root key has {_KEY_BYTES} bytes, this has {len(root)}")
        return self._suite.hash(b"healthcode/root-id" + root)[:4]

    @staticmethod
    def _require(ref: str, stored: Mapping[str, bytes | None]) -> bytes:
        if ref not in stored:
            raise KeyMissing(f"no key was ever made for {ref!r}")
        wrapped = stored[ref]
        if wrapped is None:
            raise KeyDestroyed(f"the key of {ref!r} was destroyed; what it sealed is gone")
        return wrapped

    @staticmethod
    def _wrapped(db: sqlite3.Connection, refs: Sequence[str]) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for at in range(0, len(refs), _BATCH):
            part = refs[at : at + _BATCH]
            marks = ",".join("?" * len(part))
            found |= db.execute(f"SELECT ref, wrapped FROM person_key WHERE ref IN ({marks})", part)  # noqa: S608 - marks
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One immediate transaction: racing writers wait for each other instead of failing halfway."""
        db = self._db()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _empty_log(self) -> None:
        """Write the log into the file and cut it to nothing; a reader at work delays the cut to the next time."""
        self._db().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def _db(self) -> sqlite3.Connection:
        """The calling thread's connection; a forked child opens its own, as SQLite demands."""
        if getattr(self._local, "pid", None) != os.getpid() or self._local.db is None:
            self._local.inherited = getattr(self._local, "db", None)  # of the parent: never closed here
            self._local.db = self._connect()
            self._local.pid = os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # durable on return: the log is on disk before COMMIT answers
        db.execute("PRAGMA secure_delete = ON")
        return db
