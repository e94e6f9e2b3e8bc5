"""kill -9 of the worker in the middle of carrying out a designation: going on ends it, and does nothing twice."""

import os
import signal
import time

from tests.control_world import World
from tests.designation import COUNTY, designation
from tests.intake import NOW, with_code
from tests.people import GAO, RESIDENTS

BATCH_S = 0.3


def killed_after(world: World, said: int, batches: int) -> None:
    """Carry out in another process, one person a batch, and kill it once so many are committed."""
    from django.db import connections

    from healthcode.control.areas import consequences

    connections.close_all()
    worker = os.fork()
    if worker == 0:
        derive = consequences.subjects_derive
        consequences._BATCH = 1
        consequences.subjects_derive = lambda *a, **k: (derive(*a, **k), time.sleep(BATCH_S))[0]
        consequences.designation_apply(said, now=NOW)
        os._exit(0)
    ends = time.monotonic() + 30
    while world.superuser("SELECT done FROM areas_carrying")[0][0] < batches and time.monotonic() < ends:
        time.sleep(0.02)
    os.kill(worker, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(worker, 0)[1])


def approved(world: World) -> int:
    """The whole county with its residents, approved but not carried out."""
    from healthcode.control.areas.services import area_review

    numbers = with_code(world, *RESIDENTS)
    world.superuser("UPDATE people_subject SET present_division = %s WHERE number = ANY(%s)", [COUNTY, numbers])
    said = designation(world, name="平遥县", name_en="Pingyao", addresses=(), residents=True)
    with world.acting(GAO):
        area_review(designation=said.pk, officer=world.officer(GAO), scope="1407", verdict="approve", now=NOW)
    return said.pk


def test_a_killed_worker_leaves_true_progress_and_the_next_one_finishes_once(world: World) -> None:
    from healthcode.control.areas.consequences import designation_apply

    said, everybody = approved(world), len(RESIDENTS)
    killed_after(world, said, 2)
    ((step, done, of, recorded),) = world.superuser("SELECT step, done, of, recorded FROM areas_carrying")
    rows = world.superuser("SELECT count(*) FROM evidence_evidence WHERE designation_id = %s", [said])
    assert (step, of) == ("record", everybody)
    assert 2 <= done == recorded == rows[0][0] < everybody
    for _ in range(2):
        assert designation_apply(said, now=NOW) == everybody
    assert world.superuser("SELECT step, recorded, derived FROM areas_carrying") == [("done", everybody, everybody)]
    assert world.superuser("SELECT count(*), count(DISTINCT subject_id) FROM evidence_evidence") == [(everybody,) * 2]
    assert world.superuser(
        "SELECT sum((detail ->> 'people')::int) FROM audit_event WHERE name LIKE '%%residents%%'"
    ) == [(everybody,)]


def test_a_job_whose_worker_was_killed_is_taken_up_by_the_next(world: World) -> None:
    from healthcode.control.bridge.tasks import stalled_jobs_retry

    approved(world)
    world.superuser("UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 WHERE task_name = 'areas.apply'")
    assert stalled_jobs_retry(timestamp=0) == 1
    assert world.superuser("SELECT status::text FROM procrastinate_jobs WHERE task_name = 'areas.apply'") == [("todo",)]
