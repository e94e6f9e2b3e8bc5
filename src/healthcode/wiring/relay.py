"""The relay process: numbers the outbox, signs a heartbeat each second, hands out epoch keys, writes snapshots."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import structlog

from healthcode.adapters.edge_files import identity_name, identity_open, identity_public
from healthcode.adapters.feed_postgres import LOST, Connection, Listener, connect
from healthcode.adapters.relay import Relay
from healthcode.adapters.snapshot_files import KEPT, snapshot_age_s, snapshot_store, snapshots_list
from healthcode.adapters.snapshot_source import snapshot_source
from healthcode.codes.epoch import epoch_cut, epoch_key
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.sealed_box import seal_to
from healthcode.crypto.suites import suite
from healthcode.domain.time import Day, day_of, day_start
from healthcode.edge.notes import EPOCH_CONTEXT, KEPT_EPOCH_MINUTES
from healthcode.table.heartbeat import Heartbeat, heartbeat_sign
from healthcode.table.messages import LANES, FeedKind
from healthcode.table.offer import OfferError, offer_verify
from healthcode.table.payloads import EpochNote, PayloadError, note_decode, note_encode
from healthcode.table.snapshot import SnapshotError, SnapshotHead, snapshot_write
from healthcode.wiring.rebuild import snapshot_head
from healthcode.wiring.settings import Settings

BEAT_S = 1.0
POLL_S = 0.2
EPOCHS_S = 30.0
"""How often new edges and new days are looked for."""
EPOCHS_AHEAD = 2
EPOCHS_BEHIND = KEPT_EPOCH_MINUTES // (24 * 60)
SNAPSHOT_S = 900.0
SNAPSHOT_ROOM = 65_536
"""Subject numbers that a new table has room for beyond the highest in use."""

_log = structlog.get_logger(__name__)


class RelayProcess:
    """The work of the relay over one connection after another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secrets = settings.secrets()
        self._region = int(settings.region)
        self._key: SigningKey = suite(settings.suite).private_from_bytes(self._secrets.feed_signing.private)
        self._snapshots = settings.data / "snapshots"
        self._snapshot_task: asyncio.Task[None] | None = None
        self._snapshot_of: dict[int, int] = {}
        self._trimmed_after = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop`, over a new connection whenever one is lost."""
        while not stop.is_set():
            try:
                await self._over_one_connection(stop)
            except LOST as error:
                _log.warning("relay_waits", reason=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await stop.wait()
        if self._snapshot_task is not None:
            self._snapshot_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._snapshot_task

    async def _over_one_connection(self, stop: asyncio.Event) -> None:
        connection = await connect(self._settings.dsn("app", self._secrets), "relay")
        try:
            relay = Relay(connection)
            while not await relay.lock():
                await asyncio.sleep(1)
                if stop.is_set():
                    return
            _log.info("relay_leads")
            await self._relay(relay, connection, stop)
        finally:
            connection.terminate()

    async def _relay(self, relay: Relay, connection: Connection, stop: asyncio.Event) -> None:
        listener = Listener("feed_outbox")
        await listener.attach(connection)
        await self._enrol_here(relay)
        beat_due = epochs_due = float("-inf")
        while not stop.is_set():
            if time.monotonic() >= epochs_due:
                await self._publish_epochs(relay, day_of(int(time.time()) // 60))
                epochs_due = time.monotonic() + EPOCHS_S
            at_ms = int(time.time() * 1000)
            numbered = await relay.number_all()
            if time.monotonic() >= beat_due:
                await self._beat(relay, at_ms)
                beat_due = time.monotonic() + BEAT_S
            if not numbered:
                await self._trim(relay)
                await listener.wait(POLL_S)

    async def _beat(self, relay: Relay, at_ms: int) -> None:
        """Sign what was committed at `at_ms`, and see to it that a snapshot is never far behind."""
        last = await relay.last()
        await relay.beat(heartbeat_sign(self._key, Heartbeat(self._region, at_ms, last)))
        running = self._snapshot_task is not None and not self._snapshot_task.done()
        if running or last == self._snapshot_of or snapshot_age_s(self._snapshots) < SNAPSHOT_S:
            return
        self._snapshot_of = last
        self._snapshot_task = asyncio.create_task(self._snapshot())

    async def _trim(self, relay: Relay) -> None:
        """Remove a chunk of the feed that every snapshot we keep holds already, until there is none.

        An edge that is further behind begins from a snapshot, as a new one does.
        """
        kept = snapshots_list(self._snapshots)[:KEPT]
        if len(kept) < KEPT or kept[0].name == self._trimmed_after:
            return
        try:
            before = await self._snapshots_hold(relay, kept)
        except (OSError, SnapshotError) as error:
            _log.warning("feed_not_trimmed", reason=str(error))
            before = {}
        if not before or not await relay.trim(before):
            self._trimmed_after = kept[0].name

    async def _snapshots_hold(self, relay: Relay, kept: Sequence[Path]) -> dict[int, int]:
        """The numbers up to which every kept snapshot, and every offered table still to be taken, holds the feed."""
        heads = [snapshot_head(path, self._region, self._key.public) for path in kept]
        stands = [head.applied for head in heads]
        oldest_ms = min(head.made_ms for head in heads)
        for key, payload in (await relay.published(FeedKind.TABLE)).items():
            with contextlib.suppress(OfferError):
                offer = offer_verify(self._key.public, payload, key=key, region=self._region)
                if offer.valid_from or offer.made_ms >= oldest_ms:
                    stands.append(offer.applied)
        return {lane: min(stand.get(lane, 0) for stand in stands) for lane in LANES}

    async def _snapshot(self) -> None:
        try:
            path = await asyncio.to_thread(
                snapshot_take,
                self._settings.dsn("app", self._secrets),
                self._secrets.system_token,
                self._snapshots,
                self._key,
                self._region,
            )
        except Exception:  # noqa: BLE001 - the feed goes on without; the next heartbeat's turn tries again
            _log.exception("snapshot_failed")
            self._snapshot_of = {}
            await asyncio.sleep(30)
        else:
            _log.info("snapshot_written", file=path.name)

    async def _enrol_here(self, relay: Relay) -> None:
        """On one machine the edge beside us is ours: enrol it.  Elsewhere an operator does, by command."""
        private = identity_open(self._settings.data / "edge")
        if await relay.enrol(identity_name(private), identity_public(private)):
            _log.info("edge_enrolled", edge=identity_name(private))

    async def _publish_epochs(self, relay: Relay, today: Day) -> None:
        """Give every enrolled edge the epoch keys from a week back to two ahead that it has not been given."""
        edges, struck = await relay.edges(), await relay.struck()
        published = await relay.published(FeedKind.EPOCHS)
        wanted = {}
        for day in range(today - EPOCHS_BEHIND, today + EPOCHS_AHEAD + 1):
            before = published.get(day % 65536)
            cut = epoch_cut(day, struck)
            if before is None or _given(before) != (edges.keys(), cut):
                wanted[day % 65536] = self._epoch_note(day, edges, cut)
        if wanted:
            await relay.publish(FeedKind.EPOCHS, wanted)

    def _epoch_note(self, day: Day, edges: dict[str, bytes], cut: int) -> bytes:
        name = self._settings.suite
        key = epoch_key(self._secrets.epoch_master, day % 65536, suite_name=name, cut=cut)
        sealed = {name: seal_to(public, key, context=EPOCH_CONTEXT) for name, public in edges.items()}
        begin, end = day_start(day), day_start(day + 1)
        note = EpochNote(epoch=day % 65536, valid_from=begin, valid_until=end, sealed=sealed, cut=cut, suite=name)
        return note_encode(note)


def snapshot_take(url: str, system_token: str, folder: Path, key: SigningKey, region: int) -> Path:
    """Write one signed snapshot of the database at `url`; durable on return.  Raises psycopg.Error or OSError."""
    made_ms = int(time.time() * 1000)
    with snapshot_source(url, system_token) as source:
        head = SnapshotHead(
            region=region,
            applied=source.applied(),
            made_ms=made_ms,
            capacity=source.last_subject() + 1 + SNAPSHOT_ROOM,
        )
        return snapshot_store(folder, snapshot_write(head, source.records(), source.sides(), key=key), made_ms=made_ms)


def _given(payload: bytes) -> tuple[AbstractSet[str], int] | None:
    """To whom an epoch was given, and in which cut."""
    try:
        note = note_decode(payload, EpochNote)
    except PayloadError:
        return None
    return note.sealed.keys(), note.cut


async def relay_follow(settings: Settings) -> None:
    """Relay until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await RelayProcess(settings).run(stop)


def relay_run(settings: Settings) -> None:
    """Run the relay until it is told to stop; a second one waits for the first to end."""
    asyncio.run(relay_follow(settings))
