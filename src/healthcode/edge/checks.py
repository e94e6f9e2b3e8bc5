"""`POST /v1/checks`: an inspector's device or a gate checks a person's code; the answer says what happens here.

Total: whatever was scanned gets an outcome and a verdict; only the asking device can be refused.
"""

import os
import time

import msgspec
from msgspec import UNSET

from healthcode.codes.session import SessionClaim
from healthcode.domain.condition import condition_words
from healthcode.domain.document import name_mask
from healthcode.domain.outcome import Outcome
from healthcode.domain.policy import judge
from healthcode.domain.presence import Presence
from healthcode.domain.time import Minute
from healthcode.edge.answers import Check, CheckBatch, CheckOne, CheckRequest, DocumentGiven
from healthcode.edge.documents import FOUND, UNKNOWN, DocumentAsk, DocumentIndex
from healthcode.edge.finding import Finder, Found, Person
from healthcode.edge.http import Problem, Request, Response, json_response
from healthcode.edge.limits import RateLimit
from healthcode.edge.metrics import Metrics
from healthcode.edge.sessions import Sessions
from healthcode.edge.status import Moment
from healthcode.edge.visit_queue import VisitOverload, VisitPoison, VisitQueue
from healthcode.edge.world import Gate, World
from healthcode.visits.record import Visit, visit_key

CHECKS_PER_MINUTE = 1_200
"""Per inspecting device: a turnstile passes 20 people a second at most."""

_DECODER = msgspec.json.Decoder(CheckRequest)
_ENCODER = msgspec.json.Encoder()


class Checks:
    """Answers checks for one worker."""

    def __init__(
        self,
        world: World,
        sessions: Sessions,
        visits: VisitQueue | None,
        metrics: Metrics,
        documents: DocumentIndex,
    ) -> None:
        self._world = world
        self._documents = documents
        self._sessions = sessions
        self._visits = visits
        self._metrics = metrics
        self.limit = RateLimit(CHECKS_PER_MINUTE)
        self.finder = Finder(world, metrics)
        self._prefix = f"{os.getpid():x}-{time.time_ns():x}-"
        self._count = 0

    async def post(self, request: Request, moment: Moment) -> Response:
        """One check or a batch."""
        now = int(moment.wall_s) // 60
        inspector = self._sessions.claim(request, "inspector", now)
        asked = _decode(await request.body())
        things = [asked] if asked.batch is UNSET else asked.batch
        wait_s = self.limit.wait_s(inspector.device, moment.wall_s, len(things))
        if wait_s:
            raise Problem("rate_limited", retry_after_s=wait_s)
        gate = self._world.gate(inspector.venue, now)
        if gate is None:
            raise Problem("venue_unknown")
        if not gate.open:
            raise Problem("venue_closed")
        answers = [await self._check(thing, inspector, gate, moment) for thing in things]
        body = answers[0] if asked.batch is UNSET else CheckBatch(answers)
        return json_response(_ENCODER.encode(body))

    async def _check(self, thing: CheckOne, inspector: SessionClaim, gate: Gate, moment: Moment) -> Check:
        now = int(moment.wall_s) // 60
        found = await self._find(thing, inspector, moment)
        last = found.record.last_negative
        judgement = judge(outcome=found.outcome, policy=gate.policy, medical=gate.medical, last_negative=last, now=now)
        verdict = judgement.verdict.value
        self._metrics.outcomes["check", found.outcome] += 1
        self._count += 1
        check, stored = f"{self._prefix}{self._count:x}", "not_recorded"
        if gate.record_visits:
            visit = _visit(found, verdict, inspector, int(moment.wall_s * 1000))
            check, stored = str(visit.id), await self._store(visit)
        return Check(
            check=check,
            outcome=found.outcome,
            verdict=verdict,
            reason=found.reason or judgement.reason_code,
            failed_condition=judgement.failed_condition,
            condition=condition_words(
                judgement, found.outcome, gate.policy, self._world.color_words(), last_negative=last, now=now
            ),
            masked_name=found.person.masked_name if found.person else None,
            last_negative_minute=last,
            test_age_h=None if last is None else max(0, now - last) // 60,
            notices=self._world.notices(found.notices),
            freshness=self._world.freshness,
            visit=stored,
            server_time_ms=int(moment.wall_s * 1000),
        )

    async def _find(self, thing: CheckOne, inspector: SessionClaim, moment: Moment) -> Found:
        """What is known about the thing shown."""
        shown = thing.code if thing.code is not UNSET else thing.paper
        if shown is not UNSET:
            return self.finder.find(shown, inspector.venue, moment)
        if thing.document is UNSET:
            raise Problem("bad_request", errors=({"field": "code", "message": "give code, paper or document"},))
        return await self._find_document(thing.document, inspector, int(moment.wall_s) // 60)

    async def _find_document(self, given: DocumentGiven, inspector: SessionClaim, now: Minute) -> Found:
        """Whose document it is, by the process that holds the index's key; no other answer is kept or remembered."""
        ask = DocumentAsk(inspector.device, inspector.venue, inspector.checkpoint, given.kind, given.number, given.name)
        answer = await self._documents.ask(ask)
        self._metrics.events[f"document_{answer.said.removeprefix('document_')}"] += 1
        if answer.said == UNKNOWN:
            return Found(Outcome.unknown.value)
        if answer.said != FOUND:
            return Found(Outcome.failed.value, answer.said)
        return self.finder.known(Person(answer.subject, name_mask(given.name)), now)

    async def _store(self, visit: Visit) -> str:
        """`stored` when the visit is durable; a gate does not close because the store is away."""
        if self._visits is None:
            return "not_stored"
        try:
            await self._visits.store(visit)
        except (VisitOverload, VisitPoison):
            self._metrics.events["inspected_visit_not_stored"] += 1
            return "not_stored"
        return "stored"


def _visit(found: Found, verdict: str, inspector: SessionClaim, at_ms: int) -> Visit:
    return Visit(
        id=visit_key(at_ms, os.urandom(10)),
        venue=inspector.venue,
        checkpoint=inspector.checkpoint,
        subject=found.person.subject if found.person else 0,
        at_ms=at_ms,
        grade=Presence.inspected,
        device=inspector.device,
        outcome=found.outcome,
        verdict=verdict,
    )


def _decode(body: bytes) -> CheckRequest:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise Problem("bad_request", errors=({"field": "", "message": str(error)},)) from None
