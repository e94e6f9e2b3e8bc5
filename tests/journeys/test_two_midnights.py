"""Story 4: Zhao's color improves at two midnights, at the edge alone, with control and PostgreSQL gone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from healthcode.adapters.edge_files import EdgeHost, StatusFile, identity_name, identity_open
from healthcode.adapters.feed_postgres import PostgresFeed
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.live import LiveClaim, live_mint
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_from_date, minute_of
from healthcode.edge.app import Edge
from healthcode.edge.pages import Pages
from healthcode.edge.status import Moment
from healthcode.edge.world import World as EdgeTable
from healthcode.wiring import relay as relay_module
from healthcode.wiring.relay import RelayProcess
from healthcode.wiring.settings import Settings
from healthcode.wiring.updater import Updater
from tests.control_world import World
from tests.edge_bridge import eventually
from tests.intake import lead as lead_row
from tests.intake import leads, proposed, results, reviewed, with_code
from tests.intake import result as result_row
from tests.people import BAI, ZHAO, ZHOU

DAY_0 = datetime(2022, 10, 9, 16, 0, tzinfo=UTC)  # midnight in the region, when 10 October begins
REGION = 140000


def at(day: int, hour: float) -> datetime:
    """An instant of Zhao's day `day` (0 = last exposure, 10 October), by the region's clock."""
    return DAY_0 + timedelta(days=day, hours=hour)


@dataclass
class Bridge:
    """Relay, updater and edge of one host, whose clocks the test sets."""

    world: World
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    heard: datetime = DAY_0

    def carry(self, now: datetime) -> None:
        """Let relay and updater work until the edge's folder holds all that control has published by `now`."""
        fake = SimpleNamespace(time=now.timestamp, monotonic=time.monotonic)
        self.monkeypatch.setattr(relay_module, "time", fake)
        asyncio.run(self._carry(now))

    async def _carry(self, now: datetime) -> None:
        secrets = self.world.database.cluster.secrets
        settings = Settings(data=self.folder, database_url=self.world.database.dsn("postgres"))  # type: ignore[arg-type]
        self.monkeypatch.setattr(Settings, "secrets", lambda *_args, **_kwargs: secrets)
        updater = Updater(
            self.folder / "edge",
            self.folder / "snapshots",
            PostgresFeed(lambda: self.world.database.dsn("edge")),
            region=REGION,
            public=suite("intl").private_from_bytes(secrets.feed_signing.private).public,
            clock=lambda: Moment(now.timestamp(), 1000.0),
        )
        stop = asyncio.Event()
        works = asyncio.gather(RelayProcess(settings).run(stop), updater.run(stop))
        await eventually(lambda: self._carried(now))
        stop.set()
        await works

    def _carried(self, now: datetime) -> bool:
        """Whether the edge has applied all that was committed, as of a heartbeat of `now`."""
        with self.world.database.connect("postgres") as connection:
            waiting = connection.execute("SELECT count(*) FROM feed_outbox").fetchone()
            last = dict(connection.execute("SELECT lane, max(seq) FROM feed_log GROUP BY lane").fetchall())
        status = StatusFile(self.folder / "edge").read()
        applied = all(status.applied.get(lane, 0) >= seq for lane, seq in last.items())
        return waiting == (0,) and bool(last) and applied and status.as_of_ms >= int(now.timestamp() * 1000)

    def check(self, subject: int, venue: int, now: datetime) -> dict[str, Any]:
        """What a gate is answered at `now` for the code that the person's phone shows."""
        return asyncio.run(self._check(subject, venue, now))

    async def _check(self, subject: int, venue: int, now: datetime) -> dict[str, Any]:
        private = identity_open(self.folder / "edge")
        clock = Moment(now.timestamp(), 1000.0 + (now - self.heard).total_seconds())
        table = EdgeTable(
            EdgeHost(self.folder / "edge", region=REGION),
            region=REGION,
            edge=(identity_name(private), private),
            hosts={"127.0.0.1:8001"},
        )
        edge = Edge(table, None, Pages({}), lambda: clock)
        keys = EpochKeys.from_master(
            self.world.database.cluster.secrets.epoch_master, [day_from_date((now + timedelta(hours=8)).date())]
        )
        minute = minute_of(now)
        kong = SessionClaim("inspector", 0, 0, "", venue, 1, bytes(16), minute - 5, minute + 600, None)
        session = session_seal(keys, kong, region=REGION, now=minute)
        code = live_mint(keys, LiveClaim(subject, 1, minute, "赵**", 0), region=REGION)
        transport = httpx.ASGITransport(app=edge)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as gate:
            answer = await gate.post("/v1/checks", json={"code": code}, headers={"authorization": f"Bearer {session}"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def bridge(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bridge:
    """A host beside the world's control plane."""
    return Bridge(world, tmp_path, monkeypatch)


def market(world: World) -> int:
    """Bai's market, approved by the county."""
    from healthcode.control.bridge.publication import publish_standing
    from healthcode.control.venues.services import venue_register, venue_review

    with world.system():
        publish_standing()
        bai = world.subject(BAI)
    with world.acting(bai):
        venue = venue_register(
            manager=bai,
            name="古城农贸市场",
            type_code="market",
            address="平遥县西大街66号",
            division=BAI.division,
            checkpoints=["南门"],
            now=at(-9, 9),
        )
    with world.acting(ZHOU):
        venue_review(venue=venue.number, officer=world.officer(ZHOU), approve=True, reason="", now=at(-9, 10))
    return venue.number


def confirm(world: World) -> int:
    """Zhou and Hu determine on day 1 that Zhao was a close contact on day 0."""
    now = at(1, 9)
    (zhao,) = with_code(world, ZHAO, now=at(-9, 9))
    leads(world, lead_row(ZHAO, back=0), now=now)
    reviewed(
        world,
        proposed(world, ZHAO, now=now, anchor_day=day_from_date(datetime(2022, 10, 10, tzinfo=UTC).date())),
        now=now,
    )
    return zhao


def negatives(world: World, *days: int) -> None:
    """The laboratory reports Zhao's negatives of these days, in the evening of the last."""
    rows = [result_row(ZHAO, row=str(day), at=at(day, 10)) for day in days]
    results(world, *rows, now=at(days[-1], 20))


def stop_the_centre(bridge: Bridge, now: datetime) -> None:
    """Control and PostgreSQL are gone; what the edge has, it has."""
    bridge.carry(now)
    bridge.heard = now


def test_zhao_turns_yellow_and_green_at_two_midnights_with_the_centre_stopped(bridge: Bridge) -> None:
    venue, zhao = market(bridge.world), confirm(bridge.world)
    negatives(bridge.world, 1, 2, 3, 5, 7)
    stop_the_centre(bridge, at(7, 22))
    assert bridge.check(zhao, venue, at(7, 23.99))["outcome"] == "red"
    assert bridge.check(zhao, venue, at(8, 0.01))["outcome"] == "yellow"
    negatives(bridge.world, 10)  # the centre came back for a day
    stop_the_centre(bridge, at(10, 22))
    bridge.world.database.drop()
    before, after = (bridge.check(zhao, venue, at(*when)) for when in ((10, 23.99), (11, 0.01)))
    assert (before["outcome"], before["verdict"]) == ("yellow", "do_not_pass")
    assert (after["outcome"], after["verdict"]) == ("green", "pass")


def test_without_the_test_of_day_ten_zhao_stays_yellow(bridge: Bridge) -> None:
    venue, zhao = market(bridge.world), confirm(bridge.world)
    negatives(bridge.world, 1, 2, 3, 5, 7)
    stop_the_centre(bridge, at(10, 22))
    assert bridge.check(zhao, venue, at(11, 0.01))["outcome"] == "yellow"
