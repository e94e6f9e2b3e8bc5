"""The measurement `population`: color for a whole province from Parquet, into the bytes of a color table.

The synthetic province has, for 35 people, 3 open grounds and 20 tests, both spread at random over the numbers: a tenth
of the grounds lie on somebody who has one already, three fifths of the tests are of people with grounds.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from bench.edge import NoRoom
from bench.measure import ROOT, Result, cpu_name
from healthcode.adapters.rulebook_files import ruleset_load
from healthcode.domain.time import day_of, minute_parse
from healthcode.lake.columns import EVIDENCE_FIELDS
from healthcode.lake.engine import Engine, Run, program_of
from healthcode.lake.parameters import shape_of
from healthcode.lake.records import records_write
from healthcode.table.file import table_size
from healthcode.table.header import HEADER_BYTES

Say = Callable[[str], None]
PEOPLE = 35_000_000
SIZES = (1_000_000, 10_000_000)
NOW = minute_parse("2022-10-20T09:30+08:00")
_SEED = 20221020
_BYTES_A_PERSON = 90
"""Parquet, table and what the engine may spill."""
_KINDS = """CASE WHEN k < 50 THEN 'close_contact' WHEN k < 65 THEN 'venue_exposure' WHEN k < 85 THEN 'area_stay'
    WHEN k < 92 THEN 'arrival_abroad' WHEN k < 97 THEN 'secondary_contact' ELSE 'symptom' END"""
_FIELDS = {
    "relation": "CASE WHEN k BETWEEN 65 AND 79 THEN 'left' WHEN k BETWEEN 80 AND 84 THEN 'resident' END",
    "level": "CASE WHEN k BETWEEN 65 AND 79 THEN ['high', 'medium', 'low'][1 + k % 3] END",
    "area": "CASE WHEN k BETWEEN 80 AND 84 THEN 'a' || (i % 200) END",
    "linked_tests": "CASE WHEN k BETWEEN 92 AND 96 THEN 'negative' END",
}


def population(folder: Path, *, people: int, say: Say) -> Result:
    """Seconds from Parquet to table for `people`, and the cost of one person at smaller sizes."""
    need = people * _BYTES_A_PERSON + (256 << 20)
    if (free := shutil.disk_usage(folder).free) < need:
        raise NoRoom(f"{folder} has {free >> 20} MB free and this needs {need >> 20} MB; set TMPDIR to a larger disk")
    sizes = [size for size in SIZES if size < people] + [people]
    costs: dict[str, float] = {}
    for size in sizes:
        say(f"{size:,} people with their evidence")
        province_write(folder, size)
        say("from Parquet to table")
        seconds, written, peak = _measured(folder, size)
        costs[f"us_per_person_{size}"] = round(seconds * 1e6 / size, 3)
    return {
        "name": "population",
        "value": round(seconds, 2),
        "unit": "s",
        "floor": None,
        "ratio": None,
        "people": people,
        "grounds": people * 3 // 35,
        "tests": people * 20 // 35,
        "seconds": round(seconds, 2),
        "seconds_to_write_the_plan": round(written, 2),
        "peak_mb": peak,
        **costs,
        "cpu": cpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


def _measured(folder: Path, people: int) -> tuple[float, float, int]:
    """Seconds of the run and of writing the plan, and peak memory, in a process of its own."""
    command = [sys.executable, "-m", "bench.population", str(folder), str(people)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, written, peak = done.stdout.split()
    return float(seconds), float(written), int(peak)


def province_write(folder: Path, people: int) -> None:
    """Write evidence.parquet, tests.parquet, areas.parquet and subjects.parquet, the same for the same number."""
    duck = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    duck.execute("SET preserve_insertion_order = false")
    grounds, tests, today = people * 3 // 35, people * 20 // 35, day_of(NOW)
    whose = f"(hash(i % {grounds * 9 // 10}, {_SEED}) % {people})::BIGINT"
    fields = ", ".join(
        f"{_FIELDS.get(name, f'NULL::{_type(kind)}')} AS {name}" for name, kind in EVIDENCE_FIELDS.items()
    )
    tables = {
        "subjects": f"SELECT i AS subject, i % 10 <> 0 AS holds_code FROM range({people}) t(i)",  # noqa: S608
        "areas": f"""SELECT 'a' || i AS area, ['high', 'medium'][1 + i % 2] AS level, {NOW - 5000}::BIGINT AS from_,
            NULL::BIGINT AS until FROM range(200) t(i)""",  # noqa: S608
        "evidence": f"""SELECT {whose} AS subject, 'e' || i AS id, {_KINDS} AS kind, anchor, anchor * 1440 - 480 + 600
            AS occurred, anchor * 1440 - 480 + 900 AS learned, CASE WHEN i % 1000 = 999 AND i >= {grounds * 9 // 10}
            THEN 'e' || (i - {grounds * 9 // 10}) END AS supersedes, false AS rescinded, {fields},
            NULL::VARCHAR[] AS about FROM (SELECT i, (hash(i, 1) % 100)::INT AS k,
            {today} - 1 - (hash(i, 2) % 6)::BIGINT AS anchor FROM range({grounds}) t(i))""",  # noqa: S608
        "tests": f"""SELECT CASE WHEN i % 5 < 3 THEN (hash(j % {grounds * 9 // 10}, {_SEED}) % {people})::BIGINT
            ELSE (hash(i, 4) % {people})::BIGINT END AS subject, 't' || i AS id, 'test' AS kind, NULL::BIGINT AS anchor,
            sampled AS occurred, sampled + 480 AS learned, NULL::VARCHAR AS supersedes, false AS rescinded,
            'negative' AS result, [1, 10][1 + i % 2]::BIGINT AS pool_size, 'nucleic_acid' AS method
            FROM (SELECT i, (hash(i, 3) % {grounds})::BIGINT AS j,
            {NOW} - 500 - (hash(i, 5) % {8 * 1440})::BIGINT AS sampled FROM range({tests}) t(i))""",  # noqa: S608
    }
    for name, query in tables.items():
        duck.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
    duck.close()


def _type(kind: str) -> str:
    return "BIGINT" if kind == "int64" else "VARCHAR"


def _run(folder: Path, people: int) -> None:
    """Parquet in, table out; prints seconds, seconds to write the plan, and peak memory in MB."""
    rules = ruleset_load("ninth-edition")
    path = folder / "table.bin"
    begun = time.perf_counter()
    program_of(shape_of(rules, NOW))
    planned = time.perf_counter()
    with path.open("wb") as file:
        file.truncate(table_size(people))
    engine = Engine(threads=2, memory="2500MB", spill=folder)
    for name in ("evidence", "tests", "areas", "subjects"):
        engine.attach(name, folder / f"{name}.parquet")
    run = Run(engine, rules, NOW)
    records_write(engine, run, path, offset=HEADER_BYTES, capacity=people, versions=1, generations=0)
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(f"{ended - begun} {planned - begun} {peak}\n")


if __name__ == "__main__":
    _run(Path(sys.argv[1]), int(sys.argv[2]))
