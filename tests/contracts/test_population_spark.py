"""The population plan on Ibis' Spark backend: the very same expression, the same answers as on DuckDB.

Skipped where Java or pyspark is missing: `make spark` installs the one and says what to do about the other.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from healthcode.lake.columns import record_row
from healthcode.lake.engine import TABLES, Engine, Run, inputs
from healthcode.lake.parameters import parameter_types, parameters, shape_of
from healthcode.lake.population import population_plan
from healthcode.lake.spark import spark_written
from tests.rulebook import area, at, fact, ninth, release, swab

pyspark: Any = pytest.importorskip("pyspark", reason="pyspark is not installed: `make spark`")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17: install a JRE"),
    pytest.mark.filterwarnings("ignore"),  # Spark's own: of pandas, sockets and its logging
]

LIN, ZHAO, QIAN, SUN, MEI = range(5)
NOW = at(12, 12)
EVIDENCE = [
    (ZHAO, fact("close_contact", "zhao", 1)),
    (QIAN, fact("area_stay", "stay", 1, area="ring-road", relation="resident")),
    (SUN, fact("venue_exposure", "venue", 9, venue="market", presence="inspected")),
    (SUN, fact("outside_status", "given", None, at(9), region="110000", status="yellow")),
    (MEI, fact("close_contact", "first", 2)),
    (MEI, fact("close_contact", "mended", 5, at(7), supersedes="first")),
    (MEI, release("first", at(11))),
]
TESTS = [(ZHAO, swab(day)) for day in (2, 4, 6, 8, 9, 10)] + [(SUN, swab(10)), (SUN, swab(12))]
ROWS = {
    "evidence": [record_row(n, e) for n, e in EVIDENCE],
    "tests": [record_row(n, e) for n, e in TESTS],
    "areas": [
        {"area": a.id, "level": a.level.value, "from_": a.from_, "until": a.until} for a in [area("high", at(1))]
    ],
    "subjects": [{"subject": n, "holds_code": n != MEI} for n in range(5)],
    "counties": [],
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A Spark of two threads with the same input, reached from here only."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    build = pyspark.sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = build.config("spark.sql.shuffle.partitions", "2").config("spark.driver.host", "127.0.0.1").getOrCreate()
    shape = shape_of(ninth(), NOW)
    found = parameters(ninth(), shape)
    types = {name: ibis.schema(kinds) for name, kinds in parameter_types(shape).items()}
    for name, schema in (TABLES | types).items():
        rows = ROWS[name] if name in ROWS else getattr(found, name)
        table = pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
        session.createDataFrame(table).createOrReplaceTempView(name)
    yield session
    session.stop()


def duck_rows(name: str) -> list[dict[str, Any]]:
    """The same question to the engine in use."""
    engine = Engine(threads=1, memory="1GB")
    for table, rows in ROWS.items():
        engine.load(table, rows)
    return engine.rows(getattr(Run(engine, ninth(), NOW), name))


def test_a_cluster_gives_the_same_records_and_grounds(spark: Any) -> None:
    """Zhao with her tests, Qian inside an area, Sun with two grounds, Mei corrected and released, Lin in order."""
    shape = shape_of(ninth(), NOW)

    def keep(name: str, expression: ir.Table) -> ir.Table:
        spark.sql(spark_written(expression)).localCheckpoint().createOrReplaceTempView(name)
        return ibis.table(expression.schema(), name=name)

    plan = population_plan(inputs(shape), shape, ibis.literal(NOW, "int64"), keep)
    courses = keep("courses", plan.courses)
    unclear = keep("unclear", plan.unclear(courses))
    touched = keep("touched", plan.timelines(courses, unclear, keep).touched())
    people = keep("people", plan.people(touched, unclear))
    grounds = keep("grounds", plan.grounds(courses))
    assert same(spark, people) == sorted(map(str_row, duck_rows("people")))
    assert same(spark, grounds) == sorted(map(str_row, duck_rows("grounds")))


def same(spark: Any, table: ir.Table) -> list[str]:
    """Rows in no order, comparable with another engine's."""
    found = spark.table(table.get_name()).collect()
    return sorted(str_row(row.asDict()) for row in found)


def str_row(row: dict[str, Any]) -> str:
    return str({k: sorted(v) if isinstance(v, list) else v for k, v in sorted(row.items())})
