"""The numbers of the advisory locks that control takes in PostgreSQL, all of them here, so that no two mean the same.

A number of two parts is a class with a key beside it (an area, a unit, an upload); PostgreSQL keeps those apart from
numbers that stand alone, and no number is used both ways. The relay's own lock (`adapters/relay.py`) is a long one.
"""

from __future__ import annotations

from typing import Final

AREA_LISTING: Final = 7301
"""By area: shared by derivations, exclusive for listing whom a change touches."""
AREA_SAYING: Final = 7302
"""By area: what is said about one area is said one after the other."""
UPLOAD_IMPORTING: Final = 7303
"""By upload: it is imported by one at a time."""
UNIT_HANDING_IN: Final = 7304
"""By unit: it hands in one file at a time."""
BATCH_TAKING_BACK: Final = 7305
"""By batch: taking it back is asked for and decided by one at a time."""
LAKE_WRITING: Final = 7306
"""By purpose (`population/turns.py`): runs and rehearsals."""
RULESET_PUBLISHING: Final = 7307
"""What is published of rulesets is published one after the other."""
INDEX_MAKING: Final = 7311
"""Batches of the document index: what stands under a key is read, then told."""
RECALL_DECIDING: Final = 7313
"""By recall: it is decided, and carried out, by one at a time."""
STANDING_PUBLICATION: Final = 7312
"""Standing publications (`bridge/publication.py`)."""
