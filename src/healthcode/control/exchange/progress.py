"""How far an import is, told beside its one transaction; and whether somebody wants it to end.

The import's own transaction shows nothing to others before it commits. So progress goes over a second connection, in
acts of their own, at most once a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connections

from healthcode.control.ports import ports

EVERY_S: Final = 0.5
STEPS: Final = ("checking", "matching", "recording", "deriving")
Report = Callable[[str, int, int], None]
"""Told the step, how many rows of it are done and how many there are (0: not known yet)."""


class Cancelled(Exception):
    """Somebody asked that the import end. Nothing of it remains."""


class Beside:
    """A second connection for the length of one import."""

    def __init__(self, upload: UUID, *, watch: Report | None = None) -> None:
        self._upload, self._watch = upload, watch
        self._connection: Any = connections.create_connection("default")
        self._due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(DatabaseError):
            self._connection.close()

    def tell(self, step: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is, now and then. Raises `Cancelled` where the import is to end."""
        if self._watch is not None:
            self._watch(step, done, total)
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_S
        if self._asked_to_end(step, done, total):
            raise Cancelled

    def part(self, number: int) -> bytes:
        """A sealed part of the file, read while the import's own connection is busy copying."""
        with self._turn() as cursor:
            cursor.execute(
                "SELECT sealed FROM exchange_uploadpart WHERE upload_id = %s AND number = %s", [self._upload, number]
            )
            found = cursor.fetchone()
        if found is None:
            raise Cancelled  # somebody else finished with this file
        return bytes(found[0])

    @contextmanager
    def _turn(self) -> Iterator[Any]:
        """A transaction and an act on the second connection."""
        self._connection.set_autocommit(False)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT act_begin(%s, 'import a file')", [ports().system_token])
                yield cursor
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def _asked_to_end(self, step: str, done: int, total: int) -> bool:
        try:
            with self._turn() as cursor:
                cursor.execute(
                    "INSERT INTO exchange_uploadprogress (upload_id, step, done, total, at) VALUES (%s, %s, %s, %s, %s)"
                    " ON CONFLICT (upload_id) DO UPDATE SET step = EXCLUDED.step, done = EXCLUDED.done,"
                    " total = EXCLUDED.total, at = EXCLUDED.at",
                    [self._upload, step, done, total, datetime.now(UTC)],
                )
                cursor.execute("SELECT 1 FROM exchange_uploadcancellation WHERE upload_id = %s", [self._upload])
                return cursor.fetchone() is not None
        except DatabaseError:
            return False  # progress is told, not owed: the import goes on without
