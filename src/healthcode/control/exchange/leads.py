"""Checked rows of leads → subjects from first mention, leads and work items (C5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from healthcode.control.casework.distribution import NewLead, leads_distribute
from healthcode.control.evidence.rows import chunks
from healthcode.control.exchange.checking import LeadRow
from healthcode.control.exchange.models import Batch
from healthcode.control.people.vault import NewIdentity, subjects_ensure


def leads_import(*, batch: Batch, rows: Sequence[LeadRow], now: datetime) -> None:
    """Write the leads of one batch; each goes to the county of its present address."""
    for part in chunks(rows):
        people = [NewIdentity(row.document, row.name, row.phone, row.address, row.division) for row in part]
        numbers = subjects_ensure(people, now=now)
        leads = [_lead(row, number) for row, number in zip(part, numbers, strict=True)]
        leads_distribute(batch_id=batch.pk, leads=leads, now=now)


def _lead(row: LeadRow, subject: int) -> NewLead:
    return NewLead(
        row=row.row,
        subject=subject,
        kind=row.kind,
        anchor=row.anchor,
        division=row.division,
        content={
            "name": row.name,
            "phone": row.phone,
            "address": row.address,
            "place": row.place,
            "remark": row.remark,
            "source": row.source,
        },
    )
