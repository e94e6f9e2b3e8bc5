"""Evidence rows → the domain's records. Read through `subject_evidence`, which says who may see whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from healthcode.control.evidence.replay import evidence_read
from healthcode.control.offices.models import Unit
from healthcode.domain.evidence import Evidence

_COLUMNS = (
    "id, subject_id, kind, fields, anchor_day, occurred_at, learned_at, division, source_unit_id, document, batch_id,"
    " supersedes_id, rescinded"
)


def evidence_of(numbers: Sequence[int]) -> dict[int, list[Evidence]]:
    """All evidence of these subjects by number, in the order of learning. Missing where nobody recorded any."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM subject_evidence(%s::bigint[])", [list(numbers)])  # noqa: S608 # ours
        rows = cursor.fetchall()
    units = _units(row[8] for row in rows)
    found: dict[int, list[Evidence]] = defaultdict(list)
    for row in rows:
        found[row[1]].append(_record(row, units))
    return found


def _units(ids: Iterable[int]) -> dict[int, Unit]:
    return Unit.objects.in_bulk(set(ids))


def _record(row: Sequence[Any], units: dict[int, Unit]) -> Evidence:
    (key, _, kind, fields, anchor, occurred, learned, division, unit_id, document, batch, supersedes, rescinded) = row
    unit = units[unit_id]
    return evidence_read(
        key=key,
        kind=kind,
        fields=fields,
        anchor=anchor,
        occurred=occurred,
        learned=learned,
        division=division,
        document=document,
        batch=batch,
        supersedes=supersedes,
        rescinded=rescinded,
        unit_kind=unit.kind,
        unit_name=unit.name_zh,
    )
