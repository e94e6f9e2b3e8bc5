"""Building a table and its side files from a snapshot, beside those in use."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from healthcode.adapters.offered_tables import draft_name
from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.adapters.snapshot_files import snapshots_list
from healthcode.adapters.table_files import TableFile
from healthcode.crypto.interfaces import VerifyKey
from healthcode.table.messages import LANES, FeedKind, SideChange
from healthcode.table.offer import OfferError, offer_verify
from healthcode.table.snapshot import RecordRun, SnapshotError, SnapshotHead, SnapshotReader

EMPTY_CAPACITY = 65_536
CHANGES_AT_ONCE = 20_000

_log = structlog.get_logger(__name__)


class Rebuilt(NamedTuple):
    """A new table, not in place yet, and control's time as of which it is (0: from nothing)."""

    table: TableFile
    made_ms: int


def table_rebuild(folder: Path, snapshots: Path, side: SideStoreLmdb, *, region: int, public: VerifyKey) -> Rebuilt:
    """Build from the newest snapshot that proves itself, or from nothing (the feed then gives everything).

    The side files change in place and never lose an entry that the snapshot has, so that a gate that asks meanwhile
    is answered.  Their watermarks are zero until they are complete: dying in between costs a longer replay.
    """
    for path in snapshots_list(snapshots):
        try:
            snapshot_prove(path, region, public)
            return _from_snapshot(path, folder, side, region, public)
        except (SnapshotError, OSError) as error:
            _log.warning("snapshot_refused", file=path.name, reason=str(error))
    side.apply([], dict.fromkeys(LANES, 0))
    return Rebuilt(TableFile.create(draft_name(folder), region=region, capacity=EMPTY_CAPACITY), 0)


def snapshot_prove(path: Path, region: int, public: VerifyKey) -> SnapshotHead:
    """Read the snapshot to its signed tail before anything of it is used.  Raises SnapshotError or OSError."""
    with path.open("rb") as file:
        reader = SnapshotReader(file.read, region=region, public=public)
        for _ in reader:
            pass
        return reader.head


def snapshot_head(path: Path, region: int, public: VerifyKey) -> SnapshotHead:
    """What a snapshot of our own says of itself.  Raises SnapshotError or OSError."""
    with path.open("rb") as file:
        return SnapshotReader(file.read, region=region, public=public).head


def _from_snapshot(path: Path, folder: Path, side: SideStoreLmdb, region: int, public: VerifyKey) -> Rebuilt:
    with path.open("rb") as file:
        reader = SnapshotReader(file.read, region=region, public=public)
        head = reader.head
        table = TableFile.create(
            draft_name(folder),
            region=region,
            capacity=max(EMPTY_CAPACITY, head.capacity),
            applied=head.applied,
            valid_from=head.valid_from,
        )
        side.apply([], dict.fromkeys(LANES, 0))
        kept: set[tuple[int, int]] = set()
        changes: list[SideChange] = []
        for part in reader:
            if isinstance(part, RecordRun):
                for number, record in part.records:
                    table.put(number, record)
                continue
            kept.add((part.kind, part.key))
            changes.append(part)
            if len(changes) >= CHANGES_AT_ONCE:
                side.apply(changes, {})
                changes = []
    side.apply([*changes, *_strangers(side, kept)], head.applied)
    _adopt(table, side, region, public)
    return Rebuilt(table, head.made_ms)


def _adopt(table: TableFile, side: SideStoreLmdb, region: int, public: VerifyKey) -> None:
    """Mark a table as the one that was offered for at once: the snapshot was read after all that the offer says.

    Otherwise it would be copied once more, and refused where the feed no longer reaches back to it.
    """
    payload = side.get(FeedKind.TABLE, 0)
    if payload:
        with suppress(OfferError):
            offer = offer_verify(public, payload, key=0, region=region)
            table.adopt(file_id=offer.file_id, valid_from=offer.effective)


def _strangers(side: SideStoreLmdb, kept: set[tuple[int, int]]) -> Iterator[SideChange]:
    """Removals of what the snapshot does not have."""
    for kind in FeedKind:
        for key, _ in list(side.items(kind)):
            if (kind, key) not in kept:
                yield SideChange(kind, key, None)
