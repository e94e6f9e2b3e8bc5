"""Reads one consistent state of everything that an edge holds from PostgreSQL, row by row, for a snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from healthcode.table.messages import LANES, FeedKind

Row = tuple[Any, ...]
ROWS_AT_ONCE = 10_000


class SnapshotSource:
    """One REPEATABLE READ transaction.

    Rows that were committed but not numbered yet are in this state and come once more by the feed, which does no
    harm; nothing is ever missing.
    """

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def applied(self) -> dict[int, int]:
        """The last number of each lane in this state."""
        rows = self._connection.execute("SELECT lane, max(seq) FROM feed_log GROUP BY lane").fetchall()
        return dict.fromkeys(LANES, 0) | {int(lane): int(seq) for lane, seq in rows}

    def last_subject(self) -> int:
        """The highest subject number, 0 for none."""
        row = self._connection.execute("SELECT coalesce(max(number), 0) FROM subject_state").fetchone()
        return int(row[0]) if row else 0

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Every record that was built, as (subject number, 32 bytes), ascending."""
        sql = "SELECT number, record FROM subject_state WHERE record IS NOT NULL ORDER BY number"
        for number, record in self._stream("records", sql):
            yield int(number), bytes(record)

    def sides(self) -> Iterator[tuple[int, int, bytes]]:
        """Every side entry as (kind, key, payload): the grounds of subjects, then what was published."""
        sql = "SELECT number, grounds FROM subject_state WHERE length(grounds) > 0 ORDER BY number"
        for number, grounds in self._stream("grounds", sql):
            yield int(FeedKind.GROUNDS), int(number), bytes(grounds)
        sql = "SELECT kind, key, payload FROM bridge_published WHERE length(payload) > 0 ORDER BY kind, key"
        for kind, key, payload in self._stream("published", sql):
            if kind not in (FeedKind.RECORD, FeedKind.GROUNDS):  # those come from the subjects themselves
                yield int(kind), int(key), bytes(payload)

    def _stream(self, name: str, sql: str) -> Iterator[Row]:
        with self._connection.cursor(name=name) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(sql.encode())
            yield from cursor


@contextmanager
def snapshot_source(url: str, system_token: str) -> Iterator[SnapshotSource]:
    """A source over a connection of its own as role `app`, in an act of the system.  Raises psycopg.Error."""
    with psycopg.connect(url, connect_timeout=5, application_name="healthcode-snapshot") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # row policies show all subjects' states to the system alone
        connection.execute("SELECT act_begin(%s, 'snapshot for the edges')", [system_token])
        yield SnapshotSource(connection)
        connection.rollback()
