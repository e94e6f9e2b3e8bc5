"""The table files of one host: the current one and, before an announced instant, the one that waits for it.

Both receive the feed.  Readers change from one to the other by their clocks alone; renaming the waiting one over the
current one only tidies up after them, so it does not matter when, or whether, the updater comes to it.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from healthcode.adapters.offered_tables import drafts_remove
from healthcode.adapters.table_files import CURRENT, NEXT, TableFile
from healthcode.domain.time import Minute
from healthcode.table.header import TableError

_log = structlog.get_logger(__name__)


class Tables:
    """Opened for writing by the one updater."""

    def __init__(self, folder: Path, *, region: int) -> None:
        """Take the waiting table where it is whole; the current one by `open` or `put`."""
        self._folder = folder
        self._region = region
        self.current: TableFile
        drafts_remove(folder)
        self.waiting = self._waiting_claim()

    def open(self) -> None:
        """Go on with the current table.  Raises FileNotFoundError, TableError or ValueError: it must be built."""
        self.current = table_claim(self._folder / CURRENT, self._region)

    @property
    def all(self) -> Sequence[TableFile]:
        """Every table that receives the feed."""
        return [self.current] if self.waiting is None else [self.current, self.waiting]

    def put(self, table: TableFile) -> None:
        """Put a new table in the place of the current one.

        Dying before the rename: the draft is removed at the next start and the old table was never touched.  After
        it: the new one is current, and readers see another file behind the name although nothing was marked.
        """
        table.replace(self._folder / CURRENT)
        old = getattr(self, "current", None)
        self.current = table
        _let_go(old)

    def wait(self, table: TableFile) -> None:
        """Let a new table wait for its minute, instead of any that waits now.

        Dying before the rename: the draft is removed and the offer taken up again.  After it: it waits.
        """
        table.replace(self._folder / NEXT)
        old, self.waiting = self.waiting, table
        _let_go(old)

    def switch(self, now: Minute) -> bool:
        """Rename the waiting table over the current one where its minute has come; tell whether it was.

        Dying before the rename: readers use the waiting one by their clocks, and the next start comes here again.
        After it, before the old one is marked: readers look which file is behind each name.
        """
        table = self.waiting
        if table is None or table.header.valid_from > now:
            return False
        self.waiting = None
        self.put(table)
        _log.info("table_switched", valid_from=table.header.valid_from)
        return True

    def withdraw(self) -> None:
        """Nothing waits any more."""
        table, self.waiting = self.waiting, None
        if table is not None:
            table.withdraw()

    def close(self) -> None:
        """Close all in order."""
        for table in self.all:
            table.close()

    def _waiting_claim(self) -> TableFile | None:
        path = self._folder / NEXT
        try:
            return table_claim(path, self._region)
        except FileNotFoundError:
            return None
        except (TableError, ValueError) as error:
            # nobody may switch to it: its offer is taken up again
            _log.warning("waiting_table_removed", reason=str(error))
            path.unlink(missing_ok=True)
            return None


def table_claim(path: Path, region: int) -> TableFile:
    """The table at `path`, ours to write.  Raises FileNotFoundError, or TableError where it must be built again."""
    table = TableFile(path, region=region)
    try:
        table.claim()
    except TableError:
        table.abandon()
        raise
    return table


def _let_go(table: TableFile | None) -> None:
    if table is not None:
        with suppress(ValueError, OSError):
            table.abandon()
