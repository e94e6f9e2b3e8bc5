"""How long a county has for a lead. The clock starts with the distribution and nothing stops it (Art. 16)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

DETERMINATION: Final = timedelta(hours=24)
"""Configurable default for normal mode; emergency mode shortens it (O3)."""
SOON: Final = timedelta(hours=2)
"""From when on a queue calls an item due soon."""


def determination_due(distributed: datetime) -> datetime:
    """When a lead distributed at this instant must be determined."""
    return distributed + DETERMINATION
