"""Group commit in front of a visit sink: many requests, one transaction, bounded waiting.

A request waits until the batch that holds its visit is durable.  While one batch is being stored the next one gathers,
so batches grow with load by themselves.  Where the sink does not answer within its bound the batch goes to this host's
spool, as do those after it, until the spool has shipped everything.  Bounded: a queue that is full or whose first has
waited too long refuses at once, and where neither takes anything, requests fail fast for a moment instead of piling up.

Storing has a thread and a loop of its own.  In the loop that serves, every step of a transaction would wait while that
loop answers whoever came meanwhile: at the worst minute seconds, which would look like a database that hangs.
"""

import asyncio
import contextlib
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import structlog

from healthcode.visits.record import Visit
from healthcode.visits.sink import SinkUnavailable, SpoolDepth, VisitSink, VisitSpool, VisitsRefused


class VisitOverload(Exception):
    """The queue is full or nothing takes visits: nothing was stored as far as we know; try again later."""


class VisitPoison(Exception):
    """This one visit can never be stored."""


class Kept(StrEnum):
    """Where a visit is durable: in the sink, or on this host until the sink is back."""

    stored = "stored"
    spooled = "spooled"


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of the queue: visits waiting, visits per transaction, parallel transactions, seconds."""

    waiting: int = 8_000
    wait_s: float = 2.5
    """How long the first in the queue may have waited when another comes: a little longer than one `store_s`."""
    batch: int = 500
    lanes: int = 2
    store_s: float = 2.0
    """How long a batch waits for the sink, and then as long again for the spool."""
    rest_s: float = 0.5
    """How long requests fail fast after neither took a batch."""
    ship_s: float = 10.0
    """How long one spooled batch may wait for the sink."""
    look_s: float = 1.0
    """How often the spool is looked into: other workers of this host may have left something."""
    pause_s: float = 5.0
    """The longest pause between two attempts to hand on what was spooled."""


NOTHING_SPOOLED = SpoolDepth(0, 0, None, 0, 0)

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    """One visit, whoever waits for it, and since when."""

    visit: Visit
    done: "asyncio.Future[Kept]"
    since_s: float


_Told = Kept | VisitOverload | VisitPoison


class VisitQueue:
    """Collects visits into batches and resolves each caller when its batch is durable."""

    def __init__(
        self, sink: VisitSink, limits: QueueLimits, clock: Callable[[], float], spool: VisitSpool | None = None
    ) -> None:
        self._sink = sink
        self._spool = spool
        self._limits = limits
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()  # one thread appends, the other takes
        self._serving: asyncio.AbstractEventLoop | None = None
        self._storing: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop = self._wake = asyncio.Event()
        self._asleep = False
        self._rest_until = float("-inf")
        self.away = False
        """Whether the sink failed and has not taken everything since."""
        self.stored = 0
        self.spooled = 0
        self.shipped = 0
        self.batches = 0

    @property
    def depth(self) -> int:
        """Visits waiting for a batch."""
        return len(self._waiting)

    @property
    def resting(self) -> bool:
        """Whether nothing took a batch a moment ago."""
        return self._clock() < self._rest_until

    def spool_depth(self) -> SpoolDepth:
        """What waits in this host's spool."""
        return NOTHING_SPOOLED if self._spool is None else self._spool.depth()

    def start(self) -> None:
        """Start storing, for callers in the running loop."""
        self._serving = asyncio.get_running_loop()
        self._storing = type(self._serving)()  # of the same kind: uvloop where the server has it
        self._stop, self._wake = asyncio.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._storing.run_until_complete, args=[self._run()], daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Stop; callers still waiting are told to repeat."""
        if self._storing is not None and self._thread is not None:
            self._storing.call_soon_threadsafe(self._stop.set)
            await asyncio.to_thread(self._thread.join)
            self._storing.close()
            self._storing = None
            self._fail_waiting()  # who came after the last look

    def store(self, visit: Visit) -> "asyncio.Future[Kept]":
        """What is done when `visit` is durable, or has failed with VisitOverload (perhaps at once) or VisitPoison."""
        now_s = self._clock()
        done: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        if self._storing is None or self._full(now_s):
            done.set_exception(VisitOverload())
            return done
        self._waiting.append(_Waiting(visit, done, now_s))
        if self._asleep:
            self._asleep = False
            self._storing.call_soon_threadsafe(self._wake.set)
        return done

    def _full(self, now_s: float) -> bool:
        if now_s < self._rest_until or len(self._waiting) >= self._limits.waiting:
            return True
        try:
            return now_s - self._waiting[0].since_s > self._limits.wait_s
        except IndexError:
            return False

    # storing, in the thread ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        tasks = [asyncio.create_task(self._lane()) for _ in range(self._limits.lanes)]
        if self._spool is not None:
            tasks.append(asyncio.create_task(self._ship(self._spool)))
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._fail_waiting()
        await self._sink.close()
        if self._spool is not None:
            await self._spool.close()

    async def _lane(self) -> None:
        while True:
            batch = self._take()
            if batch:
                await self._commit(batch)
            else:
                await self._wake.wait()

    def _take(self) -> list[_Waiting]:
        """The next batch; where there is none, whoever comes next wakes us."""
        batch = self._pop(self._limits.batch)
        if not batch:
            self._wake.clear()
            self._asleep = True
            batch = self._pop(self._limits.batch)  # who came between did not see that we sleep
        return batch

    def _pop(self, most: int) -> list[_Waiting]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]

    async def _commit(self, batch: list[_Waiting]) -> None:
        """Store one batch.  If we die here no caller was answered: each repeats with the same key."""
        try:
            kept, refused = await self._keep([waiting.visit for waiting in batch])
        except SinkUnavailable:
            self._rest_until = self._clock() + self._limits.rest_s
            self._fail(batch)
            self._fail_waiting()
            return
        except (asyncio.CancelledError, GeneratorExit):
            self._fail(batch)
            raise
        self.batches += 1
        self._tell([VisitPoison(refused[each.visit.id]) if each.visit.id in refused else kept for each in batch], batch)

    async def _keep(self, visits: Sequence[Visit]) -> tuple[Kept, dict[UUID, str]]:
        """Make a batch durable in the sink, or else in the spool; while the sink is away, the other way round.

        Dying between the two: nobody was answered.  A visit may end up in both: the sink knows its key.
        Raises SinkUnavailable where neither took it.
        """
        for kept in (Kept.spooled, Kept.stored) if self.away else (Kept.stored, Kept.spooled):
            store = self._sink if kept is Kept.stored else self._spool
            if store is None:
                continue
            refused = await self._try(store, visits)
            if refused is None:
                self.away = self.away or kept is Kept.stored
                continue
            if kept is Kept.stored:
                self.away = False
                self.stored += len(visits) - len(refused)
            else:
                self.spooled += len(visits) - len(refused)
            return kept, refused
        raise SinkUnavailable

    async def _try(self, store: VisitSink, visits: Sequence[Visit]) -> dict[UUID, str] | None:
        """What a store refuses for ever; None where it is not available."""
        try:
            async with asyncio.timeout(self._limits.store_s):
                await store.store(visits)
        except VisitsRefused as error:
            return error.refused
        except Exception as error:  # noqa: BLE001 - whatever a store raises, its callers must be answered
            if not isinstance(error, SinkUnavailable | TimeoutError):
                _log.exception("visit_store_failed")
            elif not self.away or store is self._spool:
                _log.warning("visit_store_unavailable", spool=store is self._spool, reason=str(error))
            return None
        return {}

    async def _ship(self, spool: VisitSpool) -> None:
        """Hand on what was spooled, also by a worker that was killed; after a failure with growing pauses."""
        pause = self._limits.look_s
        while True:
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, keeps no secret
            try:
                shipped = await spool.ship(self._sink, bound_s=self._limits.ship_s)
            except SinkUnavailable:
                pause = min(pause * 2, self._limits.pause_s)
            except Exception:  # noqa: BLE001 - what is spooled stays, and the next turn tries again
                _log.exception("spool_not_shipped")
                pause = self._limits.pause_s
            else:
                pause = self._limits.look_s
                self.shipped += shipped
                if shipped:
                    self.away = False
                    _log.info("spool_shipped", visits=shipped)

    def _fail_waiting(self) -> None:
        self._fail(self._pop(len(self._waiting)))

    def _fail(self, batch: list[_Waiting]) -> None:
        self._tell([VisitOverload() for _ in batch], batch)

    def _tell(self, told: list[_Told], batch: list[_Waiting]) -> None:
        """Answer a batch, in the loop where its callers wait."""
        if self._serving is not None and batch:
            self._serving.call_soon_threadsafe(_answer, told, batch)


def _answer(told: list[_Told], batch: list[_Waiting]) -> None:
    for answer, (_, done, _) in zip(told, batch, strict=True):
        if done.done():
            continue
        if isinstance(answer, Kept):
            done.set_result(answer)
        else:
            done.set_exception(answer)
