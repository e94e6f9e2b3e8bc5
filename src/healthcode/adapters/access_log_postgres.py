"""Where an index process ships its access rows, and claims the common half of devices' budgets (role `edge`)."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from healthcode.adapters.feed_postgres import LOST
from healthcode.visits.access import AccessRow, AccessUnavailable

Connection = Any
"""asyncpg ships no types; its connection is confined to the adapters."""

REST_S = 2.0
"""How long a database that did not answer is left alone: nobody at a gate waits for it twice."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEEP = (
    "INSERT INTO document_check (id, at, subject, device, venue, checkpoint, said) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
)
_log = structlog.get_logger(__name__)


class AccessPostgres:
    """`visits.access.AccessLog` and `edge.document_limits.BudgetPool` over one connection, opened when needed."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._rest_until = float("-inf")

    async def keep(self, rows: Sequence[AccessRow]) -> None:
        """See `AccessLog.keep`: all in one transaction; repeated, it changes nothing."""
        values = [(r.id, _EPOCH + timedelta(milliseconds=r.at_ms), *r[2:]) for r in rows]
        try:
            async with self._turn, asyncio.timeout(5):
                connection = await self._open()
                async with connection.transaction():
                    await connection.executemany(_KEEP, values)
        except LOST as error:
            self._lost()
            raise AccessUnavailable(type(error).__name__) from error

    async def claim(self, budget: str, device: bytes, window: int, wanted: int, most: int) -> int:
        """See `BudgetPool.claim`."""
        if time.monotonic() < self._rest_until:
            return 0
        try:
            async with self._turn, asyncio.timeout(0.5):
                connection = await self._open()
                sql = "SELECT document_budget_claim($1, $2, $3, $4, $5)"
                return int(await connection.fetchval(sql, budget, device, window, wanted, most))
        except LOST as error:
            _log.warning("budget_pool_unavailable", error=type(error).__name__)
            self._lost()
            return 0

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(*LOST):
                await self._connection.close(timeout=2)

    async def _open(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        return self._connection

    def _lost(self) -> None:
        self._rest_until = time.monotonic() + REST_S
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
