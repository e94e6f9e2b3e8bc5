"""`POST /v1/codes` and `GET /v1/state`: what a resident's own page shows.

Codes are minted ahead, so that showing one costs the province nothing; a raised generation kills them all at once.
"""

import hashlib
import random
from binascii import b2a_hex
from datetime import timedelta
from typing import NamedTuple

import msgspec

from healthcode.codes.epoch import EpochMissing
from healthcode.codes.live import LiveClaim, live_mint_ahead
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.domain.time import Minute, day_of
from healthcode.edge.answers import CodesAnswer, CodesRequest, Ground, LiveCode, State
from healthcode.edge.http import Problem, Request, Response, json_response
from healthcode.edge.limits import RateLimit
from healthcode.edge.overload import Level, Load
from healthcode.edge.proofs import holder_check
from healthcode.edge.sessions import Sessions, session_text
from healthcode.edge.status import Moment
from healthcode.edge.world import World
from healthcode.table.record import Record, Transition

CODES_PER_MINUTE = 10
STATES_PER_MINUTE = 60
HINT_S = 60
"""How long a page waits before it asks for its state again, plus up to the same again by chance."""
MINUTES_STRAINED = 5
SESSION_LIFE = timedelta(days=7) // timedelta(minutes=1)
"""A renewed session's life in minutes: as long as the edges hold the epoch key that sealed it."""

_CODES_DECODER = msgspec.json.Decoder(CodesRequest)
_ENCODER = msgspec.json.Encoder()
_BASIS_ENCODER = msgspec.msgpack.Encoder()


class _Shown(NamedTuple):
    """State and notices of a minute, the change to come, and the open grounds: None where they are left out."""

    state: int
    notices: int
    change: Transition | None
    grounds: list[Ground] | None


class Codes:
    """Mints codes and tells states for one worker."""

    def __init__(self, world: World, sessions: Sessions, load: Load) -> None:
        self._world = world
        self._sessions = sessions
        self._load = load
        self.code_limit = RateLimit(CODES_PER_MINUTE)
        self.state_limit = RateLimit(STATES_PER_MINUTE)

    def post(self, request: Request, moment: Moment) -> Response:
        """The live codes of the coming minutes, with the state they stand for."""
        now = int(moment.wall_s) // 60
        claim, record = self._sessions.resident(request, now)
        _limit(self.code_limit, claim, moment)
        asked = _decode(request.body)
        proof = None if asked.holder is msgspec.UNSET else asked.holder
        holder_check(claim, session_text(request), proof, now)
        renewed = self._renewed(claim, now)
        answer = CodesAnswer(
            **msgspec.structs.asdict(self._state(claim, record, self._shown(claim, record, now), moment)),
            codes=self._mint(claim, now, self._minutes(asked.minutes)),
            session=renewed[0] if renewed else None,
            session_expires_minute=renewed[1] if renewed else claim.expires,
        )
        return json_response(_ENCODER.encode(answer))

    def state(self, request: Request, moment: Moment) -> Response:
        """The state alone; 304 where nothing changed since the ETag that the phone names."""
        now = int(moment.wall_s) // 60
        claim, record = self._sessions.resident(request, now)
        _limit(self.state_limit, claim, moment)
        shown = self._shown(claim, record, now)
        if shown.grounds is None:  # not what the phone should keep
            return json_response(_ENCODER.encode(self._state(claim, record, shown, moment)))
        etag = self._etag(claim, record, shown)
        if request.header(b"if-none-match") == etag:
            return Response(304, [(b"etag", etag), (b"cache-control", b"private, no-cache")], b"")
        return json_response(_ENCODER.encode(self._state(claim, record, shown, moment)), (b"etag", etag))

    def _shown(self, claim: SessionClaim, record: Record, now: Minute) -> _Shown:
        """What of an answer depends on the minute; its words follow from it."""
        state, notices = self._world.effective(record, now)
        calm = self._load.level is Level.calm
        return _Shown(
            state,
            notices,
            _next_change(record, now),
            self._world.grounds(claim.subject, state, now) if calm else None,
        )

    def _state(self, claim: SessionClaim, record: Record, shown: _Shown, moment: Moment) -> State:
        """What the table says of the session's subject now, and what it will say next."""
        world, change, grounds = self._world, shown.change, shown.grounds
        return State(
            state=world.color_id(shown.state),
            until_minute=change.minute if change else None,
            next_state=world.color_id(change.state) if change else None,
            notices=world.notices(shown.notices),
            grounds=grounds or [],
            grounds_later=grounds is None,
            doses=record.doses,
            last_negative_minute=record.last_negative,
            freshness=world.freshness,
            masked_name=claim.masked_name,
            region=str(world.region),
            server_time_ms=int(moment.wall_s * 1000),
            hint_s=(3 if grounds is None else 1) * (HINT_S + random.randrange(HINT_S)),  # noqa: S311 - spreads load
        )

    def _etag(self, claim: SessionClaim, record: Record, shown: _Shown) -> bytes:
        """Changes with what the page shows; not with the server's clock, the data's exact age or the hint.

        Made of what the answer follows from: nearly always the phone has that answer, and none is made.
        """
        world = self._world
        basis = (
            *shown,
            record.doses,
            record.last_negative,
            world.freshness.level,
            world.freshness.clock,
            claim.masked_name,
            world.words_mark,
        )
        return b'W/"%b"' % b2a_hex(hashlib.sha256(_BASIS_ENCODER.encode(basis)).digest()[:12])

    def _minutes(self, asked: int) -> int:
        """Fewer minutes of codes under strain: each phone gets some."""
        return asked if self._load.level < Level.strained else min(asked, MINUTES_STRAINED)

    def _mint(self, claim: SessionClaim, now: Minute, minutes: int) -> list[LiveCode]:
        """Codes from this minute on, as far as keys are held (they end two epochs ahead)."""
        first = LiveClaim(claim.subject, claim.generation, now, _fitting(claim.masked_name), 0)
        try:
            texts = live_mint_ahead(self._world.keys, first, minutes, region=self._world.region)
        except EpochMissing:
            raise Problem("keys_missing", retry_after_s=10) from None
        return [LiveCode(minute, text) for minute, text in enumerate(texts, now)]

    def _renewed(self, claim: SessionClaim, now: Minute) -> tuple[str, Minute] | None:
        """A fresh session once a day, so that none outlives the epoch keys that its edges hold."""
        if day_of(claim.issued) == day_of(now):
            return None
        fresh = claim._replace(issued=now, expires=now + SESSION_LIFE)
        try:
            return session_seal(self._world.keys, fresh, region=self._world.region, now=now), fresh.expires
        except EpochMissing:
            return None


def _limit(limit: RateLimit, claim: SessionClaim, moment: Moment) -> None:
    wait_s = limit.wait_s((claim.subject, claim.device), moment.wall_s)
    if wait_s:
        raise Problem("rate_limited", retry_after_s=wait_s)


def _decode(body: bytes) -> CodesRequest:
    try:
        return _CODES_DECODER.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise Problem("bad_request", errors=({"field": "", "message": str(error)},)) from None


def _fitting(masked_name: str) -> str:
    """The masked name in the 24 bytes that a live code has for it."""
    while len(masked_name.encode()) > 24:
        masked_name = masked_name[:-1]
    return masked_name


def _next_change(record: Record, now: Minute) -> Transition | None:
    for step in record.transitions:
        if step.minute > now:
            return step
    return None
