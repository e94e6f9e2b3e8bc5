"""The updater: one per host, the only writer of its color table and side files.

Each round takes the newest heartbeat, then all single decisions, then one batch of bulk, so that a decision waits for
one batch at most.  A table of an earlier boot, a broken one, or one that the feed no longer reaches is built anew from
a snapshot beside the old one and renamed over it; readers follow.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from healthcode.adapters.edge_files import SIDE, StatusFile, boot_name, identity_open, moment_now, updater_lock
from healthcode.adapters.feed_postgres import FeedUnavailable, PostgresFeed
from healthcode.adapters.secret_files import feed_public_open
from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.adapters.snapshot_files import snapshots_list
from healthcode.adapters.table_files import TableFile
from healthcode.crypto.interfaces import VerifyKey
from healthcode.domain.time import Minute
from healthcode.edge.status import Moment, Status, clocks_read
from healthcode.table.applier import Applier
from healthcode.table.freshness import ControlClock
from healthcode.table.header import Header, TableError
from healthcode.table.heartbeat import HeartbeatError
from healthcode.table.messages import BULK, LANES, SINGLE, FeedMessage, FeedSource
from healthcode.table.offer import TableOffer
from healthcode.table.snapshot import SnapshotError
from healthcode.wiring.offers import Follow, Offers
from healthcode.wiring.peers import Peers, peers_open
from healthcode.wiring.rebuild import Rebuilt, snapshot_head, snapshot_prove, table_rebuild
from healthcode.wiring.settings import Settings
from healthcode.wiring.tables import Tables

POLL_S = 0.2
"""How long a round waits for a NOTIFY that may never come."""
SINGLE_BATCH = 2_000
BULK_BATCH = 5_000
"""Bulk messages between two looks at the single lane: about 30 ms."""
GAP_ROUNDS = 25
"""Rounds with the same gap (5 s) after which the feed is taken to have lost it."""

_log = structlog.get_logger(__name__)


class Source(FeedSource, Protocol):
    """A feed that can wake its reader."""

    async def wait(self, seconds: float) -> None:
        """Return when something may be new, after `seconds` at the latest."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Updater:
    """Follows one feed into one edge folder."""

    def __init__(
        self,
        folder: Path,
        snapshots: Path,
        source: Source,
        *,
        region: int,
        public: VerifyKey,
        clock: Callable[[], Moment] = moment_now,
        peers: Peers | None = None,
    ) -> None:
        """`public` verifies heartbeats and snapshots; `clock` is read once a round; `peers` have what we lack."""
        self._folder = folder
        self._snapshots = snapshots
        self._source = source
        self._region = region
        self._public = public
        self._clock = clock
        self._boot = boot_name()
        self._status_file = StatusFile(folder)
        self._status = self._status_file.read()
        before = self._status
        known = (
            [(before.control_ms, before.heard_boot_ms)] if before.boot_id == self._boot and before.control_ms else []
        )
        self._control_clock = ControlClock(*known)
        self._beat = b""
        self._gap_rounds = 0
        self._peers = peers
        self._looked_at = ""
        self._offers = Offers(folder, snapshots, source, region=region, public=public)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the feed until `stop`; on return the tables are closed in order."""
        lock = updater_lock(self._folder)
        identity_open(self._folder)
        self._side = SideStoreLmdb(self._folder / SIDE, writer=True)
        self._tables = Tables(self._folder, region=self._region)
        await self._open()
        try:
            while not stop.is_set():
                if not await self._round():
                    await self._source.wait(POLL_S)
        finally:
            await self._offers.abandon()
            if self._peers is not None:
                await self._peers.close()
            self._tables.close()
            self._side.close()
            await self._source.close()
            lock.close()

    async def _open(self) -> None:
        """Go on with the table that is there, or build one."""
        try:
            self._tables.open()
        except (FileNotFoundError, TableError, ValueError) as error:
            _log.info("table_rebuild", reason=str(error))
            await self._rebuild()
            return
        self._applier = self._applier_for(self._tables.current)
        self._write_status(as_of_ms=self._status.as_of_ms)

    async def _rebuild(self) -> None:
        """Build a table from the newest good snapshot, let it catch up as far as the feed gives, put it in place."""
        if self._peers is not None:
            await self._peers.take()
        rebuilt: Rebuilt = table_rebuild(
            self._folder, self._snapshots, self._side, region=self._region, public=self._public
        )
        self._applier = self._applier_for(rebuilt.table)
        with suppress(FeedUnavailable):
            while await self._take():
                pass
        self._admit_age(rebuilt.made_ms)
        self._tables.put(rebuilt.table)
        self._gap_rounds = 0
        self._write_status(as_of_ms=rebuilt.made_ms)

    def _admit_age(self, as_of_ms: int) -> None:
        """Say how old the data are about to be, before they are.

        Dying before an older table is put in place: the newer one counts as old for a while. After it, before the
        status that speaks of it: no older table stands behind a younger one's status.
        """
        self._status = msgspec.structs.replace(self._status, as_of_ms=min(self._status.as_of_ms, as_of_ms))
        self._status_file.write(self._status)

    def _applier_for(self, table: TableFile) -> Applier:
        self._beat = b""
        waiting = [] if self._tables.waiting is None else [self._tables.waiting]
        return Applier([table, *waiting], self._side, region=self._region, public=self._public)

    async def _round(self) -> bool:
        """One look at the feed.  True where more is waiting already."""
        problem = ""
        try:
            more = await self._take()
            await self._prepare()
        except FeedUnavailable:
            more, problem = False, "database"
            if self._peers is not None:
                self._peers.tend(self._side, self._offers.published(self._side))
        except HeartbeatError as error:
            _log.warning("heartbeat_refused", reason=str(error))
            more, problem = False, "heartbeat"
        self._switch()
        health = self._applier.health(int(self._clock().wall_s * 1000))
        if health.gap or health.rewound:
            problem = "gap" if health.gap else "rewound"
            self._gap_rounds += 1
        else:
            self._gap_rounds = 0
        if not problem and self._applier.torn:
            problem = "torn"
        self._write_status(problem=problem or ("offer_refused" if self._offers.refused else ""))
        if (self._gap_rounds and self._gap_rounds % GAP_ROUNDS == 0) or (problem == "torn" and self._snapshot_mends()):
            await self._rebuild_from_newer()
        elif problem == "database" and await self._snapshot_is_ahead():
            await self._rebuild()
        return more

    def _snapshot_mends(self) -> bool:
        """Whether a snapshot came that holds what was damaged on its way through the feed."""
        newest = next(iter(snapshots_list(self._snapshots)), None)
        if newest is None or newest.name == self._looked_at:
            return False
        self._looked_at = newest.name
        with suppress(SnapshotError, OSError):
            head = snapshot_head(newest, self._region, self._public)
            return all(head.applied.get(lane, 0) >= seq for lane, seq in self._applier.torn.items())
        return False

    async def _snapshot_is_ahead(self) -> bool:
        """Whether a snapshot came, from a peer or by hand, that holds all that is applied here and more.

        Asked while the feed cannot be read: nothing after it would be lost, so the newest good state is taken.
        """
        newest = next(iter(snapshots_list(self._snapshots)), None)
        if newest is None or newest.name == self._looked_at:
            return False
        self._looked_at = newest.name
        try:
            head = await asyncio.to_thread(snapshot_prove, newest, self._region, self._public)
        except (SnapshotError, OSError) as error:
            _log.warning("snapshot_refused", file=newest.name, reason=str(error))
            return False
        ahead = all(head.applied.get(lane, 0) >= self._applier.applied(lane) for lane in LANES)
        return ahead and head.made_ms > self._status.as_of_ms

    async def _take(self) -> bool:
        """Apply what the feed has: the heartbeat first, because what it announces is then there to be fetched."""
        beat = await self._source.heartbeat()
        if not beat:
            return False
        if beat != self._beat:
            moment = self._clock()
            now_ms = int(moment.wall_s * 1000)
            self._applier.beat(beat, now_ms=now_ms)
            self._beat = beat
            told_ms = self._applier.health(now_ms).told_ms
            if told_ms is not None:
                self._control_clock.hear(told_ms, int(moment.boot_s * 1000))
        while len(singles := await self._fetch(SINGLE, SINGLE_BATCH)) == SINGLE_BATCH:
            self._applier.apply(singles)
        bulk = await self._fetch(BULK, BULK_BATCH)
        if singles or bulk:
            self._applier.apply([*singles, *bulk])
        return len(bulk) == BULK_BATCH

    async def _fetch(self, lane: int, limit: int) -> list[FeedMessage]:
        return await self._source.fetch(lane, self._applier.applied(lane), limit)

    async def _prepare(self) -> None:
        """Bring an offered table a step nearer, and put it in place when it holds all that the others hold."""
        offers = self._offers.published(self._side)
        if self._peers is not None:
            self._peers.tend(self._side, offers)
        now, now_ms = self._minute(), int(self._clock().wall_s * 1000)
        waiting = self._tables.waiting
        if waiting is not None and self._withdrawn(waiting.header, offers, now_ms):
            self._tables.withdraw()
            self._applier.follow(self._tables.all)
        table = await self._offers.step(
            offers,
            now,
            current=self._tables.current.header,
            waiting=None if self._tables.waiting is None else self._tables.waiting.header,
            follow=Follow({lane: self._applier.applied(lane) for lane in LANES}, self._beat, now_ms),
        )
        if table is not None:
            self._tables.put(table) if table.header.valid_from <= now else self._tables.wait(table)
            self._applier.follow(self._tables.all)

    def _withdrawn(self, waiting: Header, offers: list[TableOffer], now_ms: int) -> bool:
        """Whether control took an offer back: everything that it published is applied, and the offer is gone."""
        if self._applier.health(now_ms).as_of_ms is None:
            return False
        return all(offer.file_id != waiting.file_id for offer in offers)

    def _switch(self) -> None:
        """Tidy up after the readers, who switched by their clocks."""
        if self._tables.switch(self._minute()):
            self._applier.follow(self._tables.all)

    def _minute(self) -> Minute:
        """The present minute, by the slower clock where ours is not to be believed: the readers' own rule."""
        return clocks_read(self._status, self._clock(), self._boot).early

    async def _rebuild_from_newer(self) -> None:
        """The feed does not give what is missing: only a snapshot can.  What waits lacks it too."""
        _log.warning("feed_gap", applied={lane: self._applier.applied(lane) for lane in LANES})
        await self._offers.abandon()
        self._tables.withdraw()
        await self._rebuild()

    def _write_status(self, *, as_of_ms: int | None = None, problem: str = "") -> None:
        """Tell the workers.  What was known before this process started stays known while the host runs."""
        health = self._applier.health(int(self._clock().wall_s * 1000))
        control_ms, heard_boot_ms = self._control_clock.quickest()
        self._status = Status(
            region=self._region,
            table=self._tables.current.header.file_id.hex(),
            applied={lane: self._applier.applied(lane) for lane in LANES},
            as_of_ms=health.as_of_ms or (self._status.as_of_ms if as_of_ms is None else as_of_ms),
            control_ms=control_ms,
            heard_boot_ms=heard_boot_ms,
            boot_id=self._boot,
            problem=problem,
            waiting_from=0 if self._tables.waiting is None else self._tables.waiting.header.valid_from,
            offers_refused=self._offers.refused,
        )
        self._status_file.write(self._status)


async def updater_follow(settings: Settings) -> None:
    """Follow the deployment's feed until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    public = feed_public_open(settings.data / "secrets", production=settings.production, suite_name=settings.suite)
    peers, server = peers_open(settings, public)
    updater = Updater(
        settings.data / "edge",
        settings.data / "snapshots",
        PostgresFeed(lambda: settings.dsn("edge")),
        region=int(settings.region),
        public=public,
        peers=peers,
    )
    try:
        await updater.run(stop)
    finally:
        if server is not None:
            server.close()


def updater_run(settings: Settings) -> None:
    """Run the updater of this host until it is told to stop."""
    asyncio.run(updater_follow(settings))
