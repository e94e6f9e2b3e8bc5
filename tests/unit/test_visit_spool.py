"""The spool on disk: full, slow, torn, left behind by a killed worker; and the queue in front of it."""

import asyncio
import fcntl
import os
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from healthcode.adapters.visit_spool import FileSpool, SpoolLimits
from healthcode.domain.presence import Presence
from healthcode.edge.visit_queue import Kept, QueueLimits, VisitOverload, VisitQueue
from healthcode.visits.record import Visit, visit_key
from healthcode.visits.sink import SinkUnavailable, VisitsRefused
from tests.edge_bridge import eventually
from tests.edge_world import MemorySink

COLORS = {"green": 2}
QUICK = QueueLimits(batch=5, store_s=0.2, rest_s=0.05, look_s=0.02, pause_s=0.1)


def visit(number):
    return Visit(visit_key(1_000 + number, bytes(10)), 1, 1, number, 1_000, Presence.static, None, "green", "pass")


def opened(folder, **more):
    return FileSpool(folder, bytes(32), lambda: COLORS, **more)


def run(action):
    return asyncio.run(action)


async def spooled(folder, *numbers, **more):
    spool = opened(folder, **more)
    for number in numbers:
        await spool.store([visit(number)])
    return spool


async def shipped(folder, sink):
    spool = opened(folder)
    try:
        await spool.ship(sink, bound_s=1)
        return spool.depth()
    finally:
        await spool.close()


def test_what_waits_is_counted_and_nothing_personal_is_readable(tmp_path):
    async def body():
        spool = await spooled(tmp_path, 1, 2)
        depth = spool.depth()
        await spool.close()
        return depth

    depth = run(body())
    assert (depth.visits, depth.refused, depth.damaged) == (2, 0, 0)
    (file,) = tmp_path.iterdir()
    assert b"green" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_the_segment_of_a_killed_worker_is_shipped_by_another_and_only_once(tmp_path):
    async def body():
        spool = await spooled(tmp_path, 1, 2, 3)
        sink = MemorySink()
        while_it_lives = await shipped(tmp_path, sink)
        spool._open.file.close()  # as the kernel does for the dead
        return while_it_lives.visits, len(sink.visits), await shipped(tmp_path, sink), len(sink.visits)

    before, none_yet, after, all_of_them = run(body())
    assert (before, none_yet, after.visits, all_of_them) == (3, 0, 0, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_tail_is_left_out_and_the_rest_shipped(tmp_path):
    run(_closed(tmp_path, 1, 2))
    (file,) = tmp_path.iterdir()
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 5)
    sink = MemorySink()
    assert run(shipped(tmp_path, sink)).damaged == 0
    assert [v.subject for v in sink.visits.values()] == [1]


def test_a_damaged_frame_costs_only_itself_and_the_file_is_kept_for_a_human(tmp_path):
    run(_closed(tmp_path, 1, 2, 3))
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[60] ^= 1
    file.write_bytes(content)
    sink = MemorySink()
    assert run(shipped(tmp_path, sink)).damaged == 1
    assert [v.subject for v in sink.visits.values()] == [2, 3]


def test_a_sink_that_fails_half_way_is_given_everything_again(tmp_path):
    run(_closed(tmp_path, 1, 2, 3))
    sink = FailingSink(after=2)
    with pytest.raises(SinkUnavailable):
        run(shipped(tmp_path, sink))
    sink.after = 99
    run(shipped(tmp_path, sink))
    assert sorted(v.subject for v in sink.visits.values()) == [1, 2, 3]


def test_what_the_sink_refuses_after_all_is_kept_and_offered_again(tmp_path):
    run(_closed(tmp_path, 1, 2))
    sink = FailingSink(refuses=2)
    assert run(shipped(tmp_path, sink)).refused == 1
    sink.refuses = 0
    assert run(shipped(tmp_path, sink)) == (0, 0, None, 0, 0)
    assert len(sink.visits) == 2


@pytest.mark.parametrize("limits", [SpoolLimits(total=10), SpoolLimits(reserve=1 << 60)])
def test_a_full_spool_and_a_full_disk_promise_nothing(tmp_path, limits):
    async def body():
        spool = opened(tmp_path, limits=limits)
        with pytest.raises(SinkUnavailable):
            await spool.store([visit(1)])
        await spool.close()

    run(body())


def test_after_a_failed_sync_the_file_is_never_written_again(tmp_path):
    failing = [False]

    def sync(handle):
        if failing[0]:
            raise OSError("the disk is gone")
        os.fsync(handle)

    async def body():
        spool = await spooled(tmp_path, 1, sync=sync)
        failing[0] = True
        with pytest.raises(SinkUnavailable):
            await spool.store([visit(2)])
        failing[0] = False
        await spool.store([visit(3)])
        await spool.close()

    run(body())
    sink = MemorySink()
    run(shipped(tmp_path, sink))
    assert len(list(tmp_path.iterdir())) == 0
    assert {1, 3} <= {v.subject for v in sink.visits.values()}


@asynccontextmanager
async def queueing(sink, spool, limits=QUICK):
    """A queue at work, closed in any case: its thread would go on beside other tests."""
    queue = VisitQueue(sink, limits, asyncio.get_running_loop().time, spool)
    queue.start()
    try:
        yield queue
    finally:
        await queue.close()


def test_while_the_sink_is_down_visits_are_spooled_and_then_stored_once(tmp_path):
    sink = MemorySink()

    async def body():
        patient = replace(QUICK, store_s=10)  # the disk may be busy with other tests
        async with queueing(sink, opened(tmp_path), patient) as queue:
            sink.down = True
            away = [await queue.store(visit(n)) for n in range(12)]
            sink.down = False
            await eventually(lambda: not queue.away)
            return away, await queue.store(visit(99))

    away, back = run(body())
    assert (set(away), back) == ({Kept.spooled}, Kept.stored)
    assert len(sink.visits) == 13


def test_a_sink_that_hangs_costs_one_bound_and_no_more(tmp_path):
    bound = replace(QUICK, store_s=2.0)

    async def body():
        async with queueing(HangingSink(), opened(tmp_path), bound) as queue:
            begun = asyncio.get_running_loop().time()
            kept = [await queue.store(visit(n)) for n in range(20)]
            return kept, asyncio.get_running_loop().time() - begun

    kept, took = run(body())
    assert set(kept) == {Kept.spooled}
    assert took < 5 * bound.store_s


def test_with_sink_and_disk_gone_callers_are_refused_at_once(tmp_path):
    resting = replace(QUICK, rest_s=1.0, store_s=10)

    async def body():
        sink = MemorySink()
        sink.down = True
        async with queueing(sink, opened(tmp_path, limits=SpoolLimits(total=0)), resting) as queue:
            answers = await asyncio.gather(*(queue.store(visit(n)) for n in range(9)), return_exceptions=True)
            rests = queue.resting
            await asyncio.sleep(1.5 * resting.rest_s)
            sink.down = False
            return answers, rests, await queue.store(visit(1))

    answers, rests, after = run(body())
    assert {type(answer) for answer in answers} == {VisitOverload}
    assert (rests, after) == (True, Kept.stored)


class FailingSink(MemorySink):
    """Gone after some calls; refuses one subject."""

    def __init__(self, *, after=99, refuses=0):
        super().__init__()
        self.after, self.refuses = after, refuses

    async def store(self, visits):
        if self.after == 0:
            raise SinkUnavailable
        self.after -= 1
        await super().store([v for v in visits if v.subject != self.refuses])
        refused = {v.id: "no partition" for v in visits if v.subject == self.refuses}
        if refused:
            raise VisitsRefused(refused)


class HangingSink(MemorySink):
    async def store(self, visits):
        await asyncio.sleep(60)


async def _closed(folder, *numbers):
    await (await spooled(folder, *numbers)).close()


def test_a_segment_in_use_is_left_alone(tmp_path):
    run(_closed(tmp_path, 1))
    (path,) = tmp_path.iterdir()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sink = MemorySink()
        assert run(shipped(tmp_path, sink)).visits == 1
        assert not sink.visits
