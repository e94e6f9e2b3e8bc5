"""The measurement `propagation`: from the commit of a decision until the edge's table answers with it.

Open loop: decisions are committed by the clock, whatever the edge does. Each is one transaction with what a decision
commits for the edges (the state, its record and grounds in the outbox); evaluating it is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from bench.deployment import Deployment, deployment
from bench.measure import Result, cpu_name, peak_mb
from healthcode.adapters.table_files import CURRENT, TableReader
from healthcode.domain.division import counties
from healthcode.table.payloads import GroundsNote, note_encode
from healthcode.table.record import Record, record_encode

PEOPLE = 50_000
RATES = (100, 1_000)
BATCH = 500_000
_CONNECTIONS = 12
_PATIENCE_S = 300.0
_LOOK_S = 0.002
_DECIDE = """
WITH stated AS (UPDATE subject_state SET version = $2, record = $3, grounds = $4, evaluated_at = now()
                 WHERE number = $1)
INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, 1, $1, $3), (0, 2, $1, $4)
"""
_BULK = """
INSERT INTO feed_outbox (lane, kind, key, payload)
SELECT 1, 1, %(first)s + n, %(record)s FROM generate_series(1, %(rows)s) AS n
"""


class Watch:
    """Looks into the edge's table, as a worker does, for decisions that were committed."""

    def __init__(self, reader: TableReader) -> None:
        self.waits: list[float] = []
        self._reader = reader
        self._waiting: deque[tuple[int, int, float]] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def committed(self, number: int, version: int) -> None:
        """From now on this version should be seen."""
        self._waiting.append((number, version, time.perf_counter()))

    def finish(self) -> list[float]:
        """Seconds that each decision took, once all were seen, ascending. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._waiting and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stop.set()
        self._thread.join()
        if self._waiting:
            raise TimeoutError(f"{len(self._waiting)} decisions did not reach the edge's table; see logs/ of the relay")
        return sorted(self.waits)

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self._reader.follow()
            for _ in range(len(self._waiting)):
                number, version, begun = self._waiting.popleft()
                if self._reader.read(number).version >= version:
                    self.waits.append(time.perf_counter() - begun)
                else:
                    self._waiting.append((number, version, begun))


async def decide(dsn: str, watch: Watch, *, rate: int, seconds: float, version: int) -> float:
    """Commit decisions at `rate` a second; returns the rate that was reached."""
    pool = await asyncpg.create_pool(dsn, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
    record = record_encode(Record(3, generation=1, version=version))
    grounds = note_encode(GroundsNote(version=version))
    gate = asyncio.Semaphore(_CONNECTIONS * 4)

    async def one(number: int) -> None:
        try:
            await pool.execute(_DECIDE, number, version, record, grounds)
        finally:
            gate.release()
        watch.committed(number, version)

    begun, count = time.perf_counter(), int(rate * seconds)
    async with pool, asyncio.TaskGroup() as group:
        for turn in range(count):
            await gate.acquire()
            group.create_task(one(turn % PEOPLE + 1))
            await asyncio.sleep(max(0.0, begun + (turn + 1) / rate - time.perf_counter()))
    return count / (time.perf_counter() - begun)


def _run(world: Deployment, *, rate: int, seconds: float, version: int, bulk: bool) -> dict[str, float]:
    dsn, reader = world.settings.dsn("postgres"), TableReader(_table(world), region=int(world.settings.region))
    watch = Watch(reader)
    batch = threading.Thread(target=_bulk_send, args=[world, version])
    if bulk:
        batch.start()
    reached = asyncio.run(decide(dsn, watch, rate=rate, seconds=seconds, version=version))
    waits = watch.finish()
    row = {"rate": round(reached), "p50_ms": _ms(waits, 0.5), "p99_ms": _ms(waits, 0.99), "most_ms": _ms(waits, 1)}
    if bulk:
        batch.join()
        begun = time.perf_counter()
        _until(lambda: reader.follow() or reader.read(PEOPLE + BATCH).version >= version)
        row["batch_behind_s"] = round(time.perf_counter() - begun, 2)
    return row


def propagation(folder: Path, *, seconds: float, say: Callable[[str], None]) -> Result:
    """Measure at each rate, and at the highest beside a batch of 500,000 records in the bulk lane."""
    with deployment(folder) as world:
        record = record_encode(Record(2, generation=1, version=1))
        world.residents(PEOPLE, next(iter(counties())).code, record)
        with world.processes("relay", "updater") as processes:
            _until(_table(world).exists)
            rows: dict[str, Any] = {}
            for version, (name, rate, bulk) in enumerate(_plan(), 2):
                say(f"{name}: {rate} decisions a second for {seconds:.0f} s")
                rows[name] = _run(world, rate=rate, seconds=seconds, version=version, bulk=bulk)
            peak = max(peak_mb(pid) for pid in processes)
    top, beside = rows[f"at_{RATES[-1]}"], rows["beside_batch"]
    return {
        "name": "propagation",
        "value": top["p99_ms"],
        "unit": f"ms from commit to the edge's table, p99 at {RATES[-1]}/s asked, {top['rate']:.0f}/s reached",
        "floor": None,
        "ratio": None,
        "p50_ms": top["p50_ms"],
        "p99_ms": top["p99_ms"],
        "beside_batch_p99_ms": beside["p99_ms"],
        "runs": rows,
        "batch": BATCH,
        "peak_mb": peak,
        "people": PEOPLE,
        "cpu": cpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


def _plan() -> list[tuple[str, int, bool]]:
    return [*((f"at_{rate}", rate, False) for rate in RATES), ("beside_batch", RATES[-1], True)]


def _bulk_send(world: Deployment, version: int) -> None:
    record = record_encode(Record(3, generation=1, version=version))
    world.superuser(_BULK, {"first": PEOPLE, "record": record, "rows": BATCH})


def _table(world: Deployment) -> Path:
    return world.settings.data / "edge" / CURRENT


def _ms(waits: list[float], share: float) -> float:
    return round(waits[min(len(waits) - 1, math.floor(share * len(waits)))] * 1000, 1)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the edge's table does not follow; see logs/ of relay and updater")
        time.sleep(0.02)
