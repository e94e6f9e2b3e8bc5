"""`POST /v1/offline-visits`: checks that a device made without network, stored once however often they are sent.

What was shown is opened here as of the moment of the check, so that a device can report the presence of nobody whose
phone or paper it did not see; the person is found as at a gate that is online. What was answered at the gate is kept
as the device tells it.
"""

import asyncio
import hashlib
from typing import NamedTuple
from uuid import UUID

import msgspec

from healthcode.codes.errors import CodeError
from healthcode.codes.live import live_open
from healthcode.codes.paper import FAMILY as PAPER_FAMILY
from healthcode.codes.paper import paper_open
from healthcode.codes.passes import FAMILY as PASS_FAMILY
from healthcode.codes.passes import locator_open, pass_open
from healthcode.codes.session import SessionClaim
from healthcode.domain.outcome import FIXED_OUTCOMES, Verdict
from healthcode.domain.presence import Presence
from healthcode.edge.answers import OfflineTaken, OfflineVisit, OfflineVisitsAnswer, OfflineVisitsRequest
from healthcode.edge.http import Problem, Request, Response, json_response
from healthcode.edge.limits import RateLimit
from healthcode.edge.metrics import Metrics
from healthcode.edge.sessions import Sessions
from healthcode.edge.status import Moment
from healthcode.edge.visit_queue import VisitOverload, VisitPoison, VisitQueue
from healthcode.edge.world import World
from healthcode.visits.record import Visit, VisitKeyError, visit_key, visit_key_ms

OLDEST_MS = 7 * 24 * 3600 * 1000
"""Within it the epoch keys are held that open what was shown."""
AHEAD_MS = 60 * 1000
VISITS_PER_MINUTE = 600
_VERDICTS = frozenset(verdict.value for verdict in Verdict)
_DECODER = msgspec.json.Decoder(OfflineVisitsRequest)
_ENCODER = msgspec.json.Encoder()


class _Refused(Exception):
    """A visit that can never be stored; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Case(NamedTuple):
    """The device, and the server's time."""

    device: SessionClaim
    now_ms: int


class OfflineVisits:
    """Takes uploads for one worker."""

    def __init__(self, world: World, sessions: Sessions, queue: VisitQueue | None, metrics: Metrics) -> None:
        self._world = world
        self._sessions = sessions
        self._queue = queue
        self._metrics = metrics
        self.limit = RateLimit(VISITS_PER_MINUTE)

    async def post(self, request: Request, moment: Moment) -> Response:
        """Store each visit, or say why it never will be; a store that is away refuses the whole, to be repeated."""
        device = self._sessions.inspector(request, int(moment.wall_s) // 60)
        asked = _decode(request.body)
        wait_s = self.limit.wait_s(device.device, moment.wall_s, len(asked.visits))
        if wait_s:
            raise Problem("rate_limited", retry_after_s=wait_s)
        case = _Case(device, int(moment.wall_s * 1000))
        taken = await asyncio.gather(*(self._take(visit, case) for visit in asked.visits))
        return json_response(_ENCODER.encode(OfflineVisitsAnswer(list(taken), case.now_ms)))

    async def _take(self, given: OfflineVisit, case: _Case) -> OfflineTaken:
        try:
            visit = self._visit(given, case)
        except _Refused as refused:
            self._metrics.events["offline_visit_refused"] += 1
            return OfflineTaken(given.key, "refused", refused.reason)
        return await self._store(given.key, visit)

    def _visit(self, given: OfflineVisit, case: _Case) -> Visit:
        at_ms, device = _at_ms(given.key, case.now_ms), case.device
        if given.verdict not in _VERDICTS or given.outcome not in FIXED_OUTCOMES | self._world.color_states().keys():
            raise _Refused("outcome_unknown")
        return Visit(
            # The device is part of the key: nobody can occupy the key of another device's visit.
            id=visit_key(at_ms, hashlib.sha256(device.device + UUID(given.key).bytes).digest()),
            venue=device.venue,
            checkpoint=device.checkpoint,
            subject=self._subject(given.code, at_ms),
            at_ms=at_ms,
            grade=Presence.inspected,
            device=device.device,
            outcome=given.outcome,
            verdict=given.verdict,
        )

    def _subject(self, code: str, at_ms: int) -> int:
        """Whose code it was, 0 for a paper that is known nowhere here; `_Refused` for what was not genuine then."""
        region, keys = self._world.region, self._world.keys
        try:
            if code.startswith(PASS_FAMILY):
                shown = pass_open(self._world.issuers("person"), code, region=region, now_s=at_ms / 1000)
                return locator_open(keys, shown.claim)
            if code.startswith(PAPER_FAMILY):
                claim = paper_open(self._world.issuers("person"), code, region=region, now=at_ms // 60_000)
                return self._world.paper_subject(claim.handle)
            return live_open(keys, code, region=region, now_s=at_ms / 1000).subject
        except CodeError as error:
            raise _Refused(f"code_{error.outcome}") from None

    async def _store(self, key: str, visit: Visit) -> OfflineTaken:
        """Durable on return.  Dying before: the device repeats; after: it repeats too, and nothing is doubled."""
        if self._queue is None:
            raise Problem("busy", retry_after_s=30)
        try:
            return OfflineTaken(key, (await self._queue.store(visit)).value)
        except VisitOverload:
            raise Problem("busy", retry_after_s=30) from None
        except VisitPoison:
            self._metrics.events["visit_refused"] += 1
            return OfflineTaken(key, "refused", "visit_refused")


def _at_ms(key: str, now_ms: int) -> int:
    """When the check was made: the time in its key."""
    try:
        at_ms = visit_key_ms(UUID(key)) if UUID(key).version == 7 else -1
    except (ValueError, VisitKeyError):
        at_ms = -1
    if at_ms < 0:
        raise _Refused("visit_key")
    if not now_ms - OLDEST_MS <= at_ms <= now_ms + AHEAD_MS:
        raise _Refused("visit_time")
    return at_ms


def _decode(body: bytes) -> OfflineVisitsRequest:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise Problem("bad_request", errors=({"field": "", "message": str(error)},)) from None
