"""The bridge over a real PostgreSQL: relay and updater of one deployment in a folder of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import psycopg

from healthcode.adapters.edge_files import SIDE, EdgeHost, StatusFile, identity_name, identity_open, moment_now
from healthcode.adapters.feed_postgres import PostgresFeed
from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.crypto.suites import suite
from healthcode.edge.world import World
from healthcode.table.messages import BULK, SINGLE, FeedKind
from healthcode.table.payloads import GroundsNote, note_encode
from healthcode.table.record import Record, record_encode
from healthcode.wiring.relay import RelayProcess, snapshot_take
from healthcode.wiring.settings import Settings
from healthcode.wiring.updater import Updater

REGION = 140000


class _Host(EdgeHost):
    """An edge host beside an updater in one process, where LMDB lets nobody open the side files twice."""

    def __init__(self, bridge):
        super().__init__(bridge.data / "edge", region=REGION)
        self._bridge = bridge

    def side(self):
        updater = self._bridge.working
        if updater is not None:
            return getattr(updater, "_side", None)
        if self._bridge.reader is None:
            self._bridge.reader = SideStoreLmdb(self._bridge.data / "edge" / SIDE)
        return self._bridge.reader


class Bridge:
    """One deployment: what control commits, what relay and updater make of it, what an edge then sees."""

    def __init__(self, database, folder: Path):
        self.database = database
        self.data = folder
        self.working, self.reader = None, None
        (folder / "secrets").symlink_to(database.cluster.secrets.folder)
        self.settings = Settings(data=folder, database_url=database.dsn("postgres"), web=folder / "none")
        self.secrets = self.settings.secrets()
        self.signing = suite("intl").private_from_bytes(self.secrets.feed_signing.private)
        with database.connect("postgres") as connection:
            system = connection.execute("SELECT count(*) FROM act_session WHERE kind = 'system'").fetchone()
            if system == (0,):
                connection.execute(
                    "INSERT INTO act_session (token_hash, kind, name, opened_at, expires_at) VALUES "
                    "(sha256(convert_to(%s, 'UTF8')), 'system', 'system', now(), now() + interval '1 day')",
                    [self.secrets.system_token],
                )

    def connect(self) -> psycopg.Connection:
        return self.database.connect("postgres")

    def decide(self, subject: int, state: int, version: int, *, lane: int = SINGLE) -> None:
        """What a decision of control commits: subject, state and outbox rows in one transaction."""
        self.decide_many([(subject, state, version)], lane=lane)

    def decide_many(self, decisions, *, lane: int = SINGLE) -> None:
        with self.connect() as connection, connection.transaction():
            cursor = connection.cursor()
            for subject, state, version in decisions:
                record = record_encode(Record(state, generation=1, version=version))
                grounds = note_encode(GroundsNote(version=version))
                cursor.execute(
                    "INSERT INTO people_subject (number, holds_code, residence_division, present_division, created_at)"
                    " VALUES (%s, true, '140106', '140106', now()) ON CONFLICT DO NOTHING",
                    [subject],
                )
                cursor.execute(
                    "INSERT INTO subject_state "
                    "(number, version, generation, color, ruleset, record, grounds, evaluated_at) VALUES "
                    " (%s, %s, 1, '', '', %s, %s, now()) ON CONFLICT (number) DO UPDATE SET version = "
                    "EXCLUDED.version, record = EXCLUDED.record, grounds = EXCLUDED.grounds, evaluated_at = now()",
                    [subject, version, record, grounds],
                )
                outbox = "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (%s, %s, %s, %s)"
                cursor.execute(outbox, [lane, FeedKind.RECORD, subject, record])
                cursor.execute(outbox, [lane, FeedKind.GROUNDS, subject, grounds])

    def publish(self, notes) -> None:
        """What a publication of control commits: the feed's row and the latest by key, of which snapshots are made.

        One without the other is lost whenever the relay's first snapshot comes before the updater's first look.
        """
        rows = [(int(kind), key, note_encode(note)) for kind, key, note in notes]
        with self.connect() as connection, connection.transaction():
            cursor = connection.cursor()
            cursor.executemany("INSERT INTO bridge_published (kind, key, payload) VALUES (%s, %s, %s)", rows)
            cursor.executemany("INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, %s, %s, %s)", rows)

    def unnumbered(self) -> int:
        """Rows of the outbox that the relay has not numbered yet."""
        with self.connect() as connection:
            return connection.execute("SELECT count(*) FROM feed_outbox").fetchone()[0]

    def updater(self, source=None, clock=moment_now) -> Updater:
        source = source or PostgresFeed(lambda: self.database.dsn("edge"))
        public = self.signing.public
        folder = self.data / "edge"
        return Updater(folder, self.data / "snapshots", source, region=REGION, public=public, clock=clock)

    def snapshot(self) -> Path:
        """A snapshot of now. Soon after its start the relay takes its own, and clears away drafts: then once more."""
        url, token = self.database.dsn("app"), self.secrets.system_token
        for _ in range(5):
            with contextlib.suppress(FileNotFoundError):
                return snapshot_take(url, token, self.data / "snapshots", self.signing, REGION)
        raise AssertionError("no snapshot could be taken")

    def status(self):
        return StatusFile(self.data / "edge").read()

    def world(self) -> World:
        """An edge worker's view of this host."""
        private = identity_open(self.data / "edge")
        world = World(_Host(self), region=REGION, edge=(identity_name(private), private))
        world.refresh(moment_now())
        return world

    @contextlib.asynccontextmanager
    async def running(self, *, relay: bool = True, source=None, clock=moment_now):
        """Relay and updater at work."""
        stop = asyncio.Event()
        if self.reader is not None:
            self.reader.close()
            self.reader = None
        self.working = self.updater(source, clock)
        tasks = [asyncio.create_task(self.working.run(stop))]
        if relay:
            tasks.append(asyncio.create_task(RelayProcess(self.settings).run(stop)))
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            self.working = None

    async def until(self, seen, *, seconds: float = 30.0) -> float:
        """Wait until `seen(world)` holds for an edge worker; the seconds that took."""
        begun = time.perf_counter()
        world = None
        while time.perf_counter() - begun < seconds:
            await asyncio.sleep(0.02)
            world = world or self.world()
            world.refresh(moment_now())
            if seen(world):
                return time.perf_counter() - begun
        raise AssertionError(f"not within {seconds} s; status {self.status()}")


async def eventually(seen, *, seconds: float = 30.0) -> None:
    """Wait until `seen()` holds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if seen():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def state(subject: int, wanted: int):
    """Whether a world has that state for that subject."""
    return lambda world: world.record(subject).state == wanted


__all__ = ["BULK", "REGION", "SINGLE", "Bridge", "eventually", "state"]
