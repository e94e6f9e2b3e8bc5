"""The plan written for a Spark cluster, for the day when one machine is outgrown. Nothing of Spark is imported here.

`make spark` proves on two threads that the very same expressions give the same answers there.
"""

from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from healthcode.lake.engine import selects_apart


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # Ibis' compilers have no types
    """Spark has `bit_or` like every other engine; Ibis has not told its compiler yet."""

    __slots__ = ()

    def visit_BitOr(self, _op: ops.BitOr, *, arg: sge.Expression, where: sge.Expression | None) -> Any:  # noqa: N802
        """The bits of all values."""
        return self.agg.bit_or(arg, where=where)


def spark_written(expression: ir.Table) -> str:
    """An expression in Spark's SQL."""
    with selects_apart():
        return str(_Compiler().to_sqlglot(expression).sql(dialect="spark"))
