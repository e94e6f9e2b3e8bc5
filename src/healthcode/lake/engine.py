"""Runs population plans on DuckDB, in memory or over Parquet. The only file of this package that touches an engine.

No extension is loaded or fetched. On return of a method its result is stored in the engine; nothing is durable.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from healthcode.domain.time import Minute
from healthcode.lake.columns import AREAS, COUNTIES, EVIDENCE, SUBJECTS, TESTS, Inputs, Row
from healthcode.lake.parameters import Shape, history_of, parameter_types, parameters, shape_of
from healthcode.lake.population import PopulationPlan, population_plan
from healthcode.rules.succession import Rules

_DEPTH: Final = 20_000
"""Frames that writing a plan out may take: it nests as deep as the rules' phases do."""
_NOW: Final = 1_234_567_890_123_456
"""Stands for the instant in written plans; no other number of a plan is this one."""

TABLES: Final = {"evidence": EVIDENCE, "tests": TESTS, "areas": AREAS, "subjects": SUBJECTS, "counties": COUNTIES}


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
        self._put(name, list(rows), TABLES[name])

    def keep_rows(self, name: str, rows: Iterable[Row], schema: ibis.Schema) -> None:
        """Put rows into a table of the engine."""
        self._put(name, list(rows), schema)

    def attach(self, name: str, pattern: Path) -> None:
        """Read one of the input tables from Parquet files; `pattern` may hold `*`."""
        source = f"read_parquet({_quoted(pattern)})"
        self._duck.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {source}")  # noqa: S608  # one of TABLES

    def store(self, name: str, expression: ir.Table) -> ir.Table:
        """Run an expression into a table of the engine and give that table."""
        self.keep(name, written(expression))
        return ibis.table(expression.schema(), name=name)

    def keep(self, name: str, sql: str) -> None:
        """Run a written expression into a table of the engine."""
        self._duck.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")

    def drop(self, names: Iterable[str]) -> None:
        """Forget stored tables: what they took is free for the next."""
        for name in names:
            self._duck.execute(f"DROP TABLE IF EXISTS {name}")

    def view(self, name: str, sql: str) -> None:
        """Give a written expression a name; it runs when it is asked."""
        self._duck.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")

    def write(self, expression: ir.Table, path: Path) -> None:
        """Run an expression into a Parquet file."""
        self._duck.execute(f"COPY ({written(expression)}) TO {_quoted(path)} (FORMAT parquet)")

    def rows(self, expression: ir.Table) -> list[Row]:
        """The rows of an expression."""
        found: list[Row] = self._duck.sql(written(expression)).to_arrow_table().to_pylist()
        return found

    def batches(self, expression: ir.Table, size: int = 1 << 20) -> Iterator[pa.RecordBatch]:
        """The rows of an expression, about `size` at a time, while it runs."""
        yield from self._duck.sql(written(expression)).to_arrow_reader(size)

    def parameters(self, rules: Rules, shape: Shape) -> None:
        """Put the parameters of some rulesets into the tables that the plan joins."""
        found, types = parameters(rules, shape), parameter_types(shape)
        for name in types:
            self._put(name, getattr(found, name), ibis.schema(types[name]))

    def _put(self, name: str, rows: list[Row], schema: ibis.Schema) -> None:
        self._duck.register("incoming", pa.Table.from_pylist(rows, schema=schema.to_pyarrow()))
        self._duck.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")  # noqa: S608  # our own names
        self._duck.unregister("incoming")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def inputs(shape: Shape) -> Inputs:
    """The tables that a plan of a shape reads, by name."""
    schemas = {name: schema for name, schema in TABLES.items() if name != "counties"} | {
        name: ibis.schema(types) for name, types in parameter_types(shape).items()
    }
    return Inputs(**{name: ibis.table(schema, name=name) for name, schema in schemas.items()})


@lru_cache(maxsize=256)
def written(expression: ir.Table) -> str:
    """An expression in the engine's language."""
    with selects_apart():
        return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


class Step(NamedTuple):
    """One part of a plan, written out for an instant that is still to be named."""

    name: str
    sql: str
    schema: ibis.Schema

    def at(self, now: Minute) -> str:
        """The part for an instant."""
        return self.sql.replace(str(_NOW), str(now))

    @property
    def table(self) -> ir.Table:
        """The part as a relation of its name."""
        return ibis.table(self.schema, name=self.name)


class Program(NamedTuple):
    """A written plan: parts to be stored in order, and views on them.

    `dropped`: beside each stored part the names of those that nothing asks for after it.
    """

    stored: tuple[Step, ...]
    views: tuple[Step, ...]
    dropped: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=16)
def program_of(shape: Shape) -> Program:
    """Write out the plan of a shape: once in a process, whatever the rules, their number, the instant or the people."""
    stored: list[Step] = []

    def step(name: str, expression: ir.Table) -> Step:
        return Step(name, written(expression), expression.schema())

    def store(name: str, expression: ir.Table) -> ir.Table:
        stored.append(step(name, expression))
        return stored[-1].table

    plan: PopulationPlan = population_plan(inputs(shape), shape, ibis.literal(_NOW, "int64"), store)
    courses = store("courses", plan.courses)
    unclear = store("unclear", plan.unclear(courses))
    lines = plan.timelines(courses, unclear, store)
    touched = store("touched", lines.touched())
    views = {
        "steps": lines.steps(),
        "people": plan.people(touched, unclear),
        "grounds": plan.grounds(courses),
        "singly": plan.known.too_long,
        "negatives": plan.known.negatives,
        "doses_known": plan.known.doses,
    }
    written_views = tuple(step(name, view) for name, view in views.items())
    return Program(tuple(stored), written_views, _dropped(stored, written_views))


_KEPT: Final = ("courses", "unclear", "touched")


def _dropped(stored: list[Step], views: tuple[Step, ...]) -> tuple[tuple[str, ...], ...]:
    """After which part each stored part has been asked for the last time."""
    gone: list[list[str]] = [[] for _ in stored]
    for place, part in enumerate(stored):
        asked = re.compile(f'"{part.name}" AS "t[0-9]+"')
        if part.name not in _KEPT and not any(asked.search(view.sql) for view in views):
            users = [later for later, other in enumerate(stored) if asked.search(other.sql)]
            gone[max(users, default=place)].append(part.name)
    return tuple(tuple(names) for names in gone)


class Run:
    """One population run: parameters put beside the input, the plan's parts stored one after the other."""

    def __init__(self, engine: Engine, rules: Rules, now: Minute, shape: Shape | None = None) -> None:
        """Run at `now`. `shape` may be wider than the rules need, so that one written plan serves many."""
        shape = shape or shape_of(rules, now)
        program = program_of(shape)
        engine.parameters(rules, shape)
        for step, done in zip(program.stored, program.dropped, strict=True):
            engine.keep(step.name, step.at(now))
            engine.drop(done)
        for view in program.views:
            engine.view(view.name, view.at(now))
        self.subjects = ibis.table(SUBJECTS, name="subjects")
        self.default_state = shape.default_state
        self.severity = history_of(rules).rulesets[-1].colors.severity_of_state
        self._tables = {step.name: step.table for step in (*program.stored, *program.views)}

    @property
    def people(self) -> ir.Table:
        """Everybody's record."""
        return self._tables["people"]

    @property
    def touched(self) -> ir.Table:
        """The records of those who have a ground (`p_subject`)."""
        return self._tables["touched"]

    @property
    def courses(self) -> ir.Table:
        """Every ground, closed ones too."""
        return self._tables["courses"]

    @property
    def steps(self) -> ir.Table:
        """The timelines of those who have a ground."""
        return self._tables["steps"]

    @property
    def grounds(self) -> ir.Table:
        """The open grounds."""
        return self._tables["grounds"]

    @property
    def unclear(self) -> ir.Table:
        """Subjects of whom something cannot be told."""
        return self._tables["unclear"]

    @property
    def negatives(self) -> ir.Table:
        """Every negative result: n_subject, occurred, learned."""
        return self._tables["negatives"]

    @property
    def doses(self) -> ir.Table:
        """Doses by `d_subject`."""
        return self._tables["doses"]

    @property
    def singly(self) -> ir.Table:
        """Subjects with longer chains of corrections than the plan follows: evaluate them one by one."""
        return self._tables["singly"]
