"""Tables in the store of snapshots: their digests, and copies of them that an updater may write."""

import hashlib
import os
from pathlib import Path
from typing import Final

from healthcode.adapters.table_files import TableFile
from healthcode.table.file import table_size
from healthcode.table.header import TableError
from healthcode.table.offer import OfferError, TableOffer, offer_fits

DRAFTS: Final = "table-draft-*.bin"
_CHUNK: Final = 4 << 20
_ZEROS: Final = bytes(_CHUNK)


def draft_name(folder: Path) -> Path:
    """A name for a table that is being made beside those in use."""
    return folder / f"table-draft-{os.urandom(4).hex()}.bin"


def drafts_remove(folder: Path) -> None:
    """Remove what an updater that died was making; its readers never saw it."""
    for draft in folder.glob(DRAFTS):
        draft.unlink(missing_ok=True)


def offer_copy(offer: TableOffer, store: Path, folder: Path) -> TableFile:
    """A draft in `folder` of the table that `offer` names, ours to write.  Raises `OfferError`.

    It is verified as it is copied, so what is used is what was verified.  Dying meanwhile leaves a draft, which the
    next start removes.
    """
    draft = draft_name(folder)
    try:
        _copy(store / offer.name, draft, offer)
        table = TableFile(draft, region=offer.region)
    except (OSError, TableError, ValueError) as error:
        draft.unlink(missing_ok=True)
        raise OfferError(f"{offer.name} cannot be used: {error}") from error
    try:
        offer_fits(offer, table.header)
    except OfferError:
        table.withdraw()
        raise
    table.adopt(file_id=offer.file_id, valid_from=offer.effective)
    return table


def _copy(source: Path, draft: Path, offer: TableOffer) -> None:
    """Copy and hash; stretches of zeros are left out, so that the copy takes no more room than it needs."""
    digest = hashlib.sha256()
    with source.open("rb") as read, draft.open("xb") as write:
        draft.chmod(0o600)
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            if chunk == _ZEROS:
                write.seek(len(chunk), os.SEEK_CUR)
            else:
                write.write(chunk)
        write.truncate(read.tell())
    if read_size := draft.stat().st_size - table_size(offer.capacity):
        raise OfferError(f"it is {abs(read_size)} bytes too {'long' if read_size > 0 else 'short'}")
    if digest.digest() != offer.sha256:
        raise OfferError("its SHA-256 is another one than its offer says")
