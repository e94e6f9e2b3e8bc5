"""Visit sink on PostgreSQL: group commit by binary COPY into a temporary table and one INSERT.

`ON CONFLICT DO NOTHING` makes storing idempotent, so a COMMIT whose reply was lost is simply repeated.  A row that the
database refuses splits its batch until it stands alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from healthcode.adapters.feed_postgres import LOST
from healthcode.visits.numbers import visit_numbers
from healthcode.visits.record import Visit
from healthcode.visits.sink import SinkUnavailable, VisitsRefused

Connection = Any
"""asyncpg ships no types; its connection is confined to the adapters."""
Connect = Callable[[], Awaitable[Connection]]

_COLUMNS = ("id", "venue", "checkpoint", "subject", "at", "grade", "device", "outcome", "verdict")
_TEMPORARY = """
CREATE TEMPORARY TABLE IF NOT EXISTS visit_incoming (
  id uuid, venue bigint, checkpoint int, subject bigint, at timestamptz, grade smallint, device bytea,
  outcome smallint, verdict smallint) ON COMMIT DELETE ROWS
"""
_MOVE = """
INSERT INTO visit (id, venue, checkpoint, subject, at, grade, device, outcome, verdict)
SELECT id, venue, checkpoint, subject, at, grade, device, outcome, verdict FROM visit_incoming
ON CONFLICT DO NOTHING
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, OverflowError, KeyError)


def connector(url: Callable[[], str]) -> Connect:
    """A factory of connections with bounds on every statement.

    `url` is asked at each connecting, because an embedded database may come back on another port.
    """

    async def connect() -> Connection:
        settings = {"statement_timeout": "5000", "lock_timeout": "2000", "application_name": "healthcode-edge"}
        return await asyncpg.connect(url(), timeout=3, command_timeout=5, server_settings=settings)

    return connect


class PostgresVisitSink:
    """VisitSink over at most `limit` PostgreSQL connections, opened when first needed."""

    def __init__(self, connect: Connect, colors: Callable[[], Mapping[str, int]], *, limit: int = 2) -> None:
        self._connect = connect
        self._colors = colors
        self._idle: list[Connection] = []
        self._slots = asyncio.Semaphore(limit)

    async def store(self, visits: Sequence[Visit]) -> None:
        """Make all visits durable (see VisitSink)."""
        refused: dict[UUID, str] = {}
        rows = []
        for visit in visits:
            try:
                rows.append(self._row(visit))
            except KeyError as error:
                refused[visit.id] = f"no stored number for {error}"
        async with self._slots:
            if rows:
                await self._store_rows(rows, refused)
        if refused:
            raise VisitsRefused(refused)

    async def close(self) -> None:
        """Close idle connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close(timeout=2)

    def _row(self, visit: Visit) -> tuple[object, ...]:
        grade, outcome, verdict = visit_numbers(visit, self._colors())
        return (
            visit.id,
            visit.venue,
            visit.checkpoint,
            visit.subject,
            _EPOCH + timedelta(milliseconds=visit.at_ms),
            grade,
            visit.device,
            outcome,
            verdict,
        )

    async def _store_rows(self, rows: list[tuple[Any, ...]], refused: dict[UUID, str]) -> None:
        """Commit `rows`; on a poison row commit each half by itself."""
        try:
            await self._commit_twice(rows)
        except _POISON as error:
            if len(rows) == 1:
                refused[rows[0][0]] = str(error)
                return
            half = len(rows) // 2
            await self._store_rows(rows[:half], refused)
            await self._store_rows(rows[half:], refused)

    async def _commit_twice(self, rows: list[tuple[Any, ...]]) -> None:
        """One transaction, repeated once over a new connection when the first was lost.

        If the connection dies after COMMIT was sent the rows may or may not be stored: the repetition finds out.
        """
        try:
            await self._commit(rows)
        except _POISON:
            raise
        except LOST:
            self._drop_idle()
            try:
                await self._commit(rows)
            except _POISON:
                raise
            except LOST as error:
                raise SinkUnavailable(str(error)) from error

    async def _commit(self, rows: list[tuple[Any, ...]]) -> None:
        connection = self._idle.pop() if self._idle else await self._open()
        healthy = False
        try:
            async with connection.transaction():
                await connection.copy_records_to_table("visit_incoming", records=rows, columns=_COLUMNS)
                await connection.execute(_MOVE)
            healthy = True
        except _POISON:
            healthy = not connection.is_closed()
            raise
        finally:
            if healthy:
                self._idle.append(connection)
            else:
                connection.terminate()

    async def _open(self) -> Connection:
        connection = await self._connect()
        await connection.execute(_TEMPORARY)
        return connection

    def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()
