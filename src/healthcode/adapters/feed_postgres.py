"""The feed as PostgreSQL keeps it: `feed_log` numbered by the relay, read by updaters (role `edge`).

NOTIFY only wakes; polling is the truth.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from healthcode.table.messages import FeedMessage

Connection = Any
"""asyncpg ships no types; its connection is confined to the adapters."""

LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What a database that is away, restarting or refusing looks like; the third where it died within a statement."""

_FETCH = "SELECT seq, kind, key, payload FROM feed_log WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT $3"


class FeedUnavailable(Exception):
    """The feed cannot be read now; what was applied stays right and grows older."""


async def connect(url: str, name: str) -> Connection:
    """A connection with bounds on connecting and on every statement.  Raises one of LOST."""
    settings = {
        "application_name": f"healthcode-{name}",
        "lock_timeout": "5000",
        # outbox and log are empty now and hold a batch of 500,000 in a moment: a plan kept from before is a wrong one
        "plan_cache_mode": "force_custom_plan",
    }
    return await asyncpg.connect(url, timeout=5, command_timeout=60, server_settings=settings)


class Listener:
    """Wakes its waiter on NOTIFY of `channel` over a connection of its own use."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._woken = asyncio.Event()

    async def attach(self, connection: Connection) -> None:
        """Listen on `connection` for as long as it lives."""
        await connection.add_listener(self._channel, self._wake)

    async def wait(self, seconds: float) -> None:
        """Return at the next NOTIFY (or one not yet noticed), after `seconds` at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def _wake(self, *_: object) -> None:
        self._woken.set()


class PostgresFeed:
    """FeedSource over one PostgreSQL connection, opened when needed and again after a failure."""

    def __init__(
        self, url: Callable[[], str], connector: Callable[[str, str], Awaitable[Connection]] = connect
    ) -> None:
        """`url` is asked at each connecting, because an embedded database may come back on another port."""
        self._url = url
        self._connector = connector
        self._connection: Connection | None = None
        self._listener = Listener("feed_log")

    async def fetch(self, lane: int, after: int, limit: int) -> list[FeedMessage]:
        """Up to `limit` messages of `lane` numbered above `after`, in order.  Raises FeedUnavailable."""
        rows = await self._ask("fetch", _FETCH, lane, after, limit)
        return [FeedMessage(lane, row[0], row[1], row[2], bytes(row[3])) for row in rows]

    async def heartbeat(self) -> bytes:
        """The relay's latest signed heartbeat, empty before the first.  Raises FeedUnavailable."""
        payload = await self._ask("fetchval", "SELECT payload FROM feed_heartbeat WHERE id = 1")
        return bytes(payload or b"")

    async def wait(self, seconds: float) -> None:
        """Return when something may be new, after `seconds` at the latest."""
        await self._listener.wait(seconds)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _ask(self, how: str, sql: str, *values: object) -> Any:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connector(self._url(), "updater")
                await self._listener.attach(self._connection)
            return await getattr(self._connection, how)(sql, *values)
        except LOST as error:
            await self.close()
            raise FeedUnavailable(str(error)) from error
