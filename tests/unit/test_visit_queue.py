"""Waiting for a commit: bounded by time as well as by number, and not mistaken for a database that hangs."""

import asyncio
import time
from dataclasses import replace

import pytest

from healthcode.domain.presence import Presence
from healthcode.edge.visit_queue import Kept, QueueLimits, VisitOverload, VisitQueue
from healthcode.visits.record import Visit, visit_key

LIMITS = QueueLimits(batch=2, lanes=1, store_s=1.0, wait_s=0.2, rest_s=0.0)


class SlowSink:
    """Stores in four steps, as a transaction does; `step_s` each."""

    def __init__(self, step_s=0.0):
        self.step_s, self.kept = step_s, []

    async def store(self, visits):
        for _ in range(4):
            await asyncio.sleep(self.step_s)
        self.kept += [visit.subject for visit in visits]

    async def close(self):
        """Nothing to close."""


def visit(number):
    return Visit(visit_key(number, bytes(10)), 1, 1, number, number, Presence.static, None, "green", "pass")


async def storing(sink, body, limits=LIMITS):
    queue = VisitQueue(sink, limits, time.monotonic)
    queue.start()
    try:
        return await body(queue)
    finally:
        await queue.close()


def test_a_loop_that_answers_others_for_seconds_is_no_database_that_hangs():
    async def body(queue):
        waiting = [queue.store(visit(n)) for n in range(6)]
        for _ in range(8):
            await asyncio.sleep(0)
            time.sleep(0.25)  # noqa: ASYNC251 - the loop is busy with others
        return await asyncio.gather(*waiting), queue.away

    assert asyncio.run(storing(SlowSink(), body)) == ([Kept.stored] * 6, False)


def test_who_comes_while_the_first_has_waited_too_long_is_refused_at_once():
    sink = SlowSink(step_s=0.1)

    async def body(queue):
        first = [queue.store(visit(n)) for n in range(4)]
        await asyncio.sleep(1.5 * LIMITS.wait_s)
        begun = time.monotonic()
        with pytest.raises(VisitOverload):
            await queue.store(visit(9))
        took = time.monotonic() - begun
        return await asyncio.gather(*first), took

    told, took = asyncio.run(storing(sink, body, replace(LIMITS, store_s=30)))
    assert (told, sorted(sink.kept), took < 0.1) == ([Kept.stored] * 4, [0, 1, 2, 3], True)


def test_after_it_was_closed_nobody_waits_for_ever():
    async def body(queue):
        await queue.close()
        with pytest.raises(VisitOverload):
            await queue.store(visit(1))

    asyncio.run(storing(SlowSink(), body))
