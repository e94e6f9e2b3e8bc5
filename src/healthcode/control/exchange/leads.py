"""Checked rows of leads → subjects from first mention, leads and work items (C5). They colour nobody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from healthcode.control.casework.distribution import NewLead, leads_distribute
from healthcode.control.evidence.rows import chunks
from healthcode.control.exchange.checking import Chunk
from healthcode.control.exchange.documents import document_of
from healthcode.control.exchange.models import Batch
from healthcode.control.people.vault import NewIdentity, subjects_ensure
from healthcode.domain.evidence import EvidenceKind


def leads_import(batch: Batch, chunk: Chunk, *, known: Collection[int], now: datetime) -> int:
    """Write the leads of one chunk but those `known`; each goes to the county of its present address."""
    rows = [(n, row) for n, row in zip(chunk.numbers, chunk.rows(), strict=True) if n not in known]
    for part in chunks(rows):
        people = [
            NewIdentity(document_of(r["document_number"]), r["name"], r["phone"], r["address"], r["division"])
            for _, r in part
        ]
        numbers = subjects_ensure(people, now=now)
        leads = [_lead(batch.kind, n, row, number) for (n, row), number in zip(part, numbers, strict=True)]
        leads_distribute(batch_id=batch.pk, leads=leads, now=now)
    return len(rows)


def _lead(kind: str, number: int, row: dict[str, Any], subject: int) -> NewLead:
    arrival = kind == "arrivals"
    place = "，".join(filter(None, (row["country"], row["port"], row["transport"]))) if arrival else row["place"]
    return NewLead(
        row=number,
        subject=subject,
        kind=EvidenceKind.arrival_abroad if arrival else row["suspected_kind"],
        anchor=row["entry_date"] if arrival else row["anchor_date"],
        division=row["division"],
        content={
            "name": row["name"],
            "phone": row["phone"],
            "address": row["address"],
            "place": place,
            "remark": row["remark"],
            "source": row["source_document"],
        },
    )
