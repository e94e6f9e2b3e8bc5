"""The conventional twin: the same check and the same visit by FastAPI, SQLAlchemy (async) and PostgreSQL.

Written as its friends would write it: the same uvicorn and uvloop, a warm pool, statements prepared once (asyncpg keeps
them), autocommit (no BEGIN and ROLLBACK around one statement), Core instead of the ORM, one row by primary key.  Codes
and sessions are opened by the very code of the edge, and venues and policies are held in memory.  What remains is what
is compared: the framework, and a database that is asked in each request.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bench.province import ORIGIN, REGION
from healthcode.adapters.edge_files import EdgeHost, identity_name, identity_open, moment_now
from healthcode.codes.errors import CodeError
from healthcode.codes.live import live_open
from healthcode.codes.session import SessionClaim, session_open
from healthcode.domain.policy import judge
from healthcode.domain.presence import Presence
from healthcode.edge.world import Gate, World
from healthcode.visits.numbers import GRADES, VERDICTS, outcome_number
from healthcode.visits.record import visit_key_for

CONNECTIONS = 16
SESSIONS = 50_000
"""Sessions remembered, as many as an edge's worker remembers."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TABLES = sa.MetaData()
_PERSON = sa.Table(
    "person",
    _TABLES,
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("generation", sa.Integer),
    sa.Column("color", sa.Text),
    sa.Column("last_negative", sa.Integer),
)
_VISIT = sa.Table(
    "visit",
    _TABLES,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("venue", sa.BigInteger),
    sa.Column("checkpoint", sa.SmallInteger),
    sa.Column("subject", sa.BigInteger),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("grade", sa.SmallInteger),
    sa.Column("device", sa.LargeBinary),
    sa.Column("outcome", sa.SmallInteger),
    sa.Column("verdict", sa.SmallInteger),
)
_FIND = sa.select(_PERSON.c.generation, _PERSON.c.color, _PERSON.c.last_negative).where(
    _PERSON.c.number == sa.bindparam("number")
)
_KEEP = insert(_VISIT).on_conflict_do_nothing()


class CheckIn(BaseModel):
    """A code to check."""

    code: str = Field(min_length=1, max_length=2048)


class VisitIn(BaseModel):
    """A scan of a venue's code under a key of the phone's."""

    key: str = Field(min_length=32, max_length=45)
    code: str = Field(min_length=1, max_length=2048)


class Age(BaseModel):
    """How old the data are: never, where they are asked each time."""

    level: str = "fresh"
    age_s: float | None = 0.0
    clock: str = "ok"


class CheckOut(BaseModel):
    """The fields of the edge's `Check`."""

    check: str
    outcome: str
    verdict: str
    reason: str
    failed_condition: str | None
    masked_name: str | None
    last_negative_minute: int | None
    test_age_h: int | None
    notices: list[dict[str, str]]
    freshness: Age
    visit: str
    server_time_ms: int


class PlaceOut(BaseModel):
    """The venue, to compare with where one stands."""

    number: int
    name: str
    address: str
    type: str
    checkpoint: int
    checkpoint_name: str


class VisitOut(BaseModel):
    """The fields of the edge's `VisitAnswer`."""

    visit: str
    grade: str
    outcome: str
    verdict: str
    reason: str
    failed_condition: str | None
    venue: PlaceOut
    masked_name: str
    freshness: Age
    server_time_ms: int
    spooled: bool = False


Bearer = Annotated[str, Header(alias="authorization")]


class Twin:
    """What its two endpoints share."""

    def __init__(self, folder: Path, url: str) -> None:
        private = identity_open(folder)
        host, hosts = EdgeHost(folder, region=REGION), {ORIGIN.removeprefix("http://")}
        self.world = World(host, region=REGION, edge=(identity_name(private), private), hosts=hosts)
        self.world.refresh(moment_now())
        self.session = lru_cache(maxsize=SESSIONS)(self._session)
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,  # nothing is ever left open
        )

    def _session(self, bearer: str) -> SessionClaim:
        try:
            return session_open(
                self.world.keys, bearer.removeprefix("Bearer "), region=REGION, now=int(time.time()) // 60
            )
        except CodeError as error:
            raise HTTPException(401, error.code) from None

    def gate(self, venue: int, now: int) -> Gate:
        """The venue with its policy, from memory."""
        gate = self.world.gate(venue, now)
        if gate is None:
            raise HTTPException(404, "venue_unknown")
        return gate

    async def person(self, number: int) -> tuple[int, str, int | None]:
        """Generation, color and last negative test: one indexed look-up."""
        async with self.engine.connect() as connection:
            row = (await connection.execute(_FIND, {"number": number})).one_or_none()
        return (row[0], row[1], row[2]) if row else (0, "unknown", None)

    async def warm(self) -> None:
        """Open every connection of the pool."""
        opened = [await self.engine.connect() for _ in range(CONNECTIONS)]
        for connection in opened:
            await connection.execute(_FIND, {"number": 1})
            await connection.close()


def twin_app(folder: Path, url: str) -> FastAPI:
    """The application over a measured province, whose people are in the table `person` of the database at `url`."""
    twin = Twin(folder, url)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await twin.warm()
        yield
        await twin.engine.dispose()

    app = FastAPI(lifespan=life, openapi_url=None)

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/checks")
    async def check(asked: CheckIn, authorization: Bearer) -> CheckOut:
        return await _check(twin, asked, twin.session(authorization))

    @app.post("/v1/visits")
    async def visit(asked: VisitIn, authorization: Bearer) -> VisitOut:
        return await _visit(twin, asked, twin.session(authorization))

    return app


async def _check(twin: Twin, asked: CheckIn, inspector: SessionClaim) -> CheckOut:
    wall_s = time.time()
    now = int(wall_s) // 60
    gate = twin.gate(inspector.venue, now)
    claim, last = None, None
    try:
        claim = live_open(twin.world.keys, asked.code, region=REGION, now_s=wall_s)
    except CodeError as error:
        outcome = error.outcome
    else:
        generation, outcome, last = await twin.person(claim.subject)
        if generation != claim.generation:
            outcome = "recalled"
    judgement = judge(outcome=outcome, policy=gate.policy, medical=gate.medical, last_negative=last, now=now)
    return CheckOut(
        check=str(uuid.uuid4()),
        outcome=outcome,
        verdict=judgement.verdict.value,
        reason=judgement.reason_code,
        failed_condition=judgement.failed_condition,
        masked_name=claim.masked_name if claim else None,
        last_negative_minute=last,
        test_age_h=None if last is None else max(0, now - last) // 60,
        notices=[],
        freshness=Age(),
        visit="not_recorded",
        server_time_ms=int(wall_s * 1000),
    )


async def _visit(twin: Twin, asked: VisitIn, phone: SessionClaim) -> VisitOut:
    at_ms = int(time.time() * 1000)
    now = at_ms // 60_000
    try:
        place = twin.world.venue_reader.open(twin.world.keys, asked.code, now=now)
    except CodeError as error:
        raise HTTPException(422, error.code) from None
    gate = twin.gate(place.venue, now)
    _, outcome, last = await twin.person(phone.subject)
    judgement = judge(outcome=outcome, policy=gate.policy, medical=gate.medical, last_negative=last, now=now)
    row = {
        "id": visit_key_for(asked.key, phone.subject, at_ms),
        "venue": place.venue,
        "checkpoint": place.checkpoint,
        "subject": phone.subject,
        "at": _EPOCH + timedelta(milliseconds=at_ms),
        "grade": GRADES[Presence.static],
        "device": phone.device,
        "outcome": outcome_number(outcome, twin.world.color_states()),
        "verdict": VERDICTS[judgement.verdict.value],
    }
    async with twin.engine.connect() as connection:
        await connection.execute(_KEEP, row)
    return VisitOut(
        visit=str(row["id"]),
        grade=Presence.static.value,
        outcome=outcome,
        verdict=judgement.verdict.value,
        reason=judgement.reason_code,
        failed_condition=judgement.failed_condition,
        venue=PlaceOut(
            number=place.venue,
            name=gate.name,
            address=gate.address,
            type=gate.type,
            checkpoint=place.checkpoint,
            checkpoint_name=gate.checkpoints.get(place.checkpoint, ""),
        ),
        masked_name=phone.masked_name,
        freshness=Age(),
        server_time_ms=at_ms,
    )
