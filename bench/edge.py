"""The measurements of the edge: `checks`, `visits`, `table`."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg

from bench.comparison import people_store, twin_installed, twin_rows
from bench.measure import (
    LOAD_CORE,
    ROOT,
    Result,
    cpu_name,
    drive,
    interleaved,
    median,
    median_cpu_us,
    peak_mb,
    ratios,
    server,
)
from bench.province import (
    REGION,
    Province,
    checks_requests,
    province_build,
    requests_write,
    table_fill,
    visits_requests,
)
from healthcode.adapters.database_roles import ROLES, database_roles_ensure
from healthcode.adapters.embedded_postgres import EmbeddedPostgres
from healthcode.adapters.table_files import TableFile, TableReader
from healthcode.table.file import table_size
from healthcode.table.record import Record, record_encode

Say = Callable[[str], None]
CHECK_PEOPLE = 1_000_000
CHECK_REQUESTS = 4_096
VISIT_PEOPLE = 60_000
"""More than a worker remembers sessions of: each scan opens its session anew, as in a street."""
VISIT_PHONES = 512
"""Connections that wait for a commit at the same time: with few, any batch is small."""
TABLE_PEOPLE = 35_000_000
UPDATES = 1_000_000
LOOK_UPS = 1_000_000
_OPEN = """
import sys, time
from pathlib import Path
from healthcode.adapters.table_files import TableReader
begun = time.perf_counter()
record = TableReader(Path(sys.argv[1]), region=int(sys.argv[2])).read(20_000_000)
assert record.version
print(time.perf_counter() - begun)
"""


class NoRoom(RuntimeError):
    """The disk or the machine is too small for this measurement."""


def checks(folder: Path, *, seconds: float, pairs: int, say: Say) -> Result:
    """Live codes checked by gates, per server core, against the floor; then the latency at 80 % of that rate."""
    say(f"a province of {CHECK_PEOPLE:,} people")
    province = province_build(folder / "edge", CHECK_PEOPLE, record_visits=False)
    requests = folder / "requests"
    minutes = 3 + int(pairs * 2 * (seconds + 2) + 3 * seconds) // 60
    requests_write(requests, checks_requests(province, minutes, CHECK_REQUESTS))
    with ExitStack() as stack:
        stack.enter_context(_heartbeats(province))
        floor_server = stack.enter_context(server("floor"))
        edge_server = stack.enter_context(server("edge", "--folder", str(province.folder)))
        servers = [floor_server, edge_server]
        if twin_installed():
            say("the same people in PostgreSQL, for the conventional twin")
            url, admin = stack.enter_context(_postgres(folder))
            people_store(admin, province.folder, CHECK_PEOPLE)
            twin_options = ("--folder", str(province.folder), "--url", url)
            servers.append(stack.enter_context(server("twin", *twin_options)))
        floor, edge, *twin = interleaved(servers, requests, pairs=pairs, seconds=seconds, say=say)
        say("open loop at 80 % of that rate")
        open_loop = drive(edge_server, requests, seconds=max(seconds, 5), rate=0.8 * median(edge))
        ratio, least, most = ratios(edge, floor)
        return _result(
            "checks",
            value=round(median(edge)),
            unit="checks/s per server core",
            floor=round(median(floor)),
            ratio=round(ratio, 3),
            ratio_cpu=round(median_cpu_us(floor) / median_cpu_us(edge), 3),
            cpu_us=median_cpu_us(edge),
            floor_cpu_us=median_cpu_us(floor),
            ratio_least=round(least, 3),
            ratio_most=round(most, 3),
            p50_ms=open_loop.p50_ms,
            p99_ms=open_loop.p99_ms,
            **twin_rows(edge, next(iter(twin), [])),
            peak_mb=peak_mb(edge_server[1]),
            people=CHECK_PEOPLE,
        )


def visits(folder: Path, *, seconds: float, pairs: int, say: Say) -> Result:
    """Scans durable before the answer, against the floor and against one INSERT per request."""
    say("PostgreSQL, with fsync, on the generator's core")
    with ExitStack() as stack:
        url, admin = stack.enter_context(_postgres(folder))
        province = province_build(folder / "edge", VISIT_PEOPLE, record_visits=True)
        requests = folder / "requests"
        requests_write(requests, visits_requests(province, VISIT_PEOPLE))
        options = ("--folder", str(province.folder), "--url", url)
        stack.enter_context(_heartbeats(province))
        hows: list[tuple[str, ...]] = [("floor",), ("edge", *options), ("one_insert", *options)]
        if twin_installed():
            people_store(admin, province.folder, VISIT_PEOPLE)
            hows.append(("twin", *options))
        servers = [stack.enter_context(server(*how)) for how in hows]
        for address in servers[1:]:
            with suppress(RuntimeError):  # the first visits wait for connections to be made
                drive(address, requests, seconds=0.5, phones=VISIT_PHONES)
        floor, edge, single, *twin = interleaved(
            servers, requests, pairs=pairs, seconds=seconds, say=say, phones=VISIT_PHONES
        )
        say("open loop at 80 % of that rate")
        rate = 0.8 * median(edge)
        open_loop = drive(servers[1], requests, seconds=max(seconds, 5), rate=rate, phones=VISIT_PHONES)
        ratio, least, most = ratios(edge, floor)
        answered = sum(run.statuses["200"] for run in (*edge, *single, *chain(*twin), open_loop))
        stored = _count(admin)
        if stored < answered:
            raise RuntimeError(f"{answered} visits were acknowledged and {stored} are stored")
        return _result(
            "visits",
            value=round(median(edge)),
            unit="visits/s durable before the answer",
            floor=round(median(floor)),
            ratio=round(ratio, 3),
            ratio_cpu=round(median_cpu_us(floor) / median_cpu_us(edge), 3),
            cpu_us=median_cpu_us(edge),
            floor_cpu_us=median_cpu_us(floor),
            ratio_least=round(least, 3),
            ratio_most=round(most, 3),
            one_insert_per_s=round(median(single)),
            times_one_insert=round(median(edge) / median(single), 2),
            p50_ms=open_loop.p50_ms,
            p99_ms=open_loop.p99_ms,
            **twin_rows(edge, next(iter(twin), [])),
            peak_mb=peak_mb(servers[1][1]),
            people=VISIT_PEOPLE,
        )


def table(folder: Path, *, seconds: float, pairs: int, say: Say) -> Result:
    """A table of 35 million: opening, looking up with CRC, updating a million records."""
    del seconds
    _need(folder, 2 * table_size(TABLE_PEOPLE))
    path = folder / "table.bin"
    say(f"a table of {TABLE_PEOPLE:,} people")
    begun = time.perf_counter()
    table_fill(path, TABLE_PEOPLE, int(time.time()) // 60)
    fill_s = time.perf_counter() - begun
    opened = [float(_python(_OPEN, str(path), str(REGION))) for _ in range(pairs)]
    look_up_us = sorted(_look_up_us(path) for _ in range(pairs))
    update_s = sorted(_update_s(path, 100 + turn) for turn in range(pairs))
    return _result(
        "table",
        value=round(look_up_us[pairs // 2], 3),
        unit="µs per look-up with CRC",
        floor=None,
        ratio=None,
        p50_ms=None,
        p99_ms=None,
        open_s=round(sorted(opened)[pairs // 2], 4),
        update_1m_s=round(update_s[pairs // 2], 3),
        fill_s=round(fill_s, 2),
        file_mb=round(table_size(TABLE_PEOPLE) / 1e6, 1),
        peak_mb=peak_mb(os.getpid()),
        people=TABLE_PEOPLE,
    )


MEASUREMENTS = {"checks": checks, "visits": visits, "table": table}


def _look_up_us(path: Path) -> float:
    reader = TableReader(path, region=REGION)
    numbers = random.Random(3).choices(range(1, TABLE_PEOPLE), k=LOOK_UPS)  # noqa: S311
    read = reader.view.read  # as a worker does between two refreshes
    begun = time.perf_counter()
    for number in numbers:
        read(number)
    return (time.perf_counter() - begun) / LOOK_UPS * 1e6


def _update_s(path: Path, version: int) -> float:
    record = record_encode(Record(3, generation=1, version=version))
    numbers = random.Random(version).sample(range(1, TABLE_PEOPLE), UPDATES)  # noqa: S311
    with TableFile(path, region=REGION) as file:
        apply = file.apply
        begun = time.perf_counter()
        for number in numbers:
            apply(number, record)
        return time.perf_counter() - begun


@contextmanager
def _heartbeats(province: Province) -> Iterator[None]:
    """Keep the data fresh, as an updater beside the edge does."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(1):
            province.status_write()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _postgres(folder: Path) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A PostgreSQL with the visit table as deployed, as (URL of role edge, the superuser's connection)."""
    _need(folder, 8 << 30)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {LOAD_CORE})
    cluster = EmbeddedPostgres(folder / "postgres", folder / "postgres.log", secrets.token_hex(8))
    cluster.start()
    try:
        passwords = {role: secrets.token_hex(8) for role in ROLES}
        database_roles_ensure(cluster.dsn(), passwords)
        with psycopg.connect(cluster.dsn("healthcode"), autocommit=True) as connection:
            sql = (ROOT / "src/healthcode/control/venues/visits.sql").read_text(encoding="utf-8")
            connection.execute(sql.encode())
            yesterday = datetime.now(UTC).date() - timedelta(days=1)
            connection.execute("SELECT visit_partitions_ensure(%s, 4)", [yesterday])
            connection.execute("GRANT INSERT ON visit TO edge; GRANT SELECT (id) ON visit TO edge")

            yield f"postgresql://edge:{passwords['edge']}@127.0.0.1:{cluster.port}/healthcode", connection
    finally:
        cluster.stop()
        os.sched_setaffinity(0, cores)


def _count(admin: psycopg.Connection[Any]) -> int:
    row = admin.execute("SELECT count(*) FROM visit").fetchone()
    return int(row[0]) if row else 0


def _need(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise NoRoom(f"{folder} has {free >> 20} MB free and this needs {size >> 20} MB; set TMPDIR to a larger disk")


def _python(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout


def _result(name: str, **values: object) -> Result:
    # a load far above 2 says that the machine was not ours alone: then only the ratios by CPU time mean anything
    return {"name": name, **values, "cpu": cpu_name(), "load": round(os.getloadavg()[0], 2)}
