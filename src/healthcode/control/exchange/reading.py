"""A file → blocks of rows of text, column by column, in one pass: CSV, XLSX or JSON lines. No file is trusted.

Memory holds one block. A row's number is the one that the spreadsheet shows: the header is row 1, and rows without any
text are passed over but counted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from healthcode.control.exchange.columns import Column, header_fold
from healthcode.control.exchange.content import Content, ContentStream
from healthcode.control.exchange.encoding import SPREADSHEET, encoding_of, head_of
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.schema import COLUMNS, MAX_ROWS, FileKind
from healthcode.control.exchange.sheets import sheet_rows

BLOCK: Final = 20_000
"""Rows of one block."""
LONGEST_LINE: Final = 1 << 20
Row = tuple[int, Sequence[str]]


@dataclass(slots=True)
class Block:
    """Some rows: `numbers[i]` is the row of `cells[column][i]`; `odd` are rows of another width than the header's."""

    numbers: list[int]
    cells: Mapping[str, Sequence[str]]
    odd: list[tuple[int, int, int]] = field(default_factory=list)


def blocks_read(kind: FileKind, content: Content) -> Iterator[Block]:
    """The rows of a file by column id. Raises FileFault, also in the middle of the file."""
    head = head_of(content, 16)
    if head.startswith(SPREADSHEET):
        days = {h for c in COLUMNS[kind] if c.cell in ("day", "time", "moment") for h in c.headers}
        yield from _blocks(kind, sheet_rows(content, lambda header: header_fold(header) in days))
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        yield from _blocks(kind, _json_rows(kind, content))
    else:
        yield from _blocks(kind, _csv_rows(content))


def _blocks(kind: FileKind, rows: Iterator[Row]) -> Iterator[Block]:
    _, header = next(rows, (1, ()))
    columns = _columns(kind, header)
    width, count = len(columns), 0
    while part := list(islice(rows, BLOCK)):
        filled = [row for row in part if row[1] and (row[1][0].strip() or any(map(str.strip, row[1])))]
        count += len(filled)
        if count > MAX_ROWS:
            raise FileFault("file_too_many_rows", limit=MAX_ROWS)
        odd = [(number, len(cells), width) for number, cells in filled if len(cells) != width]
        kept = [row for row in filled if len(row[1]) == width] if odd else filled
        if filled:
            yield _block(columns, kept, odd)
    if count == 0:
        raise FileFault("no_rows")


def _block(columns: Sequence[Column], rows: Sequence[Row], odd: list[tuple[int, int, int]]) -> Block:
    across = zip(*(cells for _, cells in rows), strict=True) if rows else ((),) * len(columns)
    cells = {c.id: [text.strip() for text in texts] for c, texts in zip(columns, across, strict=True)}
    return Block([number for number, _ in rows], cells, odd)


def _csv_rows(content: Content) -> Iterator[Row]:
    encoding = encoding_of(content)
    lines = io.TextIOWrapper(io.BufferedReader(ContentStream(content), 1 << 18), encoding=encoding, newline="")
    reader = csv.reader(lines, delimiter=_delimiter(head_of(content, 1 << 16), encoding), strict=True)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        told = str(error)
        code = "file_truncated" if "unexpected end" in told else "file_cell" if "limit" in told else "file_quotes"
        raise FileFault(code, line=reader.line_num) from None


def _delimiter(head: bytes, encoding: str) -> str:
    first = head.partition(b"\n")[0].decode(encoding, errors="replace")
    return max((",", "\t", ";"), key=lambda d: (first.count(d), d == ","))


def _json_rows(kind: FileKind, content: Content) -> Iterator[Row]:
    """JSON lines: one object per line, keys being column ids. The columns stand in for a header."""
    encoding = encoding_of(content)
    if encoding != "utf-8-sig":
        raise FileFault("file_encoding", line=1)
    ids = [column.id for column in COLUMNS[kind]]
    yield 1, ids
    lines = io.TextIOWrapper(io.BufferedReader(ContentStream(content), 1 << 18), encoding=encoding)
    number = 0
    while line := lines.readline(LONGEST_LINE):
        number += 1
        if len(line) >= LONGEST_LINE:
            raise FileFault("file_cell", line=number)
        if line.strip():
            yield number, _json_cells(line, ids, number)


def _json_cells(line: str, ids: Sequence[str], number: int) -> list[str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise FileFault("json_line", line=number) from None
    if not isinstance(row, dict) or not all(_plain(value) for value in row.values()):
        raise FileFault("json_line", line=number)
    for at, key in enumerate(row, start=1):
        if key not in ids:
            raise FileFault("header_unknown", number=at)
    return ["" if row.get(key) is None else str(row[key]) for key in ids]


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _columns(kind: FileKind, header: Iterable[str]) -> list[Column]:
    header = list(header)
    known = {h: column for column in COLUMNS[kind] for h in column.headers}
    folded = [header_fold(text) for text in header]
    found: list[Column] = []
    for number, text in enumerate(folded, start=1):
        column = known.get(text)
        if column is None and not any(other in known for other in folded):
            break  # no header line at all: the columns that are missing say more
        if column is None:
            raise FileFault("header_unknown", number=number)
        if column in found:
            raise FileFault("header_repeated", column_zh=column.zh, column_en=column.en)
        found.append(column)
    for column in COLUMNS[kind]:
        if column.required and column not in found:
            raise FileFault("header_missing", column_zh=column.zh, column_en=column.en)
    return found
