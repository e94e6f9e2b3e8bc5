"""What a feed source promises, and the relay that fills it, on PostgreSQL."""

import asyncio

import asyncpg
import pytest

from healthcode.adapters.feed_postgres import FeedUnavailable, PostgresFeed, connect
from healthcode.adapters.relay import Relay
from healthcode.table.messages import BULK, SINGLE

SQL = "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (%s, 1, %s, %s)"


@pytest.fixture
def outbox(database):
    """Writes outbox rows as control does, each call one transaction."""

    def write(lane, keys, *, commit=True):
        with database.connect("app") as connection, connection.transaction(force_rollback=not commit):
            for key in keys:
                connection.execute(SQL, [lane, key, b"payload"])

    return write


def run(database, action):
    async def body():
        connection = await connect(database.dsn("app"), "relay")
        feed = PostgresFeed(lambda: database.dsn("edge"))
        try:
            return await action(Relay(connection), feed)
        finally:
            await feed.close()
            await connection.close()

    return asyncio.run(body())


def test_committed_rows_are_numbered_without_a_gap_and_in_order(database, outbox):
    outbox(SINGLE, [5, 6])
    outbox(SINGLE, [7], commit=False)
    outbox(SINGLE, [8])

    async def action(relay, feed):
        await relay.number_all()
        return [(message.seq, message.key, message.payload) for message in await feed.fetch(SINGLE, 0, 10)]

    assert run(database, action) == [(1, 5, b"payload"), (2, 6, b"payload"), (3, 8, b"payload")]


def test_lanes_are_numbered_apart_and_fetched_after_a_number(database, outbox):
    outbox(SINGLE, [1])
    outbox(BULK, [2, 3, 4])

    async def action(relay, feed):
        await relay.number_all()
        return [m.key for m in await feed.fetch(SINGLE, 0, 9)], [m.key for m in await feed.fetch(BULK, 1, 1)]

    assert run(database, action) == ([1], [3])


def test_fetching_again_gives_the_same(database, outbox):
    outbox(BULK, range(20))

    async def action(relay, feed):
        await relay.number_all()
        return await feed.fetch(BULK, 3, 5), await feed.fetch(BULK, 3, 5)

    first, again = run(database, action)
    assert first == again
    assert [message.seq for message in first] == [4, 5, 6, 7, 8]


def test_what_is_announced_includes_what_is_committed_and_not_yet_numbered(database, outbox):
    outbox(BULK, range(4))

    async def action(relay, feed):
        before = await relay.last()
        await relay.number_all()
        return before, await relay.last()

    assert run(database, action) == ({SINGLE: 0, BULK: 4}, {SINGLE: 0, BULK: 4})


def test_only_one_process_relays(database):
    async def action(relay, feed):
        other = await connect(database.dsn("app"), "relay")
        try:
            return await relay.lock(), await Relay(other).lock()
        finally:
            await other.close()

    assert run(database, action) == (True, False)


def test_a_new_number_wakes_the_reader(database, outbox):
    async def action(relay, feed):
        await feed.fetch(SINGLE, 0, 1)
        waiting = asyncio.create_task(feed.wait(20))
        await asyncio.to_thread(outbox, SINGLE, [1])
        await relay.number_all()
        async with asyncio.timeout(5):
            await waiting
        return len(await feed.fetch(SINGLE, 0, 1))

    assert run(database, action) == 1


def test_the_heartbeat_is_empty_before_the_first_and_then_the_last(database):
    async def action(relay, feed):
        before = await feed.heartbeat()
        await relay.beat(b"one")
        await relay.beat(b"two")
        return before, await feed.heartbeat()

    assert run(database, action) == (b"", b"two")


def test_a_dead_database_is_unavailable(database):
    async def action():
        await PostgresFeed(lambda: "postgresql://edge:x@127.0.0.1:9/none").fetch(SINGLE, 0, 1)

    with pytest.raises(FeedUnavailable):
        asyncio.run(action())


def test_the_edges_role_reads_the_feed_and_nothing_else(database):
    with database.connect("edge") as connection:
        connection.execute("SELECT count(*) FROM feed_log")
        for table in ("subject_state", "people_identity", "feed_outbox", "visit"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(f"SELECT * FROM {table}")


def test_a_server_that_dies_within_a_statement_is_away_and_is_asked_again_over_a_new_connection():
    """asyncpg then says neither that it is the server nor that it is the connection."""
    made = []

    class Broken:
        def __init__(self):
            made.append(self)

        def is_closed(self):
            return False

        async def add_listener(self, *_):
            """Listens to nothing."""

        async def fetchval(self, *_):
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

        def terminate(self):
            """Is gone."""

    async def connector(*_):
        return Broken()

    async def body():
        feed = PostgresFeed(lambda: "", connector)
        for _ in range(2):
            with pytest.raises(FeedUnavailable):
                await feed.heartbeat()

    asyncio.run(body())
    assert len(made) == 2
