"""Evidence rows → the domain's records. Read through `subject_evidence`, which says who may see whose."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from healthcode.control.offices.models import Unit
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import minute_of
from healthcode.domain.unit import UnitKind

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
    values = json.loads(fields) if isinstance(fields, str) else fields
    return Evidence(
        id=str(key),
        kind=EvidenceKind(kind),
        fields={name: tuple(value) if isinstance(value, list) else value for name, value in values.items()},
        anchor=anchor,
        occurred=minute_of(occurred),
        learned=minute_of(learned),
        supersedes=str(supersedes) if supersedes else None,
        rescinded=rescinded,
        unit=UnitKind(unit.kind),
        source=unit.name_zh,
        county=division,
        document=document,
        batch=str(batch) if batch else "",
    )
