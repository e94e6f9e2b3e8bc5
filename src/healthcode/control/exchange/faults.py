"""Faults of a file: by row and column with stable codes; the list is capped, the total is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

LISTED: Final = 100_000
"""How many faults a report lists; the total says how many there are."""
SHOWN: Final = 200
"""How many of them a page shows; the file has them all."""


class FileFault(Exception):
    """The file as a whole cannot be read; `code` is a key of `messages.FILE`."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params


class CellFault(Exception):
    """One cell cannot be read; `code` is a key of `messages.CELL`."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `row` is the row as the spreadsheet numbers it (the header is row 1), 0 for the file as a whole."""

    row: int
    column: str
    code: str
    params: dict[str, object] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As kept in an upload's report."""
        return {"row": self.row, "column": self.column, "code": self.code, "params": self.params}


@dataclass(slots=True)
class Faults:
    """All faults of one file."""

    listed: list[Fault] = field(default_factory=list)
    total: int = 0

    def add(self, row: int, column: str, code: str, **params: object) -> None:
        """Count one fault and, while there is room, list it."""
        self.total += 1
        if len(self.listed) < LISTED:
            self.listed.append(Fault(row, column, code, params))

    def add_file(self, fault: FileFault) -> None:
        """Count a fault of the file as a whole; it stands before all others."""
        self.total += 1
        self.listed.insert(0, Fault(0, "", fault.code, fault.params))

    def document(self) -> dict[str, Any]:
        """As kept in an upload's report."""
        return {"faults": [f.document() for f in self.listed], "faults_total": self.total}
