"""The measurement `import`: a laboratory's signed file of N results, until the edge's table says their test age.

Everybody applied before, is green and is tested once; one in fifty results is of a pool of ten.
"""

from __future__ import annotations

import importlib
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from bench.deployment import Deployment, deployment
from bench.measure import Result, cpu_name, peak_mb
from healthcode.adapters.table_files import CURRENT, TableReader
from healthcode.crypto.fields import BlindIndex
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.domain.division import counties
from healthcode.domain.document import resident_id_check_digit
from healthcode.domain.time import REGION_TZ, minute_of
from healthcode.table.record import Record, record_encode

_HEADER = "行号,证件类型,证件号码,姓名,采样时间,报告时间,检测结果,混采人数,混采管号,检测单号\n"
_PATIENCE_S = 1_800
_LOOKED_AT = 2_000
_BATCH = 50_000
_GREEN = 2


def documents(people: int) -> list[str]:
    """As many different resident ID numbers, the same each time."""
    draw, places = random.Random(7), [county.code for county in counties()]  # noqa: S311 # invented people
    found: dict[str, None] = {}
    while len(found) < people:
        born = f"{draw.randint(1930, 2018)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
        first17 = f"{draw.choice(places)}{born}{draw.randint(0, 999):03d}"
        found[first17 + resident_id_check_digit(first17)] = None
    return list(found)


def file_write(path: Path, numbers: list[str], sampled: datetime) -> None:
    """The laboratory's file: one negative of each, all sampled in the same minute."""
    at, told = (f"{moment.astimezone(REGION_TZ):%Y-%m-%d %H:%M}" for moment in (sampled, sampled + timedelta(hours=1)))
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        for row, number in enumerate(numbers):
            pool = "10,G7" if row % 50 == 0 else "1,"
            file.write(f"R{row},,{number},张三,{at},{told},阴性,{pool},PY{row}\n")


def people_make(world: Deployment, numbers: list[str]) -> None:
    """Residents who applied and were derived: they are found by their documents, and hold a green record."""
    cast: Any = importlib.import_module("healthcode.control.seed.cast")
    reading: Any = importlib.import_module("healthcode.control.rulesets.reading")
    ports: Any = importlib.import_module("healthcode.control.ports").ports()
    world.residents(len(numbers), cast.COUNTY, record_encode(Record(_GREEN, generation=1, version=1)))
    index = BlindIndex(ports.blind_key, "document")
    with psycopg.connect(world.settings.dsn("postgres"), autocommit=True) as connection:
        with connection.cursor().copy("COPY people_identityindex (index, field, subject_id) FROM STDIN") as copy:
            for at in range(0, len(numbers), _BATCH):
                found = [index.of(f"resident_id:{number}") for number in numbers[at : at + _BATCH]]
                copy.write("".join(f"\\\\x{key.hex()}\tdocument\t{at + i}\n" for i, key in enumerate(found, 1)))
        known = reading.rules_known()
        connection.execute(
            "UPDATE subject_state SET ruleset = %s, publications_known = %s, evaluated_at = now()",
            [known.at(minute_of(datetime.now(UTC))).key, known.publications],
        )
    world.superuser("VACUUM ANALYZE")


def source(world: Deployment, key: SigningKey) -> int:
    """The county's laboratory with its key registered; returns its number."""
    return int(
        world.superuser(
            "UPDATE offices_unit SET signing_key = %s WHERE signing_key IS NOT NULL RETURNING id",
            [key.public.to_bytes()],
        )[0][0]
    )


def results(folder: Path, *, rows: int, say: Callable[[str], None]) -> Result:
    """Measure one file of so many results, with relay and updater as they are deployed."""
    key = suite("intl").generate_signing_key()
    with deployment(folder) as world:
        say(f"{rows:,} residents with a code")
        numbers, sampled = documents(rows), datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=3)
        people_make(world, numbers)
        unit, file, table = source(world, key), folder / "results.csv", folder / "edge" / CURRENT
        file_write(file, numbers, sampled)
        signature = key.sign(suite("intl").hash(file.read_bytes()))
        with world.processes("relay", "updater") as processes:
            reader = _reader(table, world)
            say(f"{file.stat().st_size >> 20} MB are handed in; the worker, relay and updater follow")
            steps, begun = _Steps(), time.perf_counter()
            report = _import(unit, file, signature, steps)
            imported_s = time.perf_counter() - begun
            if (report.state, report.new) != ("imported", rows):
                raise RuntimeError(f"the import ended as {report}")
            _until(lambda: world.superuser("SELECT NOT EXISTS (SELECT 1 FROM feed_outbox)")[0][0])
            numbered_s = time.perf_counter() - begun
            _until(lambda: _all_tested(reader, rows, minute_of(sampled)))
            live_s = time.perf_counter() - begun
            peak = max(peak_mb(pid) for pid in (os.getpid(), *processes))
    return {
        "name": "import",
        "value": round(live_s, 2),
        "unit": "s until the edge's table says everybody's test age",
        "floor": None,
        "ratio": None,
        "p50_ms": None,
        "p99_ms": None,
        "peak_mb": peak,
        "people": rows,
        "imported_s": round(imported_s, 2),
        "numbered_s": round(numbered_s, 2),
        **steps.seconds(imported_s),
        "cpu": cpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


class _Steps:
    """When each step of the import was first told."""

    def __init__(self) -> None:
        self._begun, self._first = time.perf_counter(), dict[str, float]()

    def __call__(self, step: str, _done: int, _total: int) -> None:
        self._first.setdefault(step, time.perf_counter() - self._begun)

    def seconds(self, whole: float) -> dict[str, float]:
        """Seconds of handing in and of each step."""
        marks = [("handing_in", 0.0), *self._first.items(), ("", whole)]
        return {f"{name}_s": round(after - before, 2) for (name, before), (_, after) in pairwise(marks)}


def _import(unit: int, file: Path, signature: bytes, steps: _Steps) -> Any:
    commands: Any = importlib.import_module("healthcode.control.exchange.commands")
    answer = commands.file_import(
        kind="results", unit=str(unit), file=file, signature=signature, now=datetime.now(UTC), watch=steps
    )
    return answer.report


def _reader(table: Path, world: Deployment) -> TableReader:
    _until(table.exists)
    return TableReader(table, region=int(world.settings.region))


def _all_tested(reader: TableReader, people: int, minute: int) -> bool:
    """Whether those looked at, spread over the province, have this test in the table."""
    reader.follow()
    looked_at = range(people, 0, -max(1, people // _LOOKED_AT))
    return all(reader.read(number).last_negative == minute for number in looked_at)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the edge's table does not hold everybody's record; see logs/ of relay and updater")
        time.sleep(0.05)
