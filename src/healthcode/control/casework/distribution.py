"""Leads in, work items out: each to the county of the person's present address, else to nobody's queue (C5)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from healthcode.control.casework.deadlines import determination_due
from healthcode.control.casework.states import ItemState
from healthcode.control.evidence.rows import chunks, insert_query
from healthcode.control.people.vault import opened, person_keys, sealed
from healthcode.domain.division import counties, division_current
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import Day

CONTENT = "lead"
"""The field name under which a lead's content is sealed to its person."""


@dataclass(frozen=True, slots=True)
class NewLead:
    """One lead to distribute. `division` is the county of the present address, empty where not known."""

    row: int
    subject: int
    kind: EvidenceKind
    anchor: Day
    division: str
    content: Mapping[str, str]


def leads_distribute(*, batch_id: UUID, leads: Sequence[NewLead], now: datetime) -> None:
    """Write leads and their work items. Call it in an act of the system."""
    for part in chunks(leads):
        keys = person_keys(lead.subject for lead in part)
        places = _known_places([lead.subject for lead in part if not lead.division])
        divisions = [lead.division or places.get(lead.subject, "") for lead in part]
        # A person whose key was destroyed is not written about again: the lead says who asked, nothing more.
        contents = [_seal(keys[lead.subject], lead) if lead.subject in keys else b"" for lead in part]
        query, params = insert_query(
            "casework_lead",
            {
                "row": ("int", [lead.row for lead in part]),
                "subject_id": ("bigint", [lead.subject for lead in part]),
                "suspected_kind": ("text", [lead.kind.value for lead in part]),
                "anchor_day": ("int", [lead.anchor for lead in part]),
                "division": ("text", divisions),
                "content_sealed": ("bytea", contents),
            },
            batch_id=batch_id,
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH made AS ({query} RETURNING id, subject_id, division)"  # noqa: S608 # built by us
                " INSERT INTO casework_workitem (lead_id, subject_id, division, state, opened_at, due_at, closed_as)"
                " SELECT id, subject_id, division, %s, %s, %s, '' FROM made",
                [*params, ItemState.QUEUED.value, now, determination_due(now)],
            )


def lead_content(subject: int, content_sealed: bytes | memoryview) -> dict[str, str]:
    """What was written about the person, for the assignee; empty where her key was destroyed."""
    key = person_keys([subject]).get(subject)
    if key is None or not content_sealed:
        return {}
    content: dict[str, str] = json.loads(opened(key, subject, CONTENT, content_sealed))
    return content


def _seal(key: bytes, lead: NewLead) -> bytes:
    return sealed(key, lead.subject, CONTENT, json.dumps(lead.content, ensure_ascii=False, separators=(",", ":")))


def _known_places(numbers: Sequence[int]) -> dict[int, str]:
    """Where people without an address in the lead are known to be; today's counties of this region only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, COALESCE(NULLIF(present_division, ''), residence_division) FROM people_subject"
            " WHERE number = ANY(%s::bigint[])",
            [list(numbers)],
        )
        places = {number: division_current(division) for number, division in cursor.fetchall()}
    current = {county.code for county in counties()}
    return {number: division for number, division in places.items() if division in current}
