"""A file checked block by block before anything counts: its rows in the domain's words, or every fault by its place.

A cell's text is read once however often it stands in a column: times, results and places repeat, and what repeats is
looked up. Only what is different in each row (ids, document numbers, names) is read for each row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from healthcode.control.exchange import cells as cell
from healthcode.control.exchange.columns import CellKind, Column
from healthcode.control.exchange.content import Content
from healthcode.control.exchange.documents import documents_read
from healthcode.control.exchange.faults import CellFault, Faults, FileFault
from healthcode.control.exchange.reading import Block, blocks_read
from healthcode.control.exchange.schema import COLUMNS, FileKind
from healthcode.domain.document import DocumentKind

_KEPT: Final = 100_000
"""How many different texts of one column are kept at once."""
_PLAIN_NAME: Final = re.compile(r"[\u4e00-\u9fa5]{1,20}").fullmatch
Values = Mapping[str, Sequence[Any]]


@dataclass(slots=True)
class Chunk:
    """Rows without fault. `numbers` count from 1 below the header; `values` has every column of the kind."""

    numbers: Sequence[int]
    values: Values

    def rows(self) -> Iterator[dict[str, Any]]:
        """Row by row, for what is done row by row."""
        names = list(self.values)
        for row in zip(*self.values.values(), strict=True):
            yield dict(zip(names, row, strict=True))


@dataclass(slots=True)
class Checker:
    """Checks one file. `faults` and `rows` grow with each block."""

    kind: FileKind
    now: datetime
    faults: Faults = field(default_factory=Faults)
    rows: int = 0
    _texts: dict[str, _Texts] = field(default_factory=dict)

    def chunks(self, content: Content) -> Iterator[Chunk]:
        """The rows of the file as they are read, without the faulty ones. Never raises for its content."""
        try:
            for block in blocks_read(self.kind, content):
                self.rows += len(block.numbers) + len(block.odd)
                chunk = self._block(block)
                if chunk.numbers:
                    yield chunk
        except FileFault as fault:
            self.faults.add_file(fault)

    def _block(self, block: Block) -> Chunk:
        for number, found, expected in block.odd:
            self.faults.add(number, "", "row_columns", found=found, expected=expected)
        bad: dict[int, None] = {}
        values: dict[str, Sequence[Any]] = {}
        for column in COLUMNS[self.kind]:
            texts = block.cells.get(column.id) or [""] * len(block.numbers)
            faulty = _limits(column, texts)
            values[column.id] = self._column(column, texts, values, faulty)
            for at, (code, params) in faulty.items():
                bad[at] = None
                self.faults.add(block.numbers[at], column.id, code, **params)
        if self.kind == "results":
            self._order(block, values, bad)
        numbers = [number - 1 for number in block.numbers]
        if not bad:
            return Chunk(numbers, values)
        good = [i for i in range(len(numbers)) if i not in bad]
        return Chunk([numbers[i] for i in good], {name: [v[i] for i in good] for name, v in values.items()})

    def _column(
        self, column: Column, texts: Sequence[str], values: Values, faulty: dict[int, tuple[str, dict[str, object]]]
    ) -> Sequence[Any]:
        if column.cell in ("text", "row_id"):
            return texts
        if column.cell == "document":
            kinds = [k or DocumentKind.resident_id for k in values["document_kind"]]
            read: Sequence[Any] = documents_read(kinds, texts, now=self.now)
        elif column.cell == "name":
            read = [text if _PLAIN_NAME(text) else _name(text) for text in texts]
        else:
            read = self._repeated(column, texts)
        if any(type(value) is CellFault for value in read):
            for at, value in enumerate(read):
                if type(value) is CellFault and at not in faulty:
                    faulty[at] = (value.code, value.params)
            return [None if type(value) is CellFault else value for value in read]
        return read

    def _repeated(self, column: Column, texts: Sequence[str]) -> list[Any]:
        known = self._texts.setdefault(column.id, _Texts(_parser(column, self.now)))
        if len(known) > _KEPT:
            known.clear()
        return [known[text] for text in texts]

    def _order(self, block: Block, values: Values, bad: dict[int, None]) -> None:
        for at, (sampled, reported) in enumerate(zip(values["sampled_at"], values["reported_at"], strict=True)):
            if sampled and reported and reported < sampled:
                bad[at] = None
                self.faults.add(block.numbers[at], "reported_at", "time_order")


class _Texts(dict[str, Any]):
    """Text of a cell → its value or its fault."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> Any:
        try:
            value = self._parse(text)
        except CellFault as fault:
            value = fault
        self[text] = value
        return value


def _parser(column: Column, now: datetime) -> Callable[[str], Any]:
    """How the cells of a column are read; what may be empty and is, is None or the word for empty."""
    timed: dict[CellKind, Callable[[str, datetime], Any]] = {
        "day": cell.day_cell,
        "time": cell.time_cell,
        "moment": cell.moment_cell,
    }
    plain: dict[CellKind, Callable[[str], Any]] = {
        "document_kind": cell.document_kind_cell,
        "phone": cell.phone_cell,
        "lead_kind": cell.kind_cell,
        "result": cell.result_cell,
        "pool": cell.pool_cell,
        "division": cell.division_cell,
        "dose": cell.dose_cell,
        "region": cell.region_cell,
        "status": cell.status_cell,
    }
    if column.cell in timed:
        read = timed[column.cell]
        return lambda text: read(text, now) if text else None
    return plain[column.cell]


def _limits(column: Column, texts: Sequence[str]) -> dict[int, tuple[str, dict[str, object]]]:
    """Cells that are too long or empty where they must not be."""
    lengths = list(map(len, texts))
    faulty: dict[int, tuple[str, dict[str, object]]] = {}
    if max(lengths, default=0) > column.max_length:
        limit = column.max_length
        faulty |= {at: ("cell_too_long", {"limit": limit}) for at, n in enumerate(lengths) if n > limit}
    if column.required and 0 in lengths:
        faulty |= {at: ("cell_empty", {}) for at, n in enumerate(lengths) if n == 0}
    return faulty


def _name(text: str) -> str | CellFault:
    try:
        return cell.name_cell(text)
    except CellFault as fault:
        return fault
