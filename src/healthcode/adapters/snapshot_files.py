"""Snapshots as files: written beside, synced, renamed, so that a name always stands for a whole file."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

PATTERN = "snapshot-*.hcs"
KEPT = 3
"""How many snapshots stay: the newest may be damaged by a dying disk."""


def snapshot_store(folder: Path, chunks: Iterable[bytes], *, made_ms: int) -> Path:
    """Write `chunks` as the snapshot made at `made_ms`; durable on return.  Raises OSError.

    Dying before the rename leaves a draft, which the next call removes; after it, a whole snapshot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for draft in folder.glob("*.draft"):
        draft.unlink(missing_ok=True)
    path = folder / f"snapshot-{made_ms:014d}.hcs"
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    _sync_folder(folder)
    for old in snapshots_list(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def snapshots_list(folder: Path) -> list[Path]:
    """The snapshots in `folder`, newest first."""
    return sorted(folder.glob(PATTERN), reverse=True)


def snapshot_age_s(folder: Path) -> float:
    """Seconds since the newest snapshot was written, infinite without one."""
    newest = snapshots_list(folder)
    return time.time() - newest[0].stat().st_mtime if newest else float("inf")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
