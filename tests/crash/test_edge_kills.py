"""kill -9 of the updater and of the edge, in the middle of their work."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import httpx
import pytest

from healthcode.adapters.snapshot_files import snapshots_list
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
)
from healthcode.table.payloads import ColorEntry, ColorsNote
from healthcode.visits.record import visit_key
from tests.edge_bridge import BULK, REGION, Bridge

GREEN, YELLOW, MARKET = 2, 3, 10
PEOPLE = range(1, 4_001)
ENOUGH = 150
"""Acknowledged visits before an edge is killed; far from the edge's limit of scans a minute."""


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
    with running(bridge, "relay"):
        for pause in (0.02, 0.05, 0.1, 0.2, 0.4):
            kill(updater_at_work(bridge, pause))
        with running(bridge, "updater"):
            wait_for(lambda: bridge.status().applied.get(BULK) == 2 * (len(PEOPLE) + len(PEOPLE) // 3))
    world = bridge.world()
    wrong = [s for s in PEOPLE if world.record(s).state != (YELLOW if s % 3 == 0 else GREEN)]
    assert not wrong


@pytest.mark.parametrize("first", ["the updater", "the first snapshot"])
def test_no_acknowledged_visit_is_missing_and_none_doubled_when_the_edge_is_killed(bridge, free_port, first):
    publish_market(bridge)
    with running(bridge, "relay"):
        if first == "the first snapshot":
            wait_for(lambda: snapshots_list(bridge.data / "snapshots"))
        with running(bridge, "updater"):
            streets = [street_until_the_edge_is_killed(bridge, free_port) for _ in range(2)]
    acknowledged = set().union(*(street.acknowledged for street in streets))
    with bridge.connect() as connection:
        stored = [row[0] for row in connection.execute("SELECT id FROM visit").fetchall()]
    assert [street.refused for street in streets] == [{}, {}]
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


@contextmanager
def running(bridge, command):
    """A process of the deployment, killed at the end."""
    process = start(bridge, command)
    try:
        yield process
    finally:
        kill(process)


def updater_at_work(bridge, pause):
    """An updater that has had the host's lock for `pause` seconds."""
    lock = bridge.data / "edge" / "updater.lock"
    lock.unlink(missing_ok=True)
    updater = start(bridge, "updater")
    wait_for(lock.exists)
    time.sleep(pause)
    return updater


@dataclass
class Street:
    """What the phones of a street were answered."""

    acknowledged: set[UUID] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)


def street_until_the_edge_is_killed(bridge, port):
    """Eight people at a time scan the market's poster; the edge is killed once it has acknowledged `ENOUGH`."""
    origin, street, asked = f"http://127.0.0.1:{port}", Street(), count()
    sessions = [resident(bridge, subject) for subject in range(1, 200)]
    edge = start(bridge, "edge", HEALTHCODE_EDGE_PORT=str(port))
    with ThreadPoolExecutor(8) as pool:
        try:
            wait_for(lambda: ready(origin))
            phones = [pool.submit(scan_until_dead, bridge, origin, sessions, street, asked) for _ in range(8)]
            wait_for(lambda: len(street.acknowledged) >= ENOUGH or street.refused)
        finally:
            kill(edge)
    for phone in phones:
        phone.result()
    return street


def scan_until_dead(bridge, origin, sessions, street, asked):
    """One after another scans, until the edge is gone."""
    poster = market_poster(bridge, origin)
    with httpx.Client(base_url=origin, timeout=15) as phone:
        while True:
            key = str(visit_key(int(time.time() * 1000), os.urandom(10)))
            headers = {"authorization": f"Bearer {sessions[next(asked) % len(sessions)]}"}
            try:
                answer = phone.post("/v1/visits", json={"key": key, "code": poster}, headers=headers)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                street.acknowledged.add(UUID(answer.json()["visit"]))
            elif answer.status_code != 503:  # "busy, try again" acknowledges nothing and loses nothing
                street.refused[answer.json()["type"]] += 1


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
    bridge.publish(notes)
    with bridge.connect() as connection:
        connection.execute("SELECT visit_partitions_ensure(current_date - 1, 3)")
