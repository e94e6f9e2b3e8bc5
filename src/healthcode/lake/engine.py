"""Runs population plans on DuckDB, in memory or over Parquet. The only file of this package that touches an engine.

No extension is loaded or fetched. On return of a method its result is stored in the engine; nothing is durable.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from healthcode.domain.time import Minute
from healthcode.lake.columns import AREAS, EVIDENCE, SUBJECTS, TESTS, Inputs, Row
from healthcode.lake.population import PopulationPlan, population_plan
from healthcode.rules.succession import Rules

_DEPTH: Final = 20_000
"""Frames that writing a plan out may take: it nests as deep as the rules' phases and switches do."""

_TABLES: Final = {"evidence": EVIDENCE, "tests": TESTS, "areas": AREAS, "subjects": SUBJECTS}


@contextmanager
def selects_apart() -> Iterator[None]:
    """Compile so that nested selections are not written out into one: what is kept in a column is computed once."""
    options = ibis.options.sql
    before, depth = options.fuse_selects, sys.getrecursionlimit()
    options.fuse_selects = False
    sys.setrecursionlimit(max(depth, _DEPTH))
    try:
        yield
    finally:
        options.fuse_selects = before
        sys.setrecursionlimit(depth)


class Engine:
    """One DuckDB connection with the four input tables."""

    def __init__(self, *, threads: int = 2, memory: str = "4GB", spill: Path | None = None) -> None:
        self._duck = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        self._duck.execute("SET preserve_insertion_order = false")
        self._duck.execute("SET autoinstall_known_extensions = false")
        if spill is not None:
            self._duck.execute(f"SET temp_directory = {_quoted(spill)}")

    def load(self, name: str, rows: Iterable[Row]) -> None:
        """Put rows into one of the input tables, replacing it."""
        self._duck.register("incoming", pa.Table.from_pylist(list(rows), schema=_TABLES[name].to_pyarrow()))
        self._duck.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")  # noqa: S608  # one of _TABLES
        self._duck.unregister("incoming")

    def attach(self, name: str, pattern: Path) -> None:
        """Read one of the input tables from Parquet files; `pattern` may hold `*`."""
        source = f"read_parquet({_quoted(pattern)})"
        self._duck.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {source}")  # noqa: S608  # one of _TABLES

    def inputs(self) -> Inputs:
        """The four tables."""
        return Inputs(**{name: ibis.table(schema, name=name) for name, schema in _TABLES.items()})

    def store(self, name: str, expression: ir.Table) -> ir.Table:
        """Run an expression into a table of the engine and give that table."""
        self._duck.execute(f"CREATE OR REPLACE TABLE {name} AS {_sql(expression)}")
        return ibis.table(expression.schema(), name=name)

    def write(self, expression: ir.Table, path: Path) -> None:
        """Run an expression into a Parquet file."""
        self._duck.execute(f"COPY ({_sql(expression)}) TO {_quoted(path)} (FORMAT parquet)")

    def rows(self, expression: ir.Table) -> list[Row]:
        """The rows of an expression."""
        found: list[Row] = self._duck.sql(_sql(expression)).to_arrow_table().to_pylist()
        return found


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _sql(expression: ir.Table) -> str:
    with selects_apart():
        return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


class Run:
    """One population run: the plan compiled, then stored step by step."""

    def __init__(self, engine: Engine, rules: Rules, now: Minute) -> None:
        self.plan: PopulationPlan = population_plan(engine.inputs(), rules, now, engine.store)
        self._engine = engine
        self.courses = engine.store("courses", self.plan.courses)
        self.unclear = engine.store("unclear", self.plan.unclear(self.courses))
        self.steps = engine.store("steps", self.plan.steps(self.courses, self.unclear))

    @property
    def people(self) -> ir.Table:
        """Everybody's record."""
        return self.plan.people(self.steps, self.unclear)

    @property
    def grounds(self) -> ir.Table:
        """The open grounds."""
        return self.plan.grounds(self.courses)

    @property
    def singly(self) -> ir.Table:
        """Subjects with longer chains of corrections than the plan follows: evaluate them one by one."""
        return self.plan.known.too_long
