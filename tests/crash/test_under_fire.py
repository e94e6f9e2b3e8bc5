"""A deployment under load and under fire: no acknowledged visit missing, none doubled, no answer older than stated.

Beside it a host of its own under load whose clock is stepped, and that hears nothing for an hour: no wrong green.

`make crash-test` is the long form: `HEALTHCODE_KILLS` random kills, drawn from `HEALTHCODE_SEED`.
"""

import json
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from healthcode.table.record import Transition
from tests.crash_faults import Faults, small_disk
from tests.crash_world import (
    DECIDED,
    GREEN,
    NAMES,
    YELLOW,
    Deployment,
    Load,
    commit,
    free_ports,
    wait_until,
)
from tests.fleet_world import EdgeHost, gate_and_code
from tests.stepped_clock import clock_set

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "localhost", "::1"])]

ZHAO, QIAN = 6_001, 6_002
HOUR = 3_600

KILLS = int(os.environ.get("HEALTHCODE_KILLS", "0"))
SEED = int(os.environ.get("HEALTHCODE_SEED") or random.SystemRandom().randrange(1 << 32))
SPOOL_MB = 72
"""What stays free for others on the spool's disk is 64 MiB of it."""


@pytest.fixture(scope="module")
def deployment():
    with tempfile.TemporaryDirectory(prefix="healthcode-fire-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        made = Deployment(folder, free_ports(2))
        with small_disk(made.spool, SPOOL_MB) as small:
            made.small_disk = small
            try:
                made.start()
                wait_until(made.settled, 60)
                yield made
            finally:
                made.end()


def short_fire(faults, deployment):
    """Each kind of fault once."""
    faults.kill_edge_worker()
    for part in ("updater", "relay", "postgres", "edge"):
        time.sleep(1)
        faults.kill(part)
    time.sleep(1)
    faults.torn_snapshot()
    if deployment.small_disk:
        faults.full_disk(3)
    faults.kill_group()


def long_fire(faults, deployment):
    """Random kills, and between them every other fault."""
    while faults.kills < KILLS:
        faults.random_kill()
        time.sleep(faults.chance.uniform(0.1, 4))
        if faults.kills % 10 == 0:
            faults.freeze(faults.chance.choice(["relay", "updater", "postgres"]), faults.chance.uniform(2, 12))
            faults.torn_snapshot()
            if deployment.small_disk:
                faults.full_disk(5)


def report(load, faults, seconds, counted):
    """What happened, on one line."""
    missing, doubled = counted
    said = {
        "seed": SEED, "kills": faults.kills, "faults": dict(faults.done), "acknowledged": len(load.acknowledged),
        "decisions": sum(map(len, load.decisions.values())), "missing": missing, "doubled": doubled,
        "wrong": len(load.wrong), "answers": dict(load.answers), "seconds": round(seconds),
    }  # fmt: skip
    print("\n" + json.dumps(said, ensure_ascii=False))  # noqa: T201 - the long form's result


def test_nothing_acknowledged_is_lost_and_no_answer_is_older_than_it_says(deployment):
    load, faults, begun = Load(deployment), Faults(deployment, random.Random(SEED)), time.monotonic()
    with load.running():
        wait_until(lambda: len(load.acknowledged) > 100, 30)
        (long_fire if KILLS else short_fire)(faults, deployment)
        at_least = len(load.acknowledged) + 100
        wait_until(lambda: len(load.acknowledged) > at_least, 90)
    wait_until(deployment.settled, 120)
    counted = load.counted()
    report(load, faults, time.monotonic() - begun, counted)
    assert load.wrong[:3] == [], f"seed {SEED}"
    assert counted == (0, 0), f"seed {SEED}"


@pytest.fixture(scope="module")
def datongs_host(deployment, tmp_path_factory):
    """A further host: its database keeps its port also over kills."""
    database = urlsplit(deployment.settings.dsn("edge", deployment.secrets))
    host = EdgeHost(
        tmp_path_factory.mktemp("datong"),
        "127.0.0.2",
        deployment,
        HEALTHCODE_PUBLIC_URL=f"http://127.0.0.2:{deployment.edge_port}",
        HEALTHCODE_EDGE_PORT=str(deployment.edge_port),
        HEALTHCODE_METRICS_PORT=str(min(deployment.edge_port + 1_300, 64_100)),
        HEALTHCODE_DATABASE_URL=f"postgresql://edge@127.0.0.1:{database.port}{database.path}",
    )
    try:
        host.prepare()
        host.start()
        yield host
    finally:
        host.stop()


@pytest.fixture
def datong(datongs_host):
    """The host, at work and up to date."""
    wait_until(datongs_host.fresh, 60)
    return datongs_host


def state(load, host, subject):
    headers = {"authorization": f"Bearer {load.session(subject)}"}
    return httpx.get(f"{host.origin}/v1/state", headers=headers, timeout=5).json()


def more_visits(load, count=100):
    wanted = len(load.acknowledged) + count
    wait_until(lambda: len(load.acknowledged) > wanted, 30)


def clock_is_said_to_be_off(host):
    return "clock_off" in host.ready().get("problems", [])


def test_a_clock_stepped_by_ten_minutes_either_way_stops_nobody_and_turns_nobody_green(deployment, datong):
    load = Load(deployment, datong.origin)
    with load.running(phones=1):
        more_visits(load)
        for by_s in (600, -600):
            clock_set(datong.clock, by_s)
            wait_until(lambda: clock_is_said_to_be_off(datong), 20)
            more_visits(load)
            told = datong.check(*gate_and_code(deployment, DECIDED[0]))
            assert told["outcome"] in NAMES, told
            assert abs(told["server_time_ms"] / 1000 - time.time()) < 5
            clock_set(datong.clock, 0)
            wait_until(lambda: not clock_is_said_to_be_off(datong), 20)
    assert (load.wrong[:3], load.counted()) == ([], (0, 0))


def test_a_host_that_hears_nothing_for_an_hour_says_so_follows_the_clock_and_catches_up(deployment, datong):
    load, now = Load(deployment, datong.origin), int(time.time()) // 60
    with deployment.connect() as connection:
        commit(connection, ZHAO, YELLOW, 1, (Transition(now + 30, GREEN),))
        commit(connection, QIAN, GREEN, 1)
        wait_until(lambda: state(load, datong, ZHAO)["state"] == "yellow", 20)
        wait_until(lambda: state(load, datong, QIAN)["state"] == "green", 20)
        datong.processes["updater"].send_signal(signal.SIGSTOP)
        try:
            commit(connection, QIAN, YELLOW, 2)
            clock_set(datong.clock, HOUR, HOUR)
            zhao, qian = state(load, datong, ZHAO), state(load, datong, QIAN)
            with load.running(phones=1, office=False):
                more_visits(load)
        finally:
            clock_set(datong.clock, 0)  # control did not live through that hour
            datong.processes["updater"].send_signal(signal.SIGCONT)
    assert (zhao["state"], qian["state"]) == ("green", "green")
    assert (qian["freshness"]["level"], qian["freshness"]["age_s"] >= HOUR) == ("aged", True)
    wait_until(lambda: state(load, datong, QIAN)["state"] == "yellow" and datong.fresh(), 20)
    assert (load.wrong, load.counted()) == ([], (0, 0))
