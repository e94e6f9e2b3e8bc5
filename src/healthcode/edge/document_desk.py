"""The desk of the document index: the one place of a host where its keys are. It answers, and it writes down first.

Laws: nothing is answered from the index before the row about it is durable; a device that has spent its budget is told
nothing; an unknown number and a wrong name take the same steps and give the same bytes.
"""

import os
from collections.abc import Callable, Iterable

from healthcode.crypto.errors import CryptoError
from healthcode.crypto.sealed_box import open_sealed
from healthcode.edge.document_limits import ASKS, HOST_ASKS, MISSES, Budget, BudgetPool
from healthcode.edge.documents import FOUND, LIMITED, UNAVAILABLE, UNKNOWN, DocumentAnswer, DocumentAsk
from healthcode.edge.limits import RateLimit
from healthcode.table.document_index import KEY_CONTEXT, document_digest, document_lookup
from healthcode.table.messages import FeedKind, SideStore
from healthcode.table.payloads import DocumentKeyNote, PayloadError, note_decode
from healthcode.visits.access import AccessLog, AccessRow, AccessUnavailable
from healthcode.visits.record import visit_key

_LIMITED = DocumentAnswer(LIMITED)
_UNAVAILABLE = DocumentAnswer(UNAVAILABLE)
_UNKNOWN = DocumentAnswer(UNKNOWN)


class Desk:
    """Answers for one host. `side` gives the side files, None before there are any; `clock` seconds since 1970."""

    def __init__(
        self,
        side: Callable[[], SideStore | None],
        holder: tuple[str, bytes],
        log: AccessLog,
        pool: BudgetPool,
        clock: Callable[[], float],
    ) -> None:
        """`holder` is this process's id and private key, to which the generations' keys are sealed."""
        self._side = side
        self._holder, self._private = holder
        self._log = log
        self._clock = clock
        self._asks = Budget("asks", ASKS, pool)
        self._misses = Budget("misses", MISSES, pool)
        self._host = RateLimit(HOST_ASKS, 3600)
        self._notes: dict[int, bytes] = {}
        self._keys: list[bytes] = []
        self._hosts = 1

    @property
    def generations(self) -> int:
        """How many generations of the index can be read."""
        return len(self._keys)

    def recount(self, rows: Iterable[AccessRow]) -> None:
        """After a restart: `rows` of this hour count against the budgets."""
        asked = [row for row in rows if row.said in (FOUND, UNKNOWN)]
        self._asks.recount((row.device for row in asked), self._clock())
        self._misses.recount((row.device for row in asked if row.said == UNKNOWN), self._clock())

    def refresh(self) -> None:
        """Take over the generations that control has published or taken back. Cheap where nothing changed."""
        side = self._side()
        notes = {} if side is None else dict(side.items(FeedKind.DOCUMENT_KEYS))
        if notes == self._notes:
            return
        self._notes, held, hosts = notes, [], 1
        for _, payload in sorted(notes.items(), reverse=True):
            try:
                note = note_decode(payload, DocumentKeyNote)
                hosts = max(hosts, len(note.sealed))
                held.append(open_sealed(self._private, note.sealed[self._holder], context=KEY_CONTEXT))
            except (PayloadError, KeyError, CryptoError):
                continue  # not for us, or of a later release: the other generation answers
        self._keys, self._hosts = held, hosts

    async def ask(self, asked: DocumentAsk) -> DocumentAnswer:
        """See `DocumentIndex.ask`."""
        side, now_s = self._side(), self._clock()
        if side is None or not self._keys:
            return _UNAVAILABLE
        spent = await self._take(asked.device, now_s)
        try:
            if spent is not None:
                if spent.first_stop(asked.device, now_s):
                    await self._log.keep([self._row(asked, 0, spent.name, now_s)])
                return _LIMITED
            subject = self._look_up(side, asked)
            # If we die before this row is durable, nobody has heard an answer; after it, the check is on record.
            await self._log.keep([self._row(asked, subject, FOUND if subject else UNKNOWN, now_s)])
        except AccessUnavailable:
            return _UNAVAILABLE
        if not subject:
            return _UNKNOWN
        self._misses.back(asked.device, now_s)
        return DocumentAnswer(FOUND, subject)

    async def _take(self, device: bytes, now_s: float) -> Budget | None:
        """Spend one ask and, until it is found, one miss; returns the budget that is spent already, if one is."""
        if self._host.wait_s("host", now_s) or not await self._asks.take(device, now_s, self._hosts):
            return self._asks
        return None if await self._misses.take(device, now_s, self._hosts) else self._misses

    def _look_up(self, side: SideStore, asked: DocumentAsk) -> int:
        """The subject, by every generation: how many are asked never depends on the answer."""
        digests = [document_digest(key, asked.kind, asked.number, asked.name) for key in self._keys]
        return max(document_lookup(side, digest) for digest in digests)

    def _row(self, asked: DocumentAsk, subject: int, said: str, now_s: float) -> AccessRow:
        at_ms = int(now_s * 1000)
        key = visit_key(at_ms, os.urandom(10))
        return AccessRow(key, at_ms, subject, asked.device, asked.venue, asked.checkpoint, said)
