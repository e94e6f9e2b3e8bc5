"""The identity registry as a file of keyed hashes: it answers questions and holds no name and no document number.

Format: magic `HCREG1\\n`, nine zero bytes, then entries of 32 bytes in ascending order: 16 bytes that stand for the
document, 16 that stand for document and name together. Both are HMACs under a key that is not in the file, so the file
alone answers nothing, and two people of one name look unrelated.
"""

from __future__ import annotations

import mmap
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from healthcode.control.people.ports import RegistryAnswer
from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.suites import suite
from healthcode.domain.document import Document

_HEADER = b"HCREG1\n".ljust(16, b"\0")
_ENTRY, _HALF = 32, 16
_SUITE = suite("intl")


class RegistryFile:
    """Implements `healthcode.control.people.ports.IdentityRegistry` over `file`, read with `key` (32 bytes).

    A file that is replaced while we run is noticed at the next question. A missing or damaged file answers
    `unavailable`. Lookups are a binary search in a memory map: no start-up time, memory shared by processes.
    """

    def __init__(self, file: Path, key: bytes) -> None:
        self._file = file
        self._key = key
        self._map: mmap.mmap | None = None
        self._seen: tuple[int, int] | None = None

    def verify(self, document: Document, name: str) -> RegistryAnswer:
        """Say whether this document was issued to this name. Never raises."""
        entries = self._entries()
        if entries is None:
            return RegistryAnswer.UNAVAILABLE
        who, named = _halves(self._key, document, name)
        found = _search(entries, who)
        if found is None:
            return RegistryAnswer.UNKNOWN
        return RegistryAnswer.MATCH if constant_time_equal(found, named) else RegistryAnswer.MISMATCH

    def _entries(self) -> mmap.mmap | None:
        try:
            with self._file.open("rb") as file:
                status = os.fstat(file.fileno())
                if self._seen != (status.st_ino, status.st_mtime_ns):
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    self._seen = (status.st_ino, status.st_mtime_ns)
        except (OSError, ValueError):  # absent, unreadable or empty
            self._map, self._seen = None, None
        usable = self._map is not None and self._map[:16] == _HEADER and (len(self._map) - 16) % _ENTRY == 0
        return self._map if usable else None


def registry_write(file: Path, key: bytes, people: Iterable[tuple[Document, str]]) -> int:
    """Write the registry of `people` (each document once), replacing `file` in one step; returns how many."""
    entries = sorted({who: who + named for who, named in (_halves(key, *person) for person in people)}.values())
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as output:
        output.write(_HEADER)
        output.writelines(entries)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
    return len(entries)


def _halves(key: bytes, document: Document, name: str) -> tuple[bytes, bytes]:
    shown = f"{document.kind.value}\0{document.number}"
    who = _SUITE.mac(key, b"document\0" + shown.encode())[:_HALF]
    named = _SUITE.mac(key, b"name\0" + shown.encode() + b"\0" + _plain(name).encode())[:_HALF]
    return who, named


def _plain(name: str) -> str:
    """The name as compared: width, case, spaces and the kind of middle dot do not matter."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"\s+", " ", re.sub(r"[·•・‧∙]", "·", folded)).strip()


def _search(entries: mmap.mmap, who: bytes) -> bytes | None:
    """The second half of the entry that begins with `who`."""
    low, high = 0, (len(entries) - 16) // _ENTRY
    while low < high:
        middle = (low + high) // 2
        start = 16 + middle * _ENTRY
        if entries[start : start + _HALF] < who:
            low = middle + 1
        else:
            high = middle
    start = 16 + low * _ENTRY
    return entries[start + _HALF : start + _ENTRY] if entries[start : start + _HALF] == who else None
