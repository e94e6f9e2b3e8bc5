"""A column of document numbers, checked at once: resident IDs as numbers in an array, all others one by one.

The quick way only ever says yes (GB 11643: seventeen digits, a known division, a date of birth, the check character);
whatever it does not know goes the one way of `cells.document_cell`, which names the fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np

from healthcode.control.exchange.cells import document_cell
from healthcode.control.exchange.faults import CellFault
from healthcode.domain.division import prefix_known
from healthcode.domain.document import Document, DocumentKind
from healthcode.domain.time import date_of, day_of, minute_of

_LENGTH: Final = 18
_WEIGHTS: Final = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), dtype=np.int32)
_CHECKS: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_MONTHS: Final = np.array((0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), dtype=np.int32)
_FIRST_YEAR: Final = 1850
_RESIDENT: Final = DocumentKind.resident_id.value + ":"


def documents_read(kinds: Sequence[DocumentKind], numbers: Sequence[str], *, now: datetime) -> list[str | CellFault]:
    """Each document as `kind:number` in its one form, as the index takes it, or the fault of its cell."""
    quick = _plain(kinds, numbers, now)
    read: list[str | CellFault] = []
    for kind, number, good in zip(kinds, numbers, quick, strict=True):
        read.append(_RESIDENT + number if good else _one(kind, number, now))
    return read


def document_of(text: str) -> Document:
    """The document that `documents_read` wrote as `text`."""
    kind, _, number = text.partition(":")
    return Document(DocumentKind(kind), number)


def _one(kind: DocumentKind, number: str, now: datetime) -> str | CellFault:
    try:
        document = document_cell(kind, number, now)
    except CellFault as fault:
        return fault
    return f"{document.kind.value}:{document.number}"


def _plain(kinds: Sequence[DocumentKind], numbers: Sequence[str], now: datetime) -> list[bool]:
    """Which numbers are resident IDs without any fault, written as on the card."""
    good = np.zeros(len(numbers), dtype=bool)
    resident = DocumentKind.resident_id
    places = [i for i, (k, n) in enumerate(zip(kinds, numbers, strict=True)) if k is resident and len(n) == _LENGTH]
    if places:
        text = "".join([numbers[i] for i in places]).encode("ascii", "replace")
        good[places] = _sound(np.frombuffer(text, dtype=np.uint8).reshape(-1, _LENGTH), now)
    found: list[bool] = good.tolist()
    return found


def _sound(characters: Any, now: datetime) -> Any:
    digits = characters[:, :17].astype(np.int32) - 48
    good = ((digits >= 0) & (digits <= 9)).all(axis=1)
    digits[~good] = 0
    good &= _CHECKS[(digits @ _WEIGHTS) % 11] == characters[:, 17]
    year = digits[:, 6:10] @ np.array((1000, 100, 10, 1))
    month, day = digits[:, 10] * 10 + digits[:, 11], digits[:, 12] * 10 + digits[:, 13]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)) & (month == 2)
    good &= (month >= 1) & (month <= 12) & (day >= 1)
    good &= day <= _MONTHS[np.where(good, month, 0)] + leap
    today = date_of(day_of(minute_of(now)))
    good &= (year >= _FIRST_YEAR) & (year * 10_000 + month * 100 + day <= int(f"{today:%Y%m%d}"))
    prefixes, which = np.unique(digits[:, :6] @ np.array((100_000, 10_000, 1000, 100, 10, 1)), return_inverse=True)
    return good & np.array([_known(int(prefix)) for prefix in prefixes], dtype=bool)[which]


@lru_cache(maxsize=8192)
def _known(prefix: int) -> bool:
    return prefix_known(f"{prefix:06d}")
