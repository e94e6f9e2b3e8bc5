"""This host among its peers: it gives them its snapshots and offered tables, and takes what it lacks from them."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import structlog

from healthcode.adapters.edge_files import identity_open
from healthcode.adapters.peer_files import PeerClient, PeerError, PeerFiles, PeerServer
from healthcode.adapters.snapshot_files import KEPT, snapshots_list
from healthcode.crypto.interfaces import VerifyKey
from healthcode.table.messages import FeedKind, SideStore
from healthcode.table.offer import OfferError, TableOffer
from healthcode.table.payloads import EpochNote, PayloadError, note_decode
from healthcode.wiring.rebuild import snapshot_prove
from healthcode.wiring.settings import Settings

LOOK_S: Final = 10.0
"""How often peers are asked whether they have something newer."""
SOON_S: Final = 2.0
"""The same while this host has no snapshot or lacks an offered table; and how often it looks who is enrolled."""

_log = structlog.get_logger(__name__)


class Peers:
    """What the updater knows of other hosts."""

    def __init__(self, store: Path, origins: Sequence[str], private: bytes, *, region: int, public: VerifyKey) -> None:
        """`store` is the folder of snapshots and offered tables, `public` proves them."""
        self.files = PeerFiles(store)
        self._store = store
        self._clients = [PeerClient(origin, private) for origin in origins]
        self._region = region
        self._public = public
        self._due = self._look_due = 0.0
        self._asking: asyncio.Task[None] | None = None
        store.mkdir(parents=True, exist_ok=True, mode=0o700)

    def tend(self, side: SideStore, offers: Iterable[TableOffer]) -> None:
        """Take over who may ask us, and ask the others where it is time; returns at once."""
        now = time.monotonic()
        if now >= self._look_due:
            self.files.enrolled, self._look_due = _enrolled(side), now + SOON_S
        if now < self._due or (self._asking is not None and not self._asking.done()):
            return
        missing = [offer for offer in offers if not (self._store / offer.name).exists()]
        self._due = now + (SOON_S if missing or not snapshots_list(self._store) else LOOK_S)
        if self._clients:
            self._asking = asyncio.create_task(self.take(missing))

    async def take(self, missing: Sequence[TableOffer] = ()) -> None:
        """Fetch a newer snapshot than ours, and the tables that are `missing`, from the first peer that has them."""
        for client in self._clients:
            try:
                await asyncio.to_thread(self._take_from, client, missing)
            except PeerError as error:
                _log.info("peer_gives_nothing", reason=str(error))

    async def close(self) -> None:
        """Let an answer that is under way come to its end or be thrown away."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking

    def _take_from(self, client: PeerClient, missing: Sequence[TableOffer]) -> None:
        sizes = client.sizes()
        ours = snapshots_list(self._store)
        newest = max((name for name in sizes if name.startswith("snapshot-")), default="")
        if newest and (not ours or newest > ours[0].name):
            client.fetch(newest, sizes[newest], self._store, self._prove)
            _log.info("snapshot_taken_from_peer", file=newest, peer=client.origin)
            for old in snapshots_list(self._store)[KEPT:]:
                old.unlink(missing_ok=True)
        for offer in missing:
            if offer.name in sizes and not (self._store / offer.name).exists():
                client.fetch(offer.name, sizes[offer.name], self._store, _Digest(offer))
                _log.info("table_taken_from_peer", file=offer.name, peer=client.origin)

    def _prove(self, path: Path) -> None:
        snapshot_prove(path, self._region, self._public)


class _Digest:
    """Proves that a file is the one that control offered."""

    def __init__(self, offer: TableOffer) -> None:
        self._offer = offer

    def __call__(self, path: Path) -> None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if digest != self._offer.sha256:
            raise OfferError("its SHA-256 is another one than its offer says")


def _enrolled(side: SideStore) -> frozenset[str]:
    """The edges to whom control gave the latest epoch key."""
    notes = []
    for _, payload in side.items(FeedKind.EPOCHS):
        with contextlib.suppress(PayloadError):
            notes.append(note_decode(payload, EpochNote))
    latest = max(notes, key=lambda note: note.valid_until, default=None)
    return frozenset() if latest is None else frozenset(latest.sealed)


def peers_open(settings: Settings, public: VerifyKey) -> tuple[Peers | None, PeerServer | None]:
    """This host's peers, and the server for them, as far as the settings name either."""
    if not settings.peer_origins and not settings.peer_port:
        return None, None
    private = identity_open(settings.data / "edge")
    region = int(settings.region)
    peers = Peers(settings.data / "snapshots", settings.peer_origins, private, region=region, public=public)
    if not settings.peer_port:
        return peers, None
    try:
        return peers, PeerServer(peers.files, settings.host, settings.peer_port)
    except OSError as error:
        _log.warning("peer_port_taken", port=settings.peer_port, reason=str(error))
        return peers, None
