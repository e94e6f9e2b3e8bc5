"""`POST /v1/visits`: a resident scans a venue's code.  The visit is durable before the answer."""

import random
from asyncio import Future
from uuid import UUID

import msgspec

from healthcode.codes.errors import CodeError, Expired, ForeignPlace, Forged, NotYet, UpdateNeeded, WrongRegion
from healthcode.codes.session import SessionClaim
from healthcode.codes.venue import VenueClaim
from healthcode.domain.outcome import Freshness as Level
from healthcode.domain.policy import Judgement, judge
from healthcode.domain.presence import Presence
from healthcode.domain.time import Minute
from healthcode.edge.answers import Place, VisitAnswer, VisitRequest
from healthcode.edge.http import Later, Problem, Request, Response, json_response
from healthcode.edge.limits import RateLimit
from healthcode.edge.metrics import Metrics
from healthcode.edge.sessions import Sessions
from healthcode.edge.status import Moment
from healthcode.edge.visit_queue import Kept, VisitOverload, VisitPoison, VisitQueue
from healthcode.edge.world import Gate, World
from healthcode.table.record import Record
from healthcode.visits.record import Visit, VisitKeyError, visit_key_for

VISITS_PER_MINUTE = 20

_DECODER = msgspec.json.Decoder(VisitRequest)
_ENCODER = msgspec.json.Encoder()
_REFUSALS: tuple[tuple[type[CodeError], str], ...] = (
    (Expired, "venue_code_expired"),
    (NotYet, "venue_code_expired"),
    (Forged, "venue_code_forged"),
    (ForeignPlace, "venue_code_forged"),
    (WrongRegion, "venue_code_region"),
    (UpdateNeeded, "update_needed"),
    (CodeError, "venue_code_unreadable"),
)


class Visits:
    """Records scans for one worker."""

    def __init__(self, world: World, sessions: Sessions, queue: VisitQueue | None, metrics: Metrics) -> None:
        self._world = world
        self._sessions = sessions
        self._queue = queue
        self._metrics = metrics
        self.limit = RateLimit(VISITS_PER_MINUTE)

    def post(self, request: Request, moment: Moment) -> Later:
        """Store the visit, then tell what the state means at this venue."""
        now = int(moment.wall_s) // 60
        claim, record = self._sessions.resident(request, now)
        wait_s = self.limit.wait_s((claim.subject, claim.device), moment.wall_s)
        if wait_s:
            raise Problem("rate_limited", retry_after_s=wait_s)
        asked = _decode(request.body)
        place = self._place(asked.code, now)
        gate = self._world.gate(place.venue, now)
        if gate is None:
            raise Problem("venue_unknown")
        if not gate.open:
            raise Problem("venue_closed")
        if place.edition < gate.edition:
            raise Problem("venue_code_recalled")
        outcome, judgement = self._judge(record, gate, now)
        at_ms = int(moment.wall_s * 1000)
        visit = Visit(
            id=_key(asked.key, claim.subject, at_ms),
            venue=place.venue,
            checkpoint=place.checkpoint,
            subject=claim.subject,
            at_ms=at_ms,
            grade=Presence.rotating if place.kind == "rotating" else Presence.static,
            device=claim.device,
            outcome=outcome,
            verdict=judgement.verdict.value,
        )

        def answer(stored: Future[Kept]) -> Response:
            kept = self._kept(stored)
            self._metrics.outcomes["visit", outcome] += 1
            return json_response(_ENCODER.encode(self._answer(visit, claim, gate, judgement, kept)))

        return Later(self._store(visit), answer)

    def _place(self, code: str, now: Minute) -> VenueClaim:
        """The genuine venue code's claim, or a Problem that says what is wrong with the code."""
        try:
            return self._world.venue_reader.open(self._world.keys, code, now=now)
        except CodeError as error:
            refused = next(name for kind, name in _REFUSALS if isinstance(error, kind))
            self._metrics.events[refused] += 1
            raise Problem(refused) from None

    def _judge(self, record: Record, gate: Gate, now: Minute) -> tuple[str, Judgement]:
        outcome = "stale"
        if self._world.level is not Level.stale:
            outcome = self._world.color_id(self._world.effective(record, now)[0])
        last = record.last_negative
        return outcome, judge(outcome=outcome, policy=gate.policy, medical=gate.medical, last_negative=last, now=now)

    def _store(self, visit: Visit) -> Future[Kept]:
        """Done when the visit is durable.  Dying before: the phone repeats with the same key; after: so too."""
        if self._queue is None:
            raise Problem("busy", retry_after_s=_jitter_s())
        return self._queue.store(visit)

    def _kept(self, stored: Future[Kept]) -> Kept:
        """Where a visit is durable.  Raises the Problem to answer where it is not."""
        try:
            return stored.result()
        except VisitOverload:
            self._metrics.events["visit_overload"] += 1
            raise Problem("busy", retry_after_s=_jitter_s()) from None
        except VisitPoison:
            self._metrics.events["visit_refused"] += 1
            raise Problem("visit_refused") from None

    def _answer(self, visit: Visit, claim: SessionClaim, gate: Gate, judgement: Judgement, kept: Kept) -> VisitAnswer:
        return VisitAnswer(
            visit=str(visit.id),
            grade=visit.grade.value,
            outcome=visit.outcome,
            verdict=visit.verdict,
            reason=judgement.reason_code,
            failed_condition=judgement.failed_condition,
            venue=Place(
                number=visit.venue,
                name=gate.name,
                address=gate.address,
                type=gate.type,
                checkpoint=visit.checkpoint,
                checkpoint_name=gate.checkpoints.get(visit.checkpoint, ""),
            ),
            masked_name=claim.masked_name,
            freshness=self._world.freshness,
            server_time_ms=visit.at_ms,
            spooled=kept is Kept.spooled,
        )


def _key(asked: str, subject: int, at_ms: int) -> UUID:
    try:
        return visit_key_for(asked, subject, at_ms)
    except VisitKeyError as error:
        raise Problem("visit_key", errors=({"field": "key", "message": str(error)},), server_time_ms=at_ms) from None


def _jitter_s() -> int:
    """Seconds until a phone should repeat, spread so that they do not all come back together."""
    return random.randint(1, 6)  # noqa: S311 - spreads load, keeps no secret


def _decode(body: bytes) -> VisitRequest:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise Problem("bad_request", errors=({"field": "", "message": str(error)},)) from None
