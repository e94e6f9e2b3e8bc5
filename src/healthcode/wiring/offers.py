"""Offered tables on one host: chosen, copied and verified, brought up to the feed, handed over.

One draft at a time, in steps between the updater's rounds, so that single decisions never wait for it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from healthcode.adapters.offered_tables import offer_copy
from healthcode.adapters.table_files import TableFile
from healthcode.crypto.interfaces import VerifyKey
from healthcode.domain.time import Minute
from healthcode.table.applier import Applier
from healthcode.table.header import Header
from healthcode.table.messages import BULK, LANES, SINGLE, FeedKind, FeedSource, SideChange, SideStore
from healthcode.table.offer import OfferError, TableOffer, offer_due, offer_is_news, offer_next, offer_verify

BATCH: Final = 10_000
"""Messages of a lane that a draft takes in one step: twice what the tables in use take, so that it catches up."""

_log = structlog.get_logger(__name__)
_Stamp = tuple[int, int] | None


class Follow(NamedTuple):
    """Where the tables in use stand: the applied numbers, and the heartbeat that vouches for the feed."""

    applied: Mapping[int, int]
    beat: bytes
    now_ms: int


class Offers:
    """What becomes of the offers in the side files."""

    def __init__(self, folder: Path, store: Path, source: FeedSource, *, region: int, public: VerifyKey) -> None:
        """`folder` is the edge's, `store` where the offered files lie."""
        self._folder = folder
        self._store = store
        self._source = source
        self._region = region
        self._public = public
        self._read: dict[tuple[int, bytes], TableOffer | None] = {}
        self._refused: dict[bytes, _Stamp] = {}
        self._draft: _Draft | None = None

    @property
    def refused(self) -> int:
        """How many of the published offers cannot be used."""
        return len(self._refused) + sum(offer is None for offer in self._read.values())

    def published(self, side: SideStore) -> list[TableOffer]:
        """The offers that prove themselves."""
        entries = dict.fromkeys(side.items(FeedKind.TABLE))
        self._read = {entry: self._read[entry] if entry in self._read else self._verified(*entry) for entry in entries}
        found = [offer for offer in self._read.values() if offer is not None]
        ids = {offer.file_id for offer in found}
        self._refused = {name: stamp for name, stamp in self._refused.items() if name in ids}
        return found

    async def step(
        self, offers: Sequence[TableOffer], now: Minute, *, current: Header, waiting: Header | None, follow: Follow
    ) -> TableFile | None:
        """Do a little more; return a table that holds all that was applied, ready to be put in place.

        Raises FeedUnavailable; the next step goes on.
        """
        wanted = self._wanted(offers, now, current, waiting)
        if self._draft is not None and self._draft.offer != wanted:
            await self.abandon()
        if wanted is None:
            return None
        if self._draft is None:
            self._draft = _Draft(wanted, lambda: offer_copy(wanted, self._store, self._folder))
        try:
            table = await self._draft.step(self._source, follow, region=self._region, public=self._public)
        except OfferError as error:
            await self.abandon()
            self._refuse(wanted, str(error))
            return None
        if table is not None:
            self._draft = None
        return table

    async def abandon(self) -> None:
        """Throw the draft away."""
        draft, self._draft = self._draft, None
        if draft is not None:
            await draft.abandon()

    def _wanted(
        self, offers: Sequence[TableOffer], now: Minute, current: Header, waiting: Header | None
    ) -> TableOffer | None:
        """What is due and newer than the current table; else what comes next and does not wait yet."""
        usable = [offer for offer in offers if self._usable(offer)]
        held = b"" if waiting is None else waiting.file_id
        due = offer_due(usable, now)
        if due is not None and due.file_id != held and offer_is_news(due, current):
            return due
        following = offer_next(usable, now)
        return None if following is None or following.file_id == held else following

    def _usable(self, offer: TableOffer) -> bool:
        """Not refused before, unless another file lies there now."""
        name = offer.file_id
        if name in self._refused and self._refused[name] == self._stamp(offer):
            return False
        self._refused.pop(name, None)
        return True

    def _refuse(self, offer: TableOffer, reason: str) -> None:
        self._refused[offer.file_id] = self._stamp(offer)
        _log.warning("table_offer_refused", file=offer.name, reason=reason)

    def _stamp(self, offer: TableOffer) -> _Stamp:
        try:
            stat = (self._store / offer.name).stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _verified(self, key: int, payload: bytes) -> TableOffer | None:
        try:
            return offer_verify(self._public, payload, key=key, region=self._region)
        except OfferError as error:
            _log.warning("table_offer_refused", key=key, reason=str(error))
            return None


class _Draft:
    """One offer on its way: copied, then fed, then flushed, then fed again."""

    def __init__(self, offer: TableOffer, copy: Callable[[], TableFile]) -> None:
        self.offer = offer
        self._copying = asyncio.create_task(asyncio.to_thread(copy))
        self._flushing: asyncio.Task[None] | None = None
        self._applier: Applier | None = None

    async def step(self, source: FeedSource, follow: Follow, *, region: int, public: VerifyKey) -> TableFile | None:
        if not self._copying.done():
            return None
        table = self._copying.result()
        if self._applier is None:
            self._applier = Applier([table], _RecordsOnly(), region=region, public=public)
        if not await self._feed(self._applier, source, follow):
            return None
        if self._flushing is None:  # in a thread: a gigabyte takes the disk a while
            self._flushing = asyncio.create_task(asyncio.to_thread(table.flush))
        return table if self._flushing.done() else None

    async def abandon(self) -> None:
        with suppress(OfferError):
            table = await self._copying
            if self._flushing is not None:
                await self._flushing
            table.withdraw()

    async def _feed(self, applier: Applier, source: FeedSource, follow: Follow) -> bool:
        """Take what came after the file was made.  True where it holds all that the tables in use hold."""
        behind = [lane for lane in LANES if applier.applied(lane) < follow.applied[lane]]
        if not behind:
            return True
        applier.beat(follow.beat, now_ms=follow.now_ms)
        messages = [m for lane in (SINGLE, BULK) for m in await source.fetch(lane, applier.applied(lane), BATCH)]
        if applier.apply(messages).gaps:
            raise OfferError("the feed no longer holds what came after this table was made")
        if applier.torn:
            raise OfferError("a message that came after this table was made is damaged: a newer table is needed")
        return all(applier.applied(lane) >= follow.applied[lane] for lane in LANES)


class _RecordsOnly:
    """`SideStore` of a draft: the side files are shared with the tables in use, which feed them."""

    def get(self, kind: int, key: int) -> bytes | None:  # noqa: ARG002 - the port's
        """Nothing."""
        return None

    def items(self, kind: int) -> Iterator[tuple[int, bytes]]:  # noqa: ARG002 - the port's
        """Nothing."""
        return iter(())

    def applied(self, lane: int) -> int:  # noqa: ARG002 - the port's
        """Beyond every number: no side entry is news."""
        return 1 << 63

    def apply(self, changes: Sequence[SideChange], applied: Mapping[int, int]) -> None:
        """Nothing to store."""

    def clear(self) -> None:
        """Nothing to remove."""
