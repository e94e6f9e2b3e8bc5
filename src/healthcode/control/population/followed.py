"""Whom a run asked for by a publication names beside those whose answer changes: whose grounds go by other numbers.

A decision names whose numbers each stretch of a ground follows, also where color and dates stay what they are. Such a
change shows neither in the record nor in the lines of a resident's page, so a run is told of it here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from healthcode.control.ports import ports
from healthcode.control.rulesets.book import Entry
from healthcode.control.rulesets.reading import Known
from healthcode.rules.succession import RulesetHistory

_TOLD: Final = (
    "SELECT number FROM subject_state WHERE publications_known >= %s AND evaluated_at IS NOT NULL"
    " AND (grounds IS NOT NULL OR color NOT IN (%s, 'absent')"
    "      OR EXISTS (SELECT 1 FROM evidence_evidence e WHERE e.subject_id = number AND e.kind <> 'test'))"
    " ORDER BY number"
)


def place_published(known: Known, publication: str) -> int | None:
    """The place of the ruleset of a publication in the history; None where it is a stop, stopped, or none was named."""
    entry = _entry(known, publication)
    if entry is None or entry.ruleset is None or not isinstance(known.rules, RulesetHistory):
        return None
    starts = [(ruleset.key, ruleset.from_) for ruleset in known.rules.rulesets]
    begun = (entry.ruleset.key, entry.from_)
    return starts.index(begun) if begun in starts else None


def announced_to(known: Known, publication: str) -> npt.NDArray[np.int64]:
    """Of a stop: who was derived while what it stops stood announced, ascending. Nobody for a publication."""
    entry = _entry(known, publication)
    if entry is None or entry.stops is None:
        return np.empty(0, np.int64)
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [entry.stops, ports().ruleset.colors.default.id])
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def _entry(known: Known, publication: str) -> Entry | None:
    return next((entry for entry in known.book.entries if str(entry.id) == publication), None)
