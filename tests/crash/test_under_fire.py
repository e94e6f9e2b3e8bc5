"""A deployment under load and under fire: no acknowledged visit missing, none doubled, no answer older than stated.

`make crash-test` is the long form: `HEALTHCODE_KILLS` random kills, drawn from `HEALTHCODE_SEED`.
"""

import json
import os
import random
import tempfile
import time
from pathlib import Path

import pytest

from tests.crash_world import Deployment, Faults, Load, free_ports, small_disk, wait_until

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("HEALTHCODE_KILLS", "0"))
SEED = int(os.environ.get("HEALTHCODE_SEED") or random.SystemRandom().randrange(1 << 32))
SPOOL_MB = 72
"""What stays free for others on the spool's disk is 64 MiB of it."""


@pytest.fixture
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
