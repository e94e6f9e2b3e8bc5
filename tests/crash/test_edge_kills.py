"""kill -9 of the updater and of the edge, in the middle of their work."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

import httpx
import pytest

from healthcode.codes.epoch import EpochKeys
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.codes.venue import VenueClaim, venue_static
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_of
from healthcode.table.feed import (
    FeedKind,
    PoliciesNote,
    PolicyEntry,
    TrustNote,
    VenueEntry,
    key_from_bytes,
    note_encode,
)
from healthcode.table.payloads import ColorEntry, ColorsNote
from healthcode.visits.record import visit_key
from tests.edge_bridge import BULK, REGION, Bridge

GREEN, YELLOW, MARKET = 2, 3, 10
PEOPLE = range(1, 4_001)


@pytest.fixture
def bridge(database, tmp_path):
    return Bridge(database, tmp_path)


def start(bridge, *command, **more):
    """A process of the deployment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCODE_")}
    environment = {
        **kept, "HEALTHCODE_DATA": str(bridge.data), "HEALTHCODE_DATABASE_URL": bridge.database.dsn("postgres"),
        "HEALTHCODE_WEB": str(bridge.data / "none"), **more,
    }  # fmt: skip
    log = (bridge.data / f"{command[0]}.log").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "healthcode.cli.main", *command], env=environment, stdout=log, stderr=log
        )


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def wait_for(seen, seconds=30.0):
    """Wait until `seen()`."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if seen():
            return
        time.sleep(0.02)
    raise AssertionError("not in time")


def test_an_updater_killed_again_and_again_ends_with_every_record_right(bridge):
    bridge.decide_many([(subject, GREEN, 1) for subject in PEOPLE], lane=BULK)
    bridge.decide_many([(subject, YELLOW, 2) for subject in PEOPLE if subject % 3 == 0], lane=BULK)
    relay = start(bridge, "relay")
    try:
        for pause in (0.7, 0.8, 0.9, 1.1):
            updater = start(bridge, "updater")
            time.sleep(pause)
            kill(updater)
        updater = start(bridge, "updater")
        wait_for(lambda: bridge.status().applied.get(BULK) == 2 * (len(PEOPLE) + len(PEOPLE) // 3))
    finally:
        kill(relay)
        updater.terminate()
        updater.wait()
    world = bridge.world()
    wrong = [s for s in PEOPLE if world.record(s).state != (YELLOW if s % 3 == 0 else GREEN)]
    assert not wrong


def test_no_acknowledged_visit_is_missing_and_none_doubled_when_the_edge_is_killed(bridge, free_port):
    publish_market(bridge)
    people = {subject: resident(bridge, subject) for subject in range(1, 200)}
    helpers = [start(bridge, "relay"), start(bridge, "updater")]
    origin = f"http://127.0.0.1:{free_port}"
    acknowledged, asked = set(), count()
    try:
        for _ in range(2):
            edge = start(bridge, "edge", HEALTHCODE_EDGE_PORT=str(free_port))
            wait_for(lambda: ready(origin))
            with ThreadPoolExecutor(8) as pool:
                for _ in range(8):
                    pool.submit(scan_until_dead, bridge, origin, people, acknowledged, asked)
                time.sleep(1.0)
                kill(edge)
    finally:
        for process in helpers:
            kill(process)
    with bridge.connect() as connection:
        stored = [row[0] for row in connection.execute("SELECT id FROM visit").fetchall()]
    assert len(acknowledged) > 20
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


def scan_until_dead(bridge, origin, people, acknowledged, asked):
    """A street of people scanning the market's poster until the edge is gone."""
    poster = market_poster(bridge, origin)
    with httpx.Client(base_url=origin, timeout=5) as phone:
        while True:
            number = next(asked)
            key = str(visit_key(int(time.time() * 1000), os.urandom(10)))
            headers = {"authorization": f"Bearer {people[1 + number % (len(people) - 1)]}"}
            try:
                answer = phone.post("/v1/visits", json={"key": key, "code": poster}, headers=headers)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged.add(UUID(answer.json()["visit"]))


def ready(origin):
    try:
        return httpx.get(f"{origin}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def resident(bridge, subject):
    now = int(time.time()) // 60
    keys = EpochKeys.from_master(bridge.secrets.epoch_master, [day_of(now)])
    claim = SessionClaim("resident", subject, 1, "林*", 0, 0, os.urandom(16), now, now + 1000)
    return session_seal(keys, claim, region=REGION, now=now)


def market_poster(bridge, origin):
    issuer = suite("intl").private_from_bytes(bridge.secrets.issuer_venue.private)
    return venue_static(issuer, bridge.secrets.issuer_venue.kid, VenueClaim(MARKET, 1), region=REGION, base_url=origin)


def publish_market(bridge):
    """What control publishes: colors, policies, the issuer key, one venue, and today's visit partitions."""
    secret = bridge.secrets.issuer_venue
    point = suite("intl").private_from_bytes(secret.private).public.to_bytes()
    notes = [
        (FeedKind.COLORS, 0, ColorsNote(colors=[ColorEntry(id="green", state=GREEN, severity=0)])),
        (FeedKind.POLICIES, 0, PoliciesNote(default=PolicyEntry(id="green-only", colors=["green"]))),
        (FeedKind.TRUST, key_from_bytes(secret.kid),
         TrustNote(kid=secret.kid, suite="intl", public=point, purpose="venue")),
        (FeedKind.VENUE, MARKET, VenueEntry(name="Market", address="", type="market", division="140106")),
    ]  # fmt: skip
    with bridge.connect() as connection:
        for kind, key, note in notes:
            values = [kind, key, note_encode(note)]
            connection.execute("INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, %s, %s, %s)", values)
        connection.execute("SELECT visit_partitions_ensure(current_date - 1, 3)")
