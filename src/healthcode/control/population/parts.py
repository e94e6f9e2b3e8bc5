"""The evidence as it lies in the lake: immutable Parquet parts, and the manifest that says which of them count.

Laws: a part covers all rows that transactions numbered below its end inserted, and is never written again; the manifest
names a part only after it is on disk; what the manifest does not name is rubbish and removed. So dying anywhere loses
nothing and repeats at most one part. Subject numbers only; every file is closed to other accounts (0600).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

TABLES: Final = ("evidence", "tests")
_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of rows of one table."""

    name: str
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`origin` is the database that the parts come from; `through`: rows of transactions below it are in parts.

    While an interval is being exported, `until` is its end and `after` the last id of each table that is in a part.
    """

    origin: str
    through: int = 0
    until: int | None = None
    after: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def with_part(self, part: Part, last: str) -> Manifest:
        """With one more part, whose last row has the id `last`."""
        return replace(self, parts=(*self.parts, part), after={**self.after, part.table: last})

    def complete(self) -> Manifest:
        """The interval is in parts."""
        assert self.until is not None  # noqa: S101 # the caller began it
        return replace(self, through=self.until, until=None, after={})

    def rows(self) -> int:
        """How many rows all parts hold."""
        return sum(part.rows for part in self.parts)


class Lake:
    """The folder of the lake. One run at a time writes it (`run.population_run` holds the lock)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        for path in (folder, self.parts):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def manifest(self, origin: str) -> Manifest:
        """What is here of this database; nothing where it is another, or a restored one. Removes rubbish."""
        try:
            said: dict[str, Any] = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
            parts = tuple(Part(**part) for part in said.pop("parts"))
            found = Manifest(**said, parts=parts)
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            found = Manifest("")
        if found.origin != origin:
            found = Manifest(origin)
        named = {part.name for part in found.parts}
        for path in self.parts.iterdir():
            if path.name not in named:
                path.unlink()
        return found

    def manifest_write(self, manifest: Manifest) -> None:
        """Make this the truth. Dying before the rename leaves the former one, and the newest part is rubbish."""
        text = json.dumps(asdict(manifest))
        with file_replace(self.folder / _MANIFEST) as draft:
            draft.write_text(text, encoding="utf-8")

    def run_folder(self, name: str) -> Path:
        """A run's own folder."""
        path = self.folder / name
        path.mkdir(exist_ok=True, mode=0o700)
        return path


@contextmanager
def file_replace(path: Path) -> Iterator[Path]:
    """A draft beside `path`, closed to others, that takes its place, on disk, when the block ends in order."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    yield draft
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
