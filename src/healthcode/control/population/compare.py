"""Whose answer changed: everybody's new answer beside the stored record and the grounds that are shown.

A change that the stored timeline announced is none. Whoever is named here is derived again from all evidence, which
alone says whether that is a decision; so naming one too many costs time, and one too few would be a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from healthcode.control.population.export import STATE
from healthcode.domain.time import Minute
from healthcode.table.payloads import GroundsNote, note_decode
from healthcode.table.record import ORIGIN, TRANSITIONS

Ints: TypeAlias = npt.NDArray[np.int64]
_ROWS: Final = 1 << 20
_TRANSITION: Final = [("low", "<u2"), ("high", "u1"), ("state", "u1"), ("notices", "<u2")]
_RECORD: Final = np.dtype(
    [
        ("version", "<u4"),
        ("generation", "<u2"),
        ("packed", "u1"),
        ("notices", "<u2"),
        ("low", "<u2"),
        ("high", "u1"),
        ("later", _TRANSITION, (TRANSITIONS,)),
        ("crc", "<u2"),
    ]
)
"""spec/color-table.md, section 2."""
Line: TypeAlias = tuple[Minute | None, Minute | None, bool]
"""Of an open ground: until when, when it changes next, whether it is held."""


@dataclass(frozen=True, slots=True)
class States:
    """Everybody's stored answer, ascending by number."""

    numbers: Ints
    versions: Ints
    records: npt.NDArray[np.void]

    @classmethod
    def read(cls, path: Path) -> States:
        """The states that an export wrote."""
        rows = np.fromfile(path, STATE)
        rows = rows[np.argsort(rows["number"], kind="stable")]
        return cls(
            rows["number"].astype(np.int64),
            rows["version"].astype(np.int64),
            np.ascontiguousarray(rows["record"]).view(_RECORD),
        )

    def places(self, numbers: Ints) -> Ints:
        """Where these numbers stand."""
        return np.searchsorted(self.numbers, numbers)


def changed_people(folder: Path, at: Minute) -> Ints:
    """The numbers, ascending, of everybody whose stored answer is not the one evaluated at `at`."""
    states = States.read(folder / "states.bin")
    changed = [_listed(folder / "singly.parquet"), _listed(folder / "led.parquet")]
    for batch in pq.ParquetFile(folder / "people.parquet").iter_batches(batch_size=_ROWS):
        columns = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}
        numbers = columns["subject"].astype(np.int64)
        changed.append(numbers[_differ(states.records[states.places(numbers)], columns, at)])
    known = np.unique(np.concatenate(changed))
    return np.union1d(known, _grounds_changed(folder, at))


def _listed(path: Path) -> Ints:
    """The numbers that a file names; none where there is no such file."""
    if not path.exists():
        return np.empty(0, np.int64)
    numbers: Ints = pq.read_table(path).column("subject").to_numpy().astype(np.int64)
    return numbers


def _differ(stored: npt.NDArray[np.void], new: Mapping[str, npt.NDArray[Any]], at: Minute) -> npt.NDArray[np.bool_]:
    """Row by row: whether the stored record, as the clock has led it on, says something else."""
    minutes = np.stack([_minutes(stored["later"][:, i]) for i in range(TRANSITIONS)], axis=1)
    past = ((minutes > 0) & (minutes <= at)).sum(axis=1)
    row = np.arange(len(stored))
    at_last = np.maximum(past - 1, 0)
    state = np.where(past > 0, stored["later"]["state"][row, at_last], stored["packed"] >> 4)
    notices = np.where(past > 0, stored["later"]["notices"][row, at_last], stored["notices"])
    differs: npt.NDArray[np.bool_] = (
        (state != _ints(new["state"])) | (notices != _ints(new["notices"])) | (_ints(new["later"]) > TRANSITIONS)
    )
    for i in range(TRANSITIONS):
        place = np.minimum(past + i, TRANSITIONS - 1)
        there = past + i < TRANSITIONS
        differs |= np.where(there, minutes[row, place], 0) != _ints(new[f"minute_{i + 1}"])
        differs |= np.where(there, stored["later"]["state"][row, place], 0) != _ints(new[f"state_{i + 1}"])
        differs |= np.where(there, stored["later"]["notices"][row, place], 0) != _ints(new[f"notices_{i + 1}"])
    differs |= _minutes(stored) != _ints(new["last_negative"])
    differs |= (stored["packed"] & 15) != np.minimum(_ints(new["doses"]), 15)
    differs |= stored["version"] == 0
    return differs


def _minutes(fields: npt.NDArray[np.void]) -> Ints:
    """A stored minute since 1970, 0 for none."""
    stored = fields["low"].astype(np.int64) | (fields["high"].astype(np.int64) << 16)
    return np.where(stored > 0, stored + ORIGIN, 0)


def _ints(column: npt.NDArray[Any]) -> Ints:
    """A column with 0 where it is NULL (NULL makes numpy's column one of floats)."""
    return np.nan_to_num(column).astype(np.int64) if column.dtype.kind == "f" else column.astype(np.int64)


def _grounds_changed(folder: Path, at: Minute) -> Ints:
    """Whose open grounds are not those shown, though the color may be the same."""
    found = _grounds_found(folder)
    changed = []
    for number, lines in _grounds_shown(folder, at):
        if not _same(lines, found.pop(number, {}), at):
            changed.append(number)
    changed += found  # grounds where none is shown
    return np.array(sorted(changed), dtype=np.int64)


def _same(shown: Mapping[str, Line], found: Mapping[str, Line], at: Minute) -> bool:
    if shown.keys() != found.keys():
        return False
    for key, (until, change, held) in shown.items():
        moved_on = change is not None and change <= at  # what came next is not shown: only the end can be compared
        if found[key][0] != until or (not moved_on and found[key][1:] != (change, held)):
            return False
    return True


def _grounds_shown(folder: Path, at: Minute) -> Iterator[tuple[int, dict[str, Line]]]:
    for batch in pq.ParquetFile(folder / "notes.parquet").iter_batches(columns=["subject", "note"]):
        for number, note in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
            lines = note_decode(bytes.fromhex(note), GroundsNote).grounds
            open_ = [line for line in lines if line.until is None or line.until > at]
            yield number, {line.key: (line.until, line.next_change, line.held) for line in open_}


def _grounds_found(folder: Path) -> dict[int, dict[str, Line]]:
    found: dict[int, dict[str, Line]] = {}
    names = ["subject", "rule", "root", "until", "next_change", "ordinal"]
    for batch in pq.ParquetFile(folder / "grounds.parquet").iter_batches(columns=names):
        rows = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
        for number, rule, root, until, change, ordinal in rows:
            found.setdefault(number, {})[f"{rule}:{root}"] = (until, change, bool(ordinal & 1))
    return found
