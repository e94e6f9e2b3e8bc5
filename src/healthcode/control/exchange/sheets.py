"""A spreadsheet's first sheet → rows of text. It is unpacked under a limit and looked at before a reader opens it.

A zip archive says of itself how large it is and may lie, so every member is unpacked once and counted. A formula's cell
holds the value that somebody's program computed last, and a merged cell belongs to one row only: both are refused, with
what to do, because what the file shows is not what it holds.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from python_calamine import CalamineError, CalamineSheet, load_workbook

from healthcode.control.exchange.content import CHUNK, Content
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.schema import MAX_SHEET_BYTES

MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_MEMBERS: Final = 2_000
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ />]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EXCEL_DAY_0: Final = datetime(1899, 12, 30, tzinfo=UTC)
_SERIALS: Final = range(40_000, 60_000)
"""Days since 1899-12-30 that can be meant: 2009 to 2064. A date whose cell lost its format is such a number."""
_EXACT: Final = 10**15
"""Above it a spreadsheet's numbers are rounded."""


def sheet_rows(content: Content, dated: Callable[[str], bool]) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of the only sheet that holds anything, the header first. Raises FileFault.

    `dated` says of a header whether its column holds days or times: only there a number may stand for one.
    """
    data = _whole(content)
    formulas = _unpacked(data)
    try:
        book = load_workbook(io.BytesIO(data))
        filled = [s for s in map(book.get_sheet_by_name, book.sheet_names) if s.height]
        if not filled:
            raise FileFault("file_empty")
        if len(filled) > 1:
            raise FileFault("sheet_many", count=len(filled))
        if formulas:
            raise FileFault("sheet_formula")
        if filled[0].merged_cell_ranges:
            raise FileFault("sheet_merged", row=filled[0].merged_cell_ranges[0][0][0] + 1)
        yield from _rows(filled[0], dated)
    except CalamineError:
        raise FileFault("file_damaged_sheet") from None


def _rows(sheet: CalamineSheet, dated: Callable[[str], bool]) -> Iterator[tuple[int, Sequence[str]]]:
    width, days = 0, frozenset[int]()
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell, number, at in days) for at, cell in enumerate(cells)]
        if not width:
            width = len(_trimmed(texts))
            days = frozenset(at for at, text in enumerate(texts) if dated(text))
        yield number, texts[:width] if not any(texts[width:]) else texts


def _trimmed(texts: list[str]) -> list[str]:
    """Without empty cells at the end: a spreadsheet is as wide as its widest row ever was."""
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _text(cell: Any, row: int, dated: bool) -> str:
    """A cell as somebody would have typed it. Dates come as dates, or as numbers that lost their format."""
    if isinstance(cell, str):
        if _CONTROL.search(cell):
            raise FileFault("file_binary", line=row)
        return cell
    if isinstance(cell, bool) or cell is None:
        return str(cell or "")
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(cell, (date, time, timedelta)):
        return str(cell)
    return _number(float(cell), dated)


def _number(value: float, dated: bool) -> str:
    if dated and int(value) in _SERIALS:
        at = _EXCEL_DAY_0 + timedelta(seconds=round(value * 86_400))
        return at.strftime("%Y-%m-%d" if value.is_integer() else "%Y-%m-%d %H:%M:%S")
    if not value.is_integer():
        return repr(value)
    return f"{value:.5E}" if abs(value) >= _EXACT else str(int(value))


def _whole(content: Content) -> bytes:
    kept = io.BytesIO()
    for chunk in content():
        if kept.tell() + len(chunk) > MAX_SHEET_BYTES:
            raise FileFault("sheet_too_large", limit=MAX_SHEET_BYTES >> 20)
        kept.write(chunk)
    return kept.getvalue()


def _unpacked(data: bytes) -> bool:
    """Whether a sheet holds formulas, once the archive is known to be whole and not larger than a spreadsheet is."""
    left, formulas = MAX_UNPACKED, False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
                raise FileFault("sheet_too_large", limit=MAX_SHEET_BYTES >> 20)
            for member in members:
                sheet, tail = "worksheets/" in member.filename, b""
                with archive.open(member) as stream:
                    while part := stream.read(CHUNK):
                        left -= len(part)
                        if left < 0:
                            raise FileFault("sheet_too_large", limit=MAX_SHEET_BYTES >> 20)
                        formulas = formulas or bool(sheet and _FORMULA.search(tail + part))
                        tail = part[-16:]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise FileFault("file_damaged_sheet") from None
    return formulas
