"""The lake's columns as SQL over the tables of control, and as Parquet columns again. Whatever a rule may ask, is here.

What cannot be read becomes NULL, as it does for the rules: a row that somebody spoiled makes one person unclear and
stops no run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from healthcode.domain.evidence import KIND_SPECS
from healthcode.domain.evidence_fields import field_day
from healthcode.lake.columns import EVIDENCE, TESTS

SCHEMAS: Final[Mapping[str, ibis.Schema]] = {"evidence": EVIDENCE, "tests": TESTS}
_MINUTE: Final = "floor(date_part('epoch', {}) / 60)::bigint"
_RECORD: Final = {
    "subject": "subject_id",
    "id": "id",
    "kind": "kind",
    "anchor": "anchor_day",
    "occurred": _MINUTE.format("occurred_at"),
    "learned": _MINUTE.format("learned_at"),
    "supersedes": "supersedes_id",
    "rescinded": "rescinded",
    "about": "CASE WHEN jsonb_typeof(fields -> 'about') = 'array' THEN"
    " (SELECT coalesce(string_agg(a, ' '), '') FROM jsonb_array_elements_text(fields -> 'about') a) END",
}
_TYPES: Final = {name: rule.type for spec in KIND_SPECS.values() for name, rule in spec.fields.items()}
_COUNT: Final = "substring(fields ->> '{}' FROM '^-?[0-9]{{1,9}}$')"


def select_list(table: str) -> str:
    """The columns of a lake table, in their order, as an SQL select list over `evidence_evidence`."""
    return ", ".join(f"{_RECORD.get(name) or _field(name)} AS {name}" for name in SCHEMAS[table].names)


def read_types(table: str) -> dict[str, pa.DataType]:
    """How the columns arrive: dates and lists as text."""
    schema = SCHEMAS[table].to_pyarrow()
    return {f.name: pa.string() if _is_text(f.name, f.type) else f.type for f in schema}


def columns_finish(table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Arrived columns as the lake has them."""
    schema = SCHEMAS[table].to_pyarrow()
    return pa.record_batch([_finish(f, batch.column(f.name)) for f in schema], schema=schema)


def _finish(want: pa.Field, column: pa.Array) -> pa.Array:
    if pa.types.is_list(want.type):
        return pc.split_pattern(column, " ").cast(want.type)
    if _TYPES.get(want.name) != "day":
        return column
    words = column.dictionary_encode()
    days = pa.array([_day(text) for text in words.dictionary.to_pylist()], pa.int64())
    return days.take(words.indices)


def _day(text: str) -> int | None:
    try:
        return field_day(text)
    except ValueError:
        return None


def _field(name: str) -> str:
    return _COUNT.format(name) if _TYPES.get(name) == "count" else f"fields ->> '{name}'"


def _is_text(name: str, kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind)) or (name not in _RECORD and _TYPES.get(name) == "day")
