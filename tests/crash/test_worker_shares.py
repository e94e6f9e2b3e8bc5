"""No share of the worker waits for another: while one is stuck, timers tick and texts go out."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.control_world import REPOSITORY, World
from tests.intake import with_code
from tests.people import LIN


@contextmanager
def worker(world: World, *arguments: str) -> Iterator[None]:
    """`healthcode worker` on this world's database; it must end when it is told to."""
    command = [sys.executable, "-m", "healthcode.cli.main", "worker", *arguments]
    environment = {**os.environ, **world.database.environment}
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.terminate()
            assert running.wait(30) == 0


def deferred(world: World, task: str, queue: str, **arguments: object) -> int:
    from procrastinate.contrib.django import app

    with world.system():
        return app.configure_task(task, queue=queue).defer(**arguments)


def status(world: World, job: int) -> str:
    ((found,),) = world.superuser("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [job])
    return str(found)


def eventually(world: World, job: int, wanted: str) -> None:
    ends = time.monotonic() + 40
    while status(world, job) != wanted:
        assert time.monotonic() < ends, status(world, job)
        time.sleep(0.1)


def test_timers_tick_while_a_derivation_waits_for_a_lock(world: World) -> None:
    (lin,) = with_code(world, LIN)
    stuck = deferred(world, "evidence.derive_again", "derivations", number=lin)
    with world.database.connect("postgres") as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT FROM subject_state WHERE number = %s FOR UPDATE", [lin])
        with worker(world):
            told_while_stuck(world, stuck)
            holder.execute("ROLLBACK")
            eventually(world, stuck, "succeeded")


def told_while_stuck(world: World, stuck: int) -> None:
    eventually(world, stuck, "doing")
    for task, queue, arguments in (
        ("bridge.acts_forget", "timers", {"timestamp": 0}),
        ("population.run", "population", {}),
    ):
        eventually(world, deferred(world, task, queue, **arguments), "succeeded")
    assert status(world, stuck) == "doing"


def test_a_worker_of_one_share_leaves_the_others_alone(world: World) -> None:
    run = deferred(world, "population.run", "population")
    with worker(world, "--share", "timers"):
        eventually(world, deferred(world, "bridge.acts_forget", "timers", timestamp=0), "succeeded")
        assert status(world, run) == "todo"
    with worker(world, "--share", "runs"):
        eventually(world, run, "succeeded")
