"""Group commit in front of a visit sink: many requests, one transaction, bounded waiting.

A request waits until the batch that holds its visit is committed.  While one batch is being stored the next one
gathers, so batches grow with load by themselves.  Bounded: a full queue refuses at once, and a sink that fails makes
later requests fail fast for a moment instead of piling up.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from healthcode.visits.record import Visit
from healthcode.visits.sink import SinkUnavailable, VisitSink, VisitsRefused


class VisitOverload(Exception):
    """The queue is full or the sink is down: nothing was stored as far as we know; try again later."""


class VisitPoison(Exception):
    """This one visit can never be stored."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of the queue: visits waiting, visits per transaction, parallel transactions, seconds."""

    waiting: int = 8_000
    batch: int = 500
    lanes: int = 2
    store_s: float = 3.0
    rest_s: float = 0.5
    """How long requests fail fast after the sink was unavailable."""


_log = structlog.get_logger(__name__)

_Waiting = tuple[Visit, "asyncio.Future[None]"]


class VisitQueue:
    """Collects visits into batches and resolves each caller when its batch is durable."""

    def __init__(self, sink: VisitSink, limits: QueueLimits, clock: Callable[[], float]) -> None:
        self._sink = sink
        self._limits = limits
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._lanes: list[asyncio.Task[None]] = []
        self._rest_until = float("-inf")
        self.stored = 0
        self.batches = 0

    @property
    def depth(self) -> int:
        """Visits waiting for a batch."""
        return len(self._waiting)

    @property
    def resting(self) -> bool:
        """Whether the sink failed a moment ago."""
        return self._clock() < self._rest_until

    def start(self) -> None:
        """Start the lanes in the running loop."""
        self._wake = asyncio.Event()
        self._lanes = [asyncio.create_task(self._lane()) for _ in range(self._limits.lanes)]

    async def close(self) -> None:
        """Stop the lanes; callers still waiting are told to repeat."""
        for lane in self._lanes:
            lane.cancel()
        for lane in self._lanes:
            with contextlib.suppress(asyncio.CancelledError):
                await lane
        self._fail_waiting()
        await self._sink.close()

    async def store(self, visit: Visit) -> None:
        """Return when `visit` is durable.  Raises VisitOverload or VisitPoison."""
        if len(self._waiting) >= self._limits.waiting or self.resting:
            raise VisitOverload
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((visit, done))
        self._wake.set()
        await done

    async def _lane(self) -> None:
        while True:
            await self._wake.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limits.batch))]
            if not self._waiting:
                self._wake.clear()
            if batch:
                await self._commit(batch)

    async def _commit(self, batch: list[_Waiting]) -> None:
        """Store one batch.  If we die here no caller was answered: each repeats with the same key."""
        refused = {}
        try:
            async with asyncio.timeout(self._limits.store_s):
                await self._sink.store([visit for visit, _ in batch])
        except VisitsRefused as error:
            refused = error.refused
        except (asyncio.CancelledError, GeneratorExit):
            _fail(batch)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a sink raises, its callers must be answered
            if not isinstance(error, SinkUnavailable | TimeoutError):
                _log.exception("visit_sink_failed")
            self._rest_until = self._clock() + self._limits.rest_s
            _fail(batch)
            self._fail_waiting()
            return
        self.batches += 1
        self.stored += len(batch) - len(refused)
        for visit, done in batch:
            if done.done():
                continue
            if visit.id in refused:
                done.set_exception(VisitPoison(refused[visit.id]))
            else:
                done.set_result(None)

    def _fail_waiting(self) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        self._wake.clear()
        _fail(waiting)


def _fail(batch: list[_Waiting]) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(VisitOverload())
