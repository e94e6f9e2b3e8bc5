"""The conventional twin beside the edge: whether it is installed, the people it looks up, and its part of a result."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from bench.measure import Run, median, median_cpu_us, ratios
from bench.province import REGION
from healthcode.adapters.table_files import CURRENT, TableReader

COLORS = {2: "green", 3: "yellow", 4: "red"}
ABSENT = "not measured: python -m pip install --require-hashes -r requirements/bench.lock, then again"
_TABLE = """
CREATE TABLE person (number bigint PRIMARY KEY, generation int NOT NULL, color text NOT NULL, last_negative int)
"""


def twin_installed() -> bool:
    """Whether the extra `bench` is there."""
    return find_spec("fastapi") is not None and find_spec("sqlalchemy") is not None


def people_store(admin: psycopg.Connection[Any], folder: Path, people: int) -> None:
    """Give the twin the people whom the edge has in its table, in a table as one would write it."""
    reader = TableReader(folder / CURRENT, region=REGION)
    admin.execute(_TABLE)
    with admin.cursor() as cursor, cursor.copy("COPY person FROM STDIN") as copy:
        for number in range(1, people + 1):
            record = reader.read(number)
            copy.write_row((number, record.generation, COLORS[record.state], record.last_negative))
    admin.execute("GRANT SELECT ON person TO edge")
    admin.execute("VACUUM (ANALYZE) person")


def twin_rows(edge: list[Run], twin: list[Run]) -> dict[str, Any]:
    """How many times as fast the edge is, pair by pair, and what the twin did; or how to get it."""
    if not twin:
        return {"twin": ABSENT}
    times, least, most = ratios(edge, twin)
    return {
        "twin_per_s": round(median(twin)),
        "times_twin": round(times, 1),
        "times_twin_least": round(least, 1),
        "times_twin_most": round(most, 1),
        "twin_cpu_us": median_cpu_us(twin),
        "times_twin_cpu": round(median_cpu_us(twin) / median_cpu_us(edge), 1),
    }
