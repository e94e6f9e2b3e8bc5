"""kill -9 of `healthcode color run` amid its decisions: `--resume` ends it, nothing lost and nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from healthcode.table.messages import FeedKind
from tests.audit_world import codes
from tests.control_world import REPOSITORY, World
from tests.intake import NOW, result, results, with_code
from tests.people import BAI, LIN

PEOPLE, FIRST = 4_500, 1_001
"""More than two batches of a run."""


def province(world: World) -> None:
    """Bai and Lin as always, and some thousand people of whom nobody has derived anything yet."""
    with_code(world, BAI, LIN)
    numbers = f"generate_series({FIRST}, {FIRST + PEOPLE - 1}) n"
    world.superuser(
        "INSERT INTO people_subject (number, created_at, holds_code, residence_division, present_division)"
        f" SELECT n, now(), true, '140106', '' FROM {numbers}"
    )
    world.superuser(
        "INSERT INTO subject_state (number, version, generation, color, ruleset)"
        f" SELECT n, 0, 1, 'absent', '' FROM {numbers} ON CONFLICT DO NOTHING"
    )


def color_run(world: World, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "healthcode.cli.main", "color", "run", "--json", *arguments]
    environment = {**os.environ, **world.database.environment}
    return subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE)


@contextmanager
def held(world: World, number: int) -> Iterator[None]:
    """Somebody else is at work on that person."""
    with world.database.connect("postgres") as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT FROM subject_state WHERE number = %s FOR UPDATE", [number])
        yield
        holder.execute("ROLLBACK")


def batches_committed(world: World, running: subprocess.Popen[bytes]) -> int:
    """Wait until the run stands before the person who is held; how many it has derived."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends and running.poll() is None:
        for (derived,) in world.superuser("SELECT derived FROM population_run"):
            if derived == 4_000:
                return int(derived)
        time.sleep(0.05)
    raise AssertionError(world.superuser("SELECT step, derived, problem FROM population_run"))


def killed_midway(world: World) -> None:
    """A run is killed behind its second batch; Bai's positive result came in while it ran."""
    with held(world, FIRST + PEOPLE - 1), color_run(world) as running:
        assert batches_committed(world, running) == 4_000
        results(world, result(BAI, row="1", at=NOW, word="阳性"))
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait(10) == -signal.SIGKILL


def test_a_killed_run_is_ended_by_resume_once_and_bai_stays_red(world: World) -> None:
    province(world)
    killed_midway(world)
    with color_run(world) as refused:  # there is one to go on with
        assert refused.wait(60) == 1
    with color_run(world, "--resume") as resumed:
        said = json.loads(resumed.communicate(timeout=120)[0].splitlines()[-1])
    assert (resumed.returncode, said["step"], said["decided"], said["overtaken"]) == (0, "done", PEOPLE, 1)
    once = "SELECT count(*), count(DISTINCT subject_id), max(version) FROM evidence_decision WHERE subject_id >= %s"
    assert world.superuser(once, [FIRST]) == [(PEOPLE, PEOPLE, 1)]
    with world.system():
        bai = world.subject(BAI)
    assert world.superuser("SELECT color FROM subject_state WHERE number = %s", [bai]) == [("red",)]
    offers = "SELECT count(*) FROM feed_outbox WHERE kind = %s"
    assert world.superuser(offers, [int(FeedKind.TABLE)]) == [(1,)]
    assert codes(world) == set()
