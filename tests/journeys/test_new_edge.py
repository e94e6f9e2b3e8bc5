"""A new edge begins from a peer's snapshot; one that the trimmed feed no longer reaches begins anew."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from healthcode.adapters.edge_files import StatusFile, identity_name, identity_open, identity_public
from healthcode.adapters.feed_postgres import PostgresFeed
from healthcode.adapters.peer_files import PeerServer
from healthcode.adapters.snapshot_files import snapshots_list
from healthcode.adapters.table_files import CURRENT, TableReader
from healthcode.wiring.peers import Peers
from healthcode.wiring.rebuild import snapshot_head
from healthcode.wiring.tables import Tables
from healthcode.wiring.updater import Updater
from tests.edge_bridge import REGION, Bridge, eventually, state

LIN, ZHAO, GREEN, RED = 1, 2, 2, 4
AWAY = "postgresql://edge:x@127.0.0.1:9/none"


@pytest.fixture
def bridge(database, tmp_path):
    (tmp_path / "taiyuan").mkdir()
    return Bridge(database, tmp_path / "taiyuan")


class NewHost:
    """A host of its own that knows one peer, and reads the feed at `database` (none: it is gone)."""

    def __init__(self, bridge, folder, origin, database=lambda: AWAY):
        self.data = folder
        self._bridge, self._origin, self._database = bridge, origin, database
        self.private = identity_open(folder / "edge")

    @asynccontextmanager
    async def running(self):
        stop, public = asyncio.Event(), self._bridge.signing.public
        peers = Peers(self.data / "snapshots", [self._origin], self.private, region=REGION, public=public)
        feed = PostgresFeed(self._database)
        self.updater = Updater(
            self.data / "edge", self.data / "snapshots", feed, region=REGION, public=public, peers=peers
        )
        task = asyncio.create_task(self.updater.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    def state(self, subject):
        path = self.data / "edge" / CURRENT
        return TableReader(path, region=REGION).read(subject).state if path.exists() else None

    def status(self):
        return StatusFile(self.data / "edge").read()


def enrolled(bridge, private):
    with bridge.connect() as connection:
        sql = "INSERT INTO bridge_edge (id, public_key, enrolled_at) VALUES (%s, %s, now())"
        connection.execute(sql, [identity_name(private), identity_public(private)])


async def in_the_feed(bridge, *wanted):
    await bridge.until(lambda world: all(state(*one)(world) for one in wanted) and world.freshness.level == "fresh")


@asynccontextmanager
async def a_peer(bridge):
    """Taiyuan's host, which gives what it has."""
    private = identity_open(bridge.data / "edge")
    peers = Peers(bridge.data / "snapshots", [], private, region=REGION, public=bridge.signing.public)
    server = PeerServer(peers.files, "127.0.0.1", 0)
    updater = bridge.updater
    bridge.updater = lambda *args: _with(updater(*args), peers)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()


def _with(updater, peers):
    updater._peers = peers
    return updater


def test_a_new_edge_starts_from_a_peer_while_control_and_database_are_gone(bridge, tmp_path):
    bridge.decide_many([(LIN, GREEN, 1), (ZHAO, RED, 1)])

    async def story():
        async with a_peer(bridge) as origin:
            datong = NewHost(bridge, tmp_path / "datong", origin)
            enrolled(bridge, datong.private)
            async with bridge.running():
                await in_the_feed(bridge, (LIN, GREEN), (ZHAO, RED))
                await asyncio.to_thread(bridge.snapshot)
                await eventually(
                    lambda: identity_name(datong.private) in bridge.working._peers.files.enrolled, seconds=60
                )
            async with datong.running():
                await eventually(lambda: datong.state(ZHAO) == RED)
                await eventually(lambda: datong.status().problem == "database")
                assert datong.state(LIN) == GREEN
                assert datong.status().as_of_ms > 0

    asyncio.run(story())


def test_an_edge_without_database_takes_a_newer_snapshot_and_never_an_older_one(bridge, tmp_path):
    bridge.decide_many([(LIN, GREEN, 1)])

    async def story():
        async with a_peer(bridge) as origin:
            datong = NewHost(bridge, tmp_path / "datong", origin)
            enrolled(bridge, datong.private)
            async with bridge.running():
                await in_the_feed(bridge, (LIN, GREEN))
                old = await asyncio.to_thread(bridge.snapshot)
                await eventually(lambda: bridge.working._peers.files.enrolled, seconds=60)
                async with datong.running():
                    await eventually(lambda: datong.state(LIN) == GREEN)
                    await asyncio.to_thread(bridge.decide, LIN, RED, 2)
                    await in_the_feed(bridge, (LIN, RED))
                    (bridge.data / "snapshots" / "snapshot-99999999999999.hcs").write_bytes(old.read_bytes())
                    datong.updater._peers._due = 0
                    await eventually(lambda: len(snapshots_list(datong.data / "snapshots")) == 2)
                    await asyncio.sleep(1)
                    assert datong.state(LIN) == GREEN
                    (bridge.data / "snapshots" / "snapshot-99999999999999.hcs").unlink()
                    snapshots_list(datong.data / "snapshots")[0].unlink()
                    await asyncio.to_thread(bridge.snapshot)
                    datong.updater._peers._due = 0
                    await eventually(lambda: datong.state(LIN) == RED)

    asyncio.run(story())


def test_an_updater_that_dies_when_an_older_table_is_in_place_leaves_no_younger_status(bridge, monkeypatch):
    bridge.decide_many([(LIN, GREEN, 1)])
    put, left = Tables.put, []

    def put_and_look(*args):
        put(*args)
        left.append((TableReader(bridge.data / "edge" / CURRENT, region=REGION).read(LIN).state, bridge.status()))

    async def story():
        async with bridge.running():
            await in_the_feed(bridge, (LIN, GREEN))
            snapshot = await asyncio.to_thread(bridge.snapshot)
            await asyncio.to_thread(bridge.decide, LIN, RED, 2)
            await in_the_feed(bridge, (LIN, RED))
        (bridge.data / "edge" / CURRENT).unlink()
        monkeypatch.setattr(Tables, "put", put_and_look)
        stop = asyncio.Event()
        stop.set()
        await bridge.updater(PostgresFeed(lambda: AWAY)).run(stop)
        return snapshot_head(snapshot, REGION, bridge.signing.public).made_ms

    made_ms = asyncio.run(story())
    [(state_left, status_left)] = left  # what a kill at this very moment leaves
    assert state_left == GREEN
    assert 0 < status_left.as_of_ms <= made_ms


def a_week_passes(bridge):
    with bridge.connect() as connection:
        connection.execute("UPDATE feed_log SET at = at - interval '8 days'")


def numbers(bridge):
    with bridge.connect() as connection:
        return [row[0] for row in connection.execute("SELECT seq FROM feed_log WHERE lane = 0 ORDER BY seq").fetchall()]


def test_what_every_snapshot_holds_leaves_the_feed_after_a_week_and_numbers_go_on(bridge, tmp_path):
    bridge.decide_many([(n, GREEN, 1) for n in range(1, 50)])

    async def story():
        async with bridge.running():
            await in_the_feed(bridge, (LIN, GREEN))
            for _ in range(3):
                await asyncio.to_thread(bridge.snapshot)
            last = numbers(bridge)[-1]
            await asyncio.sleep(1)
            assert len(numbers(bridge)) >= 98
            a_week_passes(bridge)
            await asyncio.to_thread(bridge.snapshot)
            await eventually(lambda: len(numbers(bridge)) == 1)
            await asyncio.to_thread(bridge.decide, ZHAO, RED, 2)
            await in_the_feed(bridge, (ZHAO, RED))
            assert numbers(bridge) == [last, last + 1, last + 2]
        behind = NewHost(bridge, tmp_path / "datong", "http://127.0.0.1:9", lambda: bridge.database.dsn("edge"))
        async with behind.running():
            await eventually(lambda: behind.status().problem == "gap")
            assert behind.state(LIN) == 0
            for path in snapshots_list(bridge.data / "snapshots"):
                (behind.data / "snapshots" / path.name).write_bytes(path.read_bytes())
            await eventually(lambda: (behind.state(LIN), behind.state(ZHAO)) == (GREEN, RED))

    asyncio.run(story())


def test_zhao_is_unknown_after_a_damaged_message_until_a_snapshot_has_her_record(bridge):
    bridge.decide_many([(LIN, GREEN, 1), (ZHAO, GREEN, 1)])

    async def story():
        async with bridge.running():
            await in_the_feed(bridge, (LIN, GREEN), (ZHAO, GREEN))
            with bridge.connect() as connection:
                sql = "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, 1, %s, %s)"
                connection.execute(sql, [ZHAO, b"\x99" * 32])
            await bridge.until(state(ZHAO, 0))
            await asyncio.to_thread(bridge.decide, ZHAO, RED, 3)
            await eventually(lambda: bridge.status().problem == "torn")
            assert bridge.world().record(ZHAO).state == 0
            await asyncio.to_thread(bridge.snapshot)
            await bridge.until(state(ZHAO, RED))
            await eventually(lambda: not bridge.status().problem)

    asyncio.run(story())
