"""Bytes of a CSV file → rows of text, in one pass: encoding, damage, header, limits. No file is trusted."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.schema import COLUMNS, MAX_BYTES, MAX_ROWS, Column, FileKind, header_fold

_DOCUMENTS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CHUNK: Final = 1 << 20


def encoding_of(data: bytes) -> str:
    """`utf-8-sig` or `gb18030`, whichever the whole file is; raises FileFault for damage and for what is no text."""
    _text_only(data)
    at = _undecodable(data, "utf-8")
    if at is None:
        return "utf-8-sig"
    if _mostly_utf8(data):
        raise FileFault("file_truncated" if at >= len(data) - 3 else "file_encoding", line=_line(data, at))
    at = _undecodable(data, "gb18030")
    if at is None:
        return "gb18030"
    raise FileFault("file_truncated" if at >= len(data) - 3 else "file_encoding", line=_line(data, at))


def rows_read(kind: FileKind, data: bytes) -> Iterator[tuple[int, dict[str, str] | list[str]]]:
    """Each row as (its number in the spreadsheet, cells by column id). A row of another width comes as its cells.

    Rows without any text are skipped. Raises FileFault, also in the middle of the file.
    """
    encoding = encoding_of(data)
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    reader = csv.reader(lines, delimiter=_delimiter(data, encoding), strict=True)
    try:
        header = next(reader, [])
        columns = _columns(kind, header)
        count = 0
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise FileFault("file_too_many_rows", limit=MAX_ROWS)
            if len(cells) != len(columns):
                yield number, cells
            else:
                yield number, {c.id: cell.strip() for c, cell in zip(columns, cells, strict=True)}
    except csv.Error as error:
        truncated = "unexpected end" in str(error)
        raise FileFault("file_truncated" if truncated else "file_quotes", line=reader.line_num) from None
    if count == 0:
        raise FileFault("no_rows")


def _text_only(data: bytes) -> None:
    if not data.strip():
        raise FileFault("file_empty")
    if len(data) > MAX_BYTES:
        raise FileFault("file_too_large", limit=MAX_BYTES >> 20)
    if data.startswith(_DOCUMENTS):
        raise FileFault("file_spreadsheet")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFault("file_utf16")
    nul = data.find(b"\0")
    if nul >= 0:
        raise FileFault("file_nul", line=_line(data, nul))
    control = _CONTROL.search(data)
    if control:
        raise FileFault("file_binary", line=_line(data, control.start()))


def _undecodable(data: bytes, encoding: str) -> int | None:
    """Where the bytes stop being `encoding` (about, within one character), or None where they never do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return max(start - pending + error.start, 0)
    return None


def _mostly_utf8(data: bytes) -> bool:
    """Whether broken bytes are the exception: then it is damaged UTF-8, and reading it as GBK would be nonsense."""
    text = data[: 4 * _CHUNK].decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(1 for c in text if c > "\x7f") - broken > broken


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _delimiter(data: bytes, encoding: str) -> str:
    head = data.partition(b"\n")[0].decode(encoding, errors="replace")
    return max((",", "\t", ";"), key=lambda d: (head.count(d), d == ","))


def _columns(kind: FileKind, header: Sequence[str]) -> list[Column]:
    known = {h: column for column in COLUMNS[kind] for h in column.headers}
    found: list[Column] = []
    for number, text in enumerate(header, start=1):
        column = known.get(header_fold(text))
        if column is None and not any(header_fold(other) in known for other in header):
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
