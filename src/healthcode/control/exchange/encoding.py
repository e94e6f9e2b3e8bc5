"""Which text a file is, found out from all of it and never from its name; damage and what is no text are named."""

from __future__ import annotations

import codecs
import re
from itertools import chain
from typing import Final

from healthcode.control.exchange.content import CHUNK, Content
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.schema import MAX_BYTES

SPREADSHEET: Final = b"PK\x03\x04"
_DOCUMENTS: Final = (b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


def head_of(content: Content, size: int = 4 * CHUNK) -> bytes:
    """The first bytes of a file."""
    head = b""
    for chunk in content():
        head += chunk
        if len(head) >= size:
            break
    return head[:size]


def encoding_of(content: Content) -> str:
    """`utf-8-sig` or `gb18030`, whichever the whole file is; raises FileFault for damage and for what is no text."""
    size = _text_only(content)
    at, line = _undecodable(content, "utf-8")
    if at is None:
        return "utf-8-sig"
    if not _mostly_utf8(head_of(content)):
        at, line = _undecodable(content, "gb18030")
        if at is None:
            return "gb18030"
    raise FileFault("file_truncated" if at >= size - 3 else "file_encoding", line=line)


def _text_only(content: Content) -> int:
    """The size of the file, if all of it may be text."""
    size, lines, blank = 0, 1, True
    for chunk in content():
        if size == 0:
            _known_document(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise FileFault("file_too_large", limit=MAX_BYTES >> 20)
        blank = blank and not chunk.strip()
        nul = chunk.find(b"\0")
        if nul >= 0:
            raise FileFault("file_nul", line=lines + chunk.count(b"\n", 0, nul))
        control = _CONTROL.search(chunk)
        if control:
            raise FileFault("file_binary", line=lines + chunk.count(b"\n", 0, control.start()))
        lines += chunk.count(b"\n")
    if blank:
        raise FileFault("file_empty")
    return size


def _known_document(head: bytes) -> None:
    if head.startswith(_DOCUMENTS):
        raise FileFault("file_spreadsheet")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFault("file_utf16")


def _undecodable(content: Content, encoding: str) -> tuple[int | None, int]:
    """Where the bytes stop being `encoding` (within one character) and in which line; None where they never do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    start, lines = 0, 1
    for chunk in chain(content(), (b"",)):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = max(error.start - pending, 0)
            return max(start - pending + error.start, 0), lines + chunk.count(b"\n", 0, at)
        start += len(chunk)
        lines += chunk.count(b"\n")
    return None, lines


def _mostly_utf8(head: bytes) -> bool:
    """Whether broken bytes are the exception: then it is damaged UTF-8, and reading it as GBK would be nonsense."""
    text = head.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(1 for c in text if c > "\x7f") - broken > broken
