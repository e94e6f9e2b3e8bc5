"""A whole file checked before anything is written: its rows in the domain's words, or every fault by row and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from healthcode.control.exchange import cells as cell
from healthcode.control.exchange.faults import CellFault, Faults, FileFault
from healthcode.control.exchange.reading import rows_read
from healthcode.control.exchange.schema import COLUMNS, FileKind
from healthcode.domain.document import Document
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import Day

R = TypeVar("R")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead as the province distributes it. `row` counts from 1 below the header; empty texts are not known."""

    row: int
    key: str
    document: Document
    name: str
    phone: str
    kind: EvidenceKind
    anchor: Day
    division: str
    address: str
    place: str
    remark: str
    source: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result of one person's sample. `pool_size` 1: a single tube."""

    row: int
    key: str
    document: Document
    name: str
    sampled_at: datetime
    reported_at: datetime | None
    result: str
    pool_size: int
    pool: str
    reference: str


@dataclass(slots=True)
class Checked(Generic[R]):
    """What came of a check: all rows, or the faults. Rows are of use only where there is no fault."""

    rows: list[R] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)


class _Row:
    """The cells of one row, read one by one; each fault is noted under its column."""

    def __init__(self, number: int, cells: Mapping[str, str], faults: Faults) -> None:
        self.number, self.cells, self.faults = number, cells, faults
        self.whole = True

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def read(self, column: str, parse: Callable[[], V]) -> V | None:
        try:
            return parse()
        except CellFault as fault:
            self.fault(column, fault.code, **fault.params)
            return None

    def fault(self, column: str, code: str, **params: object) -> None:
        self.whole = False
        self.faults.add(self.number, column, code, **params)


def leads_check(data: bytes, *, now: datetime) -> Checked[LeadRow]:
    """Check a file of leads. Never raises for its content."""
    return _check("leads", data, now, _lead)


def results_check(data: bytes, *, now: datetime) -> Checked[ResultRow]:
    """Check a file of test results. Never raises for its content."""
    return _check("results", data, now, _result)


def _check(kind: FileKind, data: bytes, now: datetime, make: Callable[[_Row, datetime], R | None]) -> Checked[R]:
    checked: Checked[R] = Checked()
    seen: dict[str, int] = {}
    limits = [(c.id, c.required, c.max_length) for c in COLUMNS[kind]]
    try:
        for number, cells in rows_read(kind, data):
            if isinstance(cells, list):
                checked.faults.add(number, "", "row_columns", found=len(cells), expected=_width(kind, data))
                continue
            row = _Row(number, cells, checked.faults)
            _limits(row, limits)
            first = seen.setdefault(row.text("row_id"), number)
            if first != number and row.text("row_id"):
                row.fault("row_id", "row_id_repeated", first=first)
            made = make(row, now) if row.whole else None
            if made is not None and row.whole:
                checked.rows.append(made)
    except FileFault as fault:
        checked.faults.add_file(fault)
    return checked


def _width(kind: FileKind, data: bytes) -> int:
    """How many columns the header has; asked only where a row has another number."""
    head = data.partition(b"\n")[0]
    return max(head.count(d) for d in (b",", b"\t", b";")) + 1 if head else len(COLUMNS[kind])


def _limits(row: _Row, limits: list[tuple[str, bool, int]]) -> None:
    for column, required, limit in limits:
        length = len(row.cells.get(column, ""))
        if length > limit:
            row.fault(column, "cell_too_long", limit=limit)
        elif required and length == 0:
            row.fault(column, "cell_empty")


def _person(row: _Row, now: datetime) -> tuple[Document | None, str | None]:
    kind, number = row.text("document_kind"), row.text("document_number")
    document = row.read("document_number", lambda: cell.document_cell(kind, number, now))
    return document, row.read("name", lambda: cell.name_cell(row.text("name")))


def _lead(row: _Row, now: datetime) -> LeadRow | None:
    document, name = _person(row, now)
    phone = row.read("phone", lambda: cell.phone_cell(row.text("phone")))
    kind = row.read("suspected_kind", lambda: cell.kind_cell(row.text("suspected_kind")))
    anchor = row.read("anchor_date", lambda: cell.day_cell(row.text("anchor_date"), now))
    division = row.read("division", lambda: cell.division_cell(row.text("division")))
    if document is None or name is None or phone is None or kind is None or anchor is None or division is None:
        return None
    text = row.text
    return LeadRow(
        row.number - 1,
        text("row_id"),
        document,
        name,
        phone,
        kind,
        anchor,
        division,
        text("address"),
        text("place"),
        text("remark"),
        text("source_document"),
    )


def _result(row: _Row, now: datetime) -> ResultRow | None:
    document, name = _person(row, now)
    sampled = row.read("sampled_at", lambda: cell.time_cell(row.text("sampled_at"), now))
    written = row.text("reported_at")
    reported = row.read("reported_at", lambda: cell.time_cell(written, now)) if written else None
    result = row.read("result", lambda: cell.result_cell(row.text("result")))
    pool_size = row.read("pool_size", lambda: cell.pool_cell(row.text("pool_size")))
    if sampled and reported and reported < sampled:
        row.fault("reported_at", "time_order")
    if document is None or name is None or sampled is None or result is None or pool_size is None:
        return None
    return ResultRow(
        row.number - 1,
        row.text("row_id"),
        document,
        name,
        sampled,
        reported,
        result,
        pool_size,
        row.text("pool_id"),
        row.text("laboratory_reference"),
    )


def check(kind: FileKind, data: bytes, *, now: datetime) -> Checked[Any]:
    """Check a file of either kind."""
    return leads_check(data, now=now) if kind == "leads" else results_check(data, now=now)
