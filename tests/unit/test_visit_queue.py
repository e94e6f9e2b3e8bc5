"""Waiting for a commit: bounded by time as well as by number, and not mistaken for a database that hangs."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from healthcode.domain.presence import Presence
from healthcode.edge.visit_queue import Kept, QueueLimits, VisitOverload, VisitQueue
from healthcode.visits.record import Visit, visit_key

LIMITS = QueueLimits(batch=2, lanes=1, store_s=1.5, wait_s=0.2, rest_s=0.0)


class HeldSink:
    """Stores in four steps, as a transaction does, once `open` is set."""

    def __init__(self):
        self.asked, self.open, self.kept = threading.Event(), threading.Event(), []

    async def store(self, visits):
        self.asked.set()
        await asyncio.to_thread(self.open.wait, 30)
        for _ in range(4):
            await asyncio.sleep(0)
        self.kept += [visit.subject for visit in visits]

    async def close(self):
        """Nothing to close."""


class Clock:
    """Time that passes when a test says so."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def visit(number):
    return Visit(visit_key(number, bytes(10)), 1, 1, number, number, Presence.static, None, "green", "pass")


async def storing(sink, body, limits=LIMITS, clock=time.monotonic):
    queue = VisitQueue(sink, limits, clock)
    queue.start()
    try:
        return await body(queue)
    finally:
        await queue.close()


def test_a_loop_that_answers_others_for_seconds_is_no_database_that_hangs():
    sink = HeldSink()
    sink.open.set()

    async def body(queue):
        waiting = [queue.store(visit(n)) for n in range(6)]
        for _ in range(8):
            await asyncio.sleep(0)
            time.sleep(1.5 * LIMITS.store_s / 8)  # noqa: ASYNC251 - the loop is busy with others
        return await asyncio.gather(*waiting), queue.away

    assert asyncio.run(storing(sink, body)) == ([Kept.stored] * 6, False)


def test_who_comes_while_the_first_has_waited_too_long_is_refused_at_once():
    sink, clock = HeldSink(), Clock()

    async def body(queue):
        first = [queue.store(visit(n)) for n in range(4)]
        await asyncio.to_thread(sink.asked.wait, 30)  # the first two are with a store that takes its time
        clock.now_s += 1.5 * LIMITS.wait_s
        with pytest.raises(VisitOverload):
            queue.store(visit(9)).result()
        sink.open.set()
        return await asyncio.gather(*first)

    assert asyncio.run(storing(sink, body, replace(LIMITS, store_s=30), clock)) == [Kept.stored] * 4
    assert sorted(sink.kept) == [0, 1, 2, 3]


def test_after_it_was_closed_nobody_waits_for_ever():
    async def body(queue):
        await queue.close()
        with pytest.raises(VisitOverload):
            await queue.store(visit(1))

    asyncio.run(storing(HeldSink(), body))
