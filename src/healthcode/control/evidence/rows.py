"""Many rows in one statement: columns as arrays, unnested by PostgreSQL. COPY is refused under row-level security."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db import connection

CHUNK: Final = 5_000
Columns = Mapping[str, tuple[str, Sequence[Any]]]
"""Column name → (SQL type, one value per row)."""
T = TypeVar("T")


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`items` in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def rows_insert(table: str, columns: Columns, **constants: object) -> None:
    """Add one row per array element; `constants` are the same in each row. Names are our code's, never a user's."""
    query, params = insert_query(table, columns, **constants)
    with connection.cursor() as cursor:
        cursor.execute(query, params)


def insert_query(table: str, columns: Columns, **constants: object) -> tuple[str, list[Any]]:
    """The statement of `rows_insert`, to be used inside a larger one."""
    names = [*columns, *constants]
    arrays = ", ".join(f"%s::{_array_type(kind)}[]" for kind, _ in columns.values())
    values = [_value(name, kind) for name, (kind, _) in columns.items()] + ["%s"] * len(constants)
    query = (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "  # noqa: S608 # names are ours
        f"FROM unnest({arrays}) AS d({', '.join(columns)})"
    )
    return query, [*constants.values(), *(array(kind, values) for kind, values in columns.values())]


def _array_type(kind: str) -> str:
    return "text" if kind in ("jsonb", "bytea") else kind


def _value(name: str, kind: str) -> str:
    return f"decode(d.{name}, 'hex')" if kind == "bytea" else f"d.{name}::{kind}"


def array(kind: str, values: Sequence[Any]) -> str:
    """Values as PostgreSQL writes an array of them: one text, many times quicker than a parameter for each.

    Bytes travel as hex words.
    """
    if kind == "bytea":
        words = ("NULL" if v is None else (bytes(v).hex() or '""') for v in values)
    elif kind in ("text", "jsonb"):
        words = ("NULL" if v is None else _quoted(v) for v in values)
    elif kind == "timestamptz":
        words = ("NULL" if v is None else f'"{v.isoformat()}"' for v in values)
    else:
        words = ("NULL" if v is None else str(v) for v in values)
    return "{" + ",".join(words) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
