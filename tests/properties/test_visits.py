"""Laws of the visit key and of the group commit."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.domain.presence import Presence
from healthcode.edge.visit_queue import Kept, QueueLimits, VisitOverload, VisitPoison, VisitQueue
from healthcode.visits.record import Visit, visit_key, visit_key_ms
from healthcode.visits.sink import SinkUnavailable, VisitsRefused

MOMENTS = st.integers(0, (1 << 48) - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(MOMENTS, MOMENTS, RANDOM, RANDOM)
def test_keys_are_ordered_as_their_times_are(first_ms, second_ms, first, second):
    one, other = visit_key(first_ms, first), visit_key(second_ms, second)
    assert (visit_key_ms(one), one.version) == (first_ms, 7)
    assert first_ms == second_ms or (one < other) == (first_ms < second_ms)


class FaultySink:
    """Stores, loses (not stored) or loses the reply (stored anyway), as the drawn faults say; refuses some visits."""

    def __init__(self, faults, poison):
        self.faults, self.poison, self.kept = list(faults), poison, Counter()

    async def store(self, visits):
        await asyncio.sleep(0)
        fault = self.faults.pop() if self.faults else "none"
        if fault != "not_stored":
            self.kept.update({v.id: 1 for v in visits if v.subject not in self.poison and v.id not in self.kept})
        if fault != "none":
            raise SinkUnavailable
        refused = {v.id: "poison" for v in visits if v.subject in self.poison}
        if refused:
            raise VisitsRefused(refused)

    async def close(self):
        """Nothing to close."""


def visit(number):
    return Visit(visit_key(number, bytes(10)), 1, 1, number, number, Presence.static, None, "green", "pass")


async def scan_all(sink, people, rest_s):
    queue = VisitQueue(sink, QueueLimits(batch=3, rest_s=rest_s), asyncio.get_running_loop().time)
    queue.start()
    try:
        return await asyncio.gather(*(queue.store(visit(n)) for n in range(people)), return_exceptions=True)
    finally:
        await queue.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["none", "not_stored", "stored_anyway"]), max_size=8),
    st.sets(st.integers(0, 29), max_size=4),
    st.sampled_from([0.0, 60.0]),
)
def test_an_acknowledged_visit_is_kept_and_every_caller_gets_an_answer(faults, poison, rest_s):
    sink = FaultySink(faults, poison)
    answers = asyncio.run(scan_all(sink, 30, rest_s))
    for number, answer in enumerate(answers):
        assert answer is Kept.stored or isinstance(answer, VisitOverload | VisitPoison)
        if answer is Kept.stored:
            assert sink.kept[visit(number).id] == 1
    assert all(count == 1 for count in sink.kept.values())
