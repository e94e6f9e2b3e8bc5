"""The relay: the one process that numbers committed outbox rows into the feed, without a gap, lane by lane.

An advisory lock makes it the only one.  Numbering is one transaction: rows leave the outbox and get their numbers, or
neither.  Single decisions (lane 0) are drained before each chunk of bulk (lane 1), so they never wait behind one.
"""

from collections.abc import Mapping

from healthcode.adapters.feed_postgres import Connection
from healthcode.domain.time import minute_of

LOCK_KEY = 0x6863_7265_6C61_79
"""Advisory lock of the relay ("hcrelay")."""
SINGLE_LANE = 0
BULK_LANE = 1
CHUNK = 5_000
"""Rows numbered in one transaction: about 50 ms."""

# If we die before COMMIT nothing happened; after it the rows are numbered and only the wake-up call is missing.
# MATERIALIZED: asked once, and not for each row of the chunk, which it is by a plan made while the log was empty.
_NUMBER = """
WITH moved AS (
    DELETE FROM feed_outbox WHERE lane = $1 AND id <= (
        SELECT max(id) FROM (SELECT id FROM feed_outbox WHERE lane = $1 ORDER BY id LIMIT $2) chunk)
    RETURNING id, kind, key, payload),
base AS MATERIALIZED (SELECT coalesce(max(seq), 0) AS seq FROM feed_log WHERE lane = $1),
numbered AS (
    INSERT INTO feed_log (lane, seq, kind, key, payload)
    SELECT $1, base.seq + row_number() OVER (ORDER BY id), kind, key, payload FROM moved, base
    RETURNING 1)
SELECT count(*) FROM numbered
"""
_PROMISED = """
SELECT lane, coalesce((SELECT max(seq) FROM feed_log f WHERE f.lane = l.lane), 0)
           + (SELECT count(*) FROM feed_outbox o WHERE o.lane = l.lane)
  FROM (VALUES (0::smallint), (1::smallint)) AS l (lane)
"""
_WAKE = "SELECT pg_notify('feed_log', '')"
_PUBLISH = """
INSERT INTO bridge_published (kind, key, payload) VALUES ($1, $2, $3)
ON CONFLICT (kind, key) DO UPDATE SET payload = EXCLUDED.payload
"""


class Relay:
    """Numbers the outbox over one connection that holds the lock.  Every method raises what asyncpg raises."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self) -> bool:
        """Become the relay; False where another one is.  The lock lasts as long as the connection."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY))

    async def number_all(self) -> int:
        """Number what is committed: all single decisions, then one chunk of bulk.  Returns how many were numbered."""
        count = 0
        while moved := await self._number(SINGLE_LANE):
            count += moved
            if moved < CHUNK:
                break
        count += await self._number(BULK_LANE)
        if count:
            await self._connection.execute(_WAKE)
        return count

    async def last(self) -> dict[int, int]:
        """Per lane the number that its last committed message has or will have: numbering leaves no gaps.

        An edge that has applied these has everything that was committed, waiting rows included.
        """
        return {int(lane): int(seq) for lane, seq in await self._connection.fetch(_PROMISED)}

    async def beat(self, payload: bytes) -> None:
        """Replace the heartbeat, and wake who follows: one that is read late tells a time that is over."""
        sql = (
            "INSERT INTO feed_heartbeat (id, payload) VALUES (1, $1) "
            "ON CONFLICT (id) DO UPDATE SET payload = EXCLUDED.payload"
        )
        await self._connection.execute(sql, payload)
        await self._connection.execute(_WAKE)

    async def published(self, kind: int) -> dict[int, bytes]:
        """The latest payloads of a kind by key."""
        rows = await self._connection.fetch("SELECT key, payload FROM bridge_published WHERE kind = $1", kind)
        return {int(key): bytes(payload) for key, payload in rows}

    async def publish(self, kind: int, messages: Mapping[int, bytes]) -> None:
        """Put messages of the relay's own into the feed and among what snapshots hold, in one transaction."""
        rows = [(kind, key, payload) for key, payload in messages.items()]
        sql = "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, $1, $2, $3)"
        async with self._connection.transaction():
            await self._connection.executemany(_PUBLISH, rows)
            await self._connection.executemany(sql, rows)

    async def edges(self) -> dict[str, bytes]:
        """Public keys of the enrolled edges that are not struck off."""
        rows = await self._connection.fetch("SELECT id, public_key FROM bridge_edge WHERE struck_at IS NULL")
        return {str(name): bytes(key) for name, key in rows}

    async def struck(self) -> list[int]:
        """The minutes at which edges were struck off."""
        rows = await self._connection.fetch("SELECT struck_at FROM bridge_edge WHERE struck_at IS NOT NULL")
        return [minute_of(at) for (at,) in rows]

    async def enrol(self, name: str, public_key: bytes) -> bool:
        """Enrol an edge; False where one of this name exists (also one that was struck off)."""
        sql = (
            "INSERT INTO bridge_edge (id, public_key, enrolled_at) VALUES ($1, $2, now()) "
            "ON CONFLICT (id) DO NOTHING RETURNING 1"
        )
        return await self._connection.fetchval(sql, name, public_key) is not None

    async def trim(self, before: Mapping[int, int]) -> int:
        """Remove what lies before a number of each lane and is older than a week, one chunk of each; returns how many.

        The database keeps the week, and the last number (`feed_trim` in control/bridge/feed.sql).
        """
        sql = "SELECT feed_trim($1::smallint, $2, $3)"
        counts = [int(await self._connection.fetchval(sql, lane, seq, CHUNK)) for lane, seq in before.items()]
        return sum(counts)

    async def _number(self, lane: int) -> int:
        return int(await self._connection.fetchval(_NUMBER, lane, CHUNK))
