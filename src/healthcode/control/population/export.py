"""Evidence out of PostgreSQL into the lake's parts, by COPY, each row once; everybody's state in the same snapshot.

A row belongs to the transaction that inserted it (`written_in`), and rows are only ever added. So of one REPEATABLE
READ snapshot everything below its oldest running transaction is complete and goes into immutable parts; what the
snapshot sees above it, goes into the run's own tail, which is made anew by each run.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection
from pyarrow import csv

from healthcode.control.areas.book import area_periods
from healthcode.control.areas.models import RiskArea
from healthcode.control.areas.reading import areas_read
from healthcode.control.population.columns import SCHEMAS, columns_finish, read_types, select_list
from healthcode.control.population.parts import TABLES, Lake, Manifest, Part, file_replace
from healthcode.control.population.snapshot import everything_seen
from healthcode.lake.columns import AREAS, COUNTIES, SUBJECTS

PART_ROWS: Final = 2_000_000
_EVERY: Final = "00000000-0000-0000-0000-000000000000"
_BLOCK: Final = 1 << 22

STATE: Final = np.dtype([("number", ">i8"), ("version", ">i4"), ("generation", ">i4"), ("record", "V32")])
"""One state in `states.bin`: a record of zeros where none was built."""
_STATES: Final = (
    "SELECT string_agg(int8send(number) || int4send(version) || int4send(generation)"
    " || coalesce(record, '\\x{zeros}'::bytea), ''::bytea)"
    " FROM subject_state GROUP BY number / 1000"
)

_COUNTIES: Final = "SELECT number, COALESCE(NULLIF(present_division, ''), residence_division) FROM people_subject"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: people, rows that left the database now (parts and tail), rows the lake holds."""

    people: int
    moved: int
    rows: int


def evidence_export(lake: Lake, folder: Path) -> Exported:
    """Bring the parts up to date and write the run's own inputs into `folder`: everything of one snapshot."""
    with everything_seen():
        manifest, moved = _parts_extend(lake)
        for table in TABLES:
            moved += _tail(folder, table, manifest.through)
            _gather(lake, folder, table, manifest)
        _areas(folder)
        people = _subjects(folder)
        _states(folder / "states.bin")
        _grounds(folder)
    return Exported(people, moved, manifest.rows())


def rehearsal_export(lake: Lake, folder: Path) -> int:
    """Bring the parts up to date and write a rehearsal's inputs into `folder`; returns how many people.

    Call it in the snapshot that counts (`everything_seen`): nothing is written to the database.
    """
    manifest, _ = _parts_extend(lake)
    for table in TABLES:
        _tail(folder, table, manifest.through)
        _gather(lake, folder, table, manifest)
    _areas(folder)
    _rows(folder / "counties.parquet", COUNTIES, _COUNTIES)
    return _subjects(folder)


def _parts_extend(lake: Lake) -> tuple[Manifest, int]:
    """Parts up to the snapshot's oldest running transaction; a part interrupted by a crash is made again."""
    origin, oldest, following = _position()
    manifest = lake.manifest(origin)
    if _strangers(following):
        raise ForeignRowsError
    moved = 0
    while manifest.through < oldest:
        if manifest.until is None:
            manifest = replace(manifest, until=oldest)
        for table in TABLES:
            while (made := _part(lake, table, manifest)) is not None:
                part, last = made
                manifest = manifest.with_part(part, last)
                # If we die before this, the part is rubbish and is made again; after it, the next begins behind it.
                lake.manifest_write(manifest)
                moved += part.rows
        manifest = manifest.complete()
        # If we die before this, the next run finds no row behind `after` and completes the interval.
        lake.manifest_write(manifest)
    return manifest, moved


class ForeignRowsError(RuntimeError):
    """Evidence carries numbers of another cluster's transactions: a dump was restored."""

    def __init__(self) -> None:
        super().__init__(
            "evidence carries transaction numbers that this database has not given yet: it was restored from a dump. "
            "Run `healthcode control migrate`, which lets those rows leave for the lake once more."
        )


def _position() -> tuple[str, int, int]:
    """Which database this is, the oldest transaction still running, and the next one to begin."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (pg_control_system()).system_identifier || '.' || (pg_control_checkpoint()).timeline_id || '.' ||"
            " (SELECT oid FROM pg_database WHERE datname = current_database()),"
            " pg_snapshot_xmin(pg_current_snapshot())::text, pg_snapshot_xmax(pg_current_snapshot())::text"
        )
        origin, oldest, following = cursor.fetchone()
    shape = "-".join(str(len(schema)) for schema in SCHEMAS.values())
    return f"{origin}.{shape}", int(oldest), int(following)


def _strangers(following: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM evidence_evidence WHERE written_in >= %s)", [following])
        return bool(cursor.fetchone()[0])


def _part(lake: Lake, table: str, manifest: Manifest) -> tuple[Part, str] | None:
    """The next part of the open interval, on disk; None where nothing is left."""
    after = manifest.after.get(table, _EVERY)
    low = "written_in IS NULL OR " if manifest.through == 0 else f"written_in >= {manifest.through} AND "
    rows = f"({low}written_in < {manifest.until}) AND id > '{after}' ORDER BY id LIMIT {PART_ROWS}"
    name = f"{table}-{manifest.until}-{len(manifest.parts)}.parquet"
    with file_replace(lake.parts / name) as draft:
        count, last = _copy(table, rows, draft)
    if not count:
        (lake.parts / name).unlink()
        return None
    return Part(name, table, count), last


def _tail(folder: Path, table: str, through: int) -> int:
    with file_replace(folder / f"{table}-tail.parquet") as draft:
        count, _ = _copy(table, f"written_in >= {through}", draft)
    return count


def _gather(lake: Lake, folder: Path, table: str, manifest: Manifest) -> None:
    """The run's input, parts and tail under one pattern; links, so that it stays what it is."""
    for part in manifest.parts:
        if part.table == table:
            link = folder / f"{table}-part-{part.name}"
            link.unlink(missing_ok=True)
            link.hardlink_to(lake.parts / part.name)


def _copy(table: str, rows: str, path: Path) -> tuple[int, str]:
    """Rows of `evidence_evidence` into a Parquet file; how many, and the last one's id."""
    which = "kind = 'test'" if table == "tests" else "kind <> 'test'"
    query = f"COPY (SELECT {select_list(table)} FROM evidence_evidence WHERE {which} AND {rows}) TO STDOUT (FORMAT csv)"  # noqa: S608 # ours
    count, last = 0, ""
    types = read_types(table)
    with pq.ParquetWriter(path, SCHEMAS[table].to_pyarrow(), compression="zstd") as writer:
        for batch in _batches(query, types):
            writer.write_batch(columns_finish(table, batch))
            count += batch.num_rows
            last = batch.column("id")[-1].as_py()
    return count, last


def _batches(query: str, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """CSV from COPY as record batches of some megabytes."""
    options = csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    names = csv.ReadOptions(column_names=list(types), block_size=2 * _BLOCK)
    for block in _blocks(query):
        yield from (
            csv.read_csv(io.BytesIO(block), read_options=names, convert_options=options).combine_chunks().to_batches()
        )


def _blocks(query: str) -> Iterator[bytes]:
    """The rows of a COPY, some megabytes at a time."""
    held = bytearray()
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in copy:
            held += row
            if len(held) >= _BLOCK:
                yield bytes(held)
                held.clear()
    if held:
        yield bytes(held)


def _subjects(folder: Path) -> int:
    return _rows(folder / "subjects.parquet", SUBJECTS, "SELECT number, holds_code FROM people_subject")


def _rows(path: Path, schema: ibis.Schema, query: str) -> int:
    """The rows of a query as a Parquet file; how many."""
    types = {f.name: f.type for f in schema.to_pyarrow()}
    count = 0
    with file_replace(path) as draft, pq.ParquetWriter(draft, schema.to_pyarrow(), compression="zstd") as writer:
        for batch in _batches(f"COPY ({query}) TO STDOUT (FORMAT csv)", types):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def states_export(path: Path) -> None:
    """Everybody's version, generation and record as they are now, in an act of its own."""
    with everything_seen():
        _states(path)


def _states(path: Path) -> None:
    """In fixed width: a thousand of them make one message of COPY."""
    query = _STATES.format(zeros="00" * 32)
    with (
        file_replace(path) as draft,
        draft.open("wb") as file,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy,
    ):
        copy.set_types(["bytea"])
        for (rows,) in copy.rows():
            file.write(rows)


def _grounds(folder: Path) -> None:
    """The grounds that are shown now, of those who have any."""
    names: dict[str, pa.DataType] = {"subject": pa.int64(), "note": pa.string()}
    rows = "SELECT number, encode(grounds, 'hex') FROM subject_state WHERE grounds IS NOT NULL"
    query = f"COPY ({rows}) TO STDOUT (FORMAT csv)"
    with file_replace(folder / "notes.parquet") as draft, pq.ParquetWriter(draft, pa.schema(names)) as writer:
        for batch in _batches(query, names):
            writer.write_batch(batch)


def _areas(folder: Path) -> None:
    """Every level that every area had: there are few."""
    book = areas_read(list(RiskArea.objects.values_list("pk", flat=True)))
    rows: list[dict[str, Any]] = [
        {"area": code, "level": period.level.value, "from_": period.from_, "until": period.until}
        for code, approved in book.approved.items()
        for period in area_periods(approved)
    ]
    with file_replace(folder / "areas.parquet") as draft:
        pq.write_table(pa.Table.from_pylist(rows, schema=AREAS.to_pyarrow()), draft)
