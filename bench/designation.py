"""The measurement `designation`: an area of N residents approved, until the edge answers red for the last of them."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.deployment import deployment
from bench.measure import Result, cpu_name, peak_mb
from healthcode.adapters.table_files import CURRENT, TableReader
from healthcode.table.header import HEADER_BYTES
from healthcode.table.record import RECORD_BYTES, Record, record_encode

RED = 4
_PATIENCE_S = 1_800
_STATE_BYTE = 6


def designate(people: int) -> int:
    """Propose and approve that the whole county is an area of high risk; returns the designation."""
    access: Any = importlib.import_module("healthcode.control.access")
    services: Any = importlib.import_module("healthcode.control.areas.services")
    cast: Any = importlib.import_module("healthcode.control.seed.cast")
    models: Any = importlib.import_module("healthcode.control.offices.models")
    transaction: Any = importlib.import_module("django.db").transaction
    now = datetime.now(UTC)

    def acting(person: Any) -> int:
        officer: int = models.Officer.objects.get(account__username=person.key).pk
        access.act_begin(access.session_open(kind="officer", owner=officer, hours=1), "measure")
        return officer

    draft = services.Draft(level="high", basis="measurement", name="county", residents=True)
    with transaction.atomic():
        said = services.area_propose(
            draft, officer=acting(cast.ZHOU), division=cast.COUNTY, reason=f"{people} residents", now=now
        )
    with transaction.atomic():
        services.area_review(
            designation=said.pk, officer=acting(cast.GAO), scope=cast.COUNTY[:4], verdict="approve", now=now
        )
    return int(said.pk)


def apply(designation: int) -> int:
    """What the worker does: everybody recorded, derived and published; returns how many people."""
    consequences: Any = importlib.import_module("healthcode.control.areas.consequences")
    return int(consequences.designation_apply(designation, now=datetime.now(UTC)))


def red_people(path: Path) -> int:
    """How many records of the table say red."""
    rows = np.memmap(path, np.uint8, "r", offset=HEADER_BYTES).reshape(-1, RECORD_BYTES)
    return int(((rows[:, _STATE_BYTE] >> 4) == RED).sum())


def designation(folder: Path, *, people: int, say: Callable[[str], None]) -> Result:
    """Measure one designation of a county with so many residents, with relay and updater as they are deployed."""
    with deployment(folder) as world:
        cast: Any = importlib.import_module("healthcode.control.seed.cast")
        say(f"{people:,} residents with a code")
        world.residents(people, cast.COUNTY, record_encode(Record(2, generation=1, version=1)))
        table = folder / "edge" / CURRENT
        with world.processes("relay", "updater") as processes:
            _until(table.exists)
            say("the city approves; the worker, relay and updater follow")
            begun = time.perf_counter()
            done = apply(designate(people))
            worker_s = time.perf_counter() - begun
            if done != people:
                raise RuntimeError(f"{done} of {people} were derived")
            reader = TableReader(table, region=int(world.settings.region))
            _until(lambda: reader.follow() or reader.read(people).state == RED)
            _until(lambda: red_people(table) == people)
            edge_s = time.perf_counter() - begun
            peak = max(peak_mb(pid) for pid in (os.getpid(), *processes))
    return {
        "name": "designation",
        "value": round(edge_s, 2),
        "unit": "s until the edge's table holds everybody",
        "floor": None,
        "ratio": None,
        "p50_ms": None,
        "p99_ms": None,
        "peak_mb": peak,
        "people": people,
        "worker_s": round(worker_s, 2),
        "us_per_person": round(edge_s / people * 1e6),
        "cpu": cpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the edge's table does not hold everybody's record; see logs/ of relay and updater")
        time.sleep(0.02)
