"""`POST /v1/checks`: an inspector's device or a gate checks a person's code; the answer says what happens here.

Total: whatever was scanned gets an outcome and a verdict; only the asking device can be refused.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from healthcode.codes.session import SessionClaim
from healthcode.domain.condition import condition_words
from healthcode.domain.document import name_mask
from healthcode.domain.outcome import Outcome
from healthcode.domain.policy import judge
from healthcode.domain.presence import Presence
from healthcode.edge.answers import Check, CheckBatch, CheckOne, CheckRequest
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


class _Case(NamedTuple):
    """Who asks, where, when, and whether for a batch."""

    inspector: SessionClaim
    gate: Gate
    moment: Moment
    batch: bool


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

    def post(self, request: Request, moment: Moment) -> Response | Awaitable[Response]:
        """One check or a batch; where the venue records visits, when they are stored."""
        now = int(moment.wall_s) // 60
        inspector = self._sessions.inspector(request, now)
        asked = _decode(request.body)
        things = [asked] if asked.batch is UNSET else asked.batch
        wait_s = self.limit.wait_s(inspector.device, moment.wall_s, len(things))
        if wait_s:
            raise Problem("rate_limited", retry_after_s=wait_s)
        gate = self._world.gate(inspector.venue, now)
        if gate is None:
            raise Problem("venue_unknown")
        if not gate.open:
            raise Problem("venue_closed")
        case = _Case(inspector, gate, moment, asked.batch is not UNSET)
        if any(thing.document is not UNSET for thing in things):
            return self._with_documents(things, case)
        return self._told([self._find(thing, case) for thing in things], case)

    async def _with_documents(self, things: Sequence[CheckOne], case: _Case) -> Response:
        """The same where the index process must be asked: all of a batch at once."""
        told = self._told(await asyncio.gather(*(self._find_asking(thing, case) for thing in things)), case)
        return told if isinstance(told, Response) else await told

    def _told(self, found: Sequence[Found], case: _Case) -> Response | Awaitable[Response]:
        inspector, gate, moment, batch = case
        answers = [self._answer(item, gate, moment) for item in found]
        if not gate.record_visits:
            return _response(answers, batch=batch)
        at_ms = int(moment.wall_s * 1000)
        visits = [_visit(*pair, inspector, at_ms) for pair in zip(found, answers, strict=True)]
        return self._recorded(answers, visits, batch=batch)

    async def _recorded(self, answers: list[Check], visits: list[Visit], *, batch: bool) -> Response:
        """The answers, each with what became of its visit."""
        stored = await asyncio.gather(*map(self._store, visits))
        told = [
            msgspec.structs.replace(answer, check=str(visit.id), visit=said)
            for answer, visit, said in zip(answers, visits, stored, strict=True)
        ]
        return _response(told, batch=batch)

    def _answer(self, found: Found, gate: Gate, moment: Moment) -> Check:
        now = int(moment.wall_s) // 60
        last = found.record.last_negative
        judgement = judge(outcome=found.outcome, policy=gate.policy, medical=gate.medical, last_negative=last, now=now)
        self._metrics.outcomes["check", found.outcome] += 1
        self._count += 1
        return Check(
            check=f"{self._prefix}{self._count:x}",
            outcome=found.outcome,
            verdict=judgement.verdict.value,
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
            visit="not_recorded",
            server_time_ms=int(moment.wall_s * 1000),
        )

    def _find(self, thing: CheckOne, case: _Case) -> Found:
        """What is known about the code or paper shown."""
        shown = thing.code if thing.code is not UNSET else thing.paper
        if shown is UNSET:
            raise Problem("bad_request", errors=({"field": "code", "message": "give code, paper or document"},))
        return self.finder.find(shown, case.inspector.venue, case.moment)

    async def _find_asking(self, thing: CheckOne, case: _Case) -> Found:
        """Whose document was shown, by the process that holds the index's key; its answer is kept nowhere here."""
        given = thing.document
        if given is UNSET:
            return self._find(thing, case)
        device = case.inspector
        ask = DocumentAsk(device.device, device.venue, device.checkpoint, given.kind, given.number, given.name)
        answer = await self._documents.ask(ask)
        self._metrics.events[f"document_{answer.said.removeprefix('document_')}"] += 1
        if answer.said == UNKNOWN:
            return Found(Outcome.unknown.value)
        if answer.said != FOUND:
            return Found(Outcome.failed.value, answer.said)
        return self.finder.known(Person(answer.subject, name_mask(given.name)), int(case.moment.wall_s) // 60)

    async def _store(self, visit: Visit) -> str:
        """`stored` or `spooled` when the visit is durable; a gate does not close because the store is away."""
        if self._visits is None:
            return "not_stored"
        try:
            return (await self._visits.store(visit)).value
        except (VisitOverload, VisitPoison):
            self._metrics.events["inspected_visit_not_stored"] += 1
            return "not_stored"


def _response(answers: list[Check], *, batch: bool) -> Response:
    return json_response(_ENCODER.encode(CheckBatch(answers) if batch else answers[0]))


def _visit(found: Found, answer: Check, inspector: SessionClaim, at_ms: int) -> Visit:
    return Visit(
        id=visit_key(at_ms, os.urandom(10)),
        venue=inspector.venue,
        checkpoint=inspector.checkpoint,
        subject=found.person.subject if found.person else 0,
        at_ms=at_ms,
        grade=Presence.inspected,
        device=inspector.device,
        outcome=found.outcome,
        verdict=answer.verdict,
    )


def _decode(body: bytes) -> CheckRequest:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise Problem("bad_request", errors=({"field": "", "message": str(error)},)) from None
