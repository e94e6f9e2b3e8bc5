"""Everybody's stored records as one table file, in the store from which edges take whole tables.

The file is of one REPEATABLE READ snapshot, together with the feed's last numbers: whatever is numbered later is in the
feed, so an edge that goes on from those numbers misses nothing. Who has no record yet takes no room and reads
`unknown`.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from healthcode.control.bridge.tables import feed_watermarks
from healthcode.control.population.parts import file_replace
from healthcode.control.population.snapshot import everything_seen
from healthcode.domain.time import Minute
from healthcode.table.file import table_format, table_size
from healthcode.table.header import HEADER_BYTES
from healthcode.table.record import RECORD_BYTES

_ROW: Final = np.dtype([("number", ">i8"), ("record", "V32")])
_RECORDS: Final = (
    "COPY (SELECT string_agg(int8send(number) || record, ''::bytea) FROM subject_state"
    " WHERE record IS NOT NULL GROUP BY number / 1000) TO STDOUT (FORMAT binary)"
)
_NAME: Final = "table-run-{}.bin"


def table_path(store: Path, run: int) -> Path:
    """Where a run's table lies in the store."""
    return store / _NAME.format(run)


def table_write(path: Path, *, region: int, valid_from: Minute) -> Mapping[int, int]:
    """Write everybody's records as they are stored now, in an act of its own; returns the feed's last numbers in it.

    `valid_from` is a minute since 1970, 0 for at once. Until the file is whole nothing bears its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with everything_seen(), file_replace(path) as draft:
        applied = feed_watermarks()
        capacity = _capacity()
        with draft.open("r+b") as file:
            file.truncate(table_size(capacity))
            with mmap.mmap(file.fileno(), 0) as data:
                table_format(
                    data,
                    region=region,
                    capacity=capacity,
                    file_id=os.urandom(16),
                    boot=bytes(16),
                    applied=applied,
                    valid_from=valid_from,
                )
                _records_write(data)
                data.flush()
    return applied


def tables_forget(store: Path, kept: set[str]) -> None:
    """Remove the tables of runs that are offered no more, and what a run that died was writing."""
    for path in store.glob(_NAME.format("*") + "*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _records_write(data: mmap.mmap) -> None:
    table = np.frombuffer(data, f"V{RECORD_BYTES}", offset=HEADER_BYTES)
    for rows in _rows():
        table[rows["number"].astype(np.int64)] = rows["record"]
    del table  # nothing may look into the mapping when it closes


def _rows() -> Iterator[npt.NDArray[np.void]]:
    with connection.cursor() as cursor, cursor.copy(_RECORDS) as copy:
        copy.set_types(["bytea"])
        for (rows,) in copy.rows():
            yield np.frombuffer(rows, _ROW)


def _capacity() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM subject_state")
        return int(cursor.fetchone()[0])
