"""Checked rows of signed results → evidence and, in the same transaction, what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.evidence.services import Fact, Signed, evidence_record
from healthcode.control.exchange.checking import ResultRow
from healthcode.control.exchange.models import Batch
from healthcode.control.people.vault import NewIdentity, subjects_ensure
from healthcode.domain.evidence import EvidenceKind

SINGLE_LANE = 500
"""A file of at most so many rows travels in the lane of single decisions; larger ones must not delay those."""


def results_import(*, batch: Batch, rows: Sequence[ResultRow], now: datetime) -> None:
    """Write the results of one batch and derive every person in it.

    States are locked in ascending order over the whole batch, after its evidence is written (derivation.py).
    """
    touched: set[int] = set()
    for part in chunks(rows):
        people = [NewIdentity(row.document, row.name) for row in part]
        numbers = subjects_ensure(people, now=now)
        places, pending = _places(numbers), _pending(numbers, batch.unit_id)
        facts = [_fact(row, number, places, pending, batch) for row, number in zip(part, numbers, strict=True)]
        evidence_record(facts, source=batch.unit, provenance=Signed(batch.pk), now=now)
        touched.update(numbers)
    subjects_derive(sorted(touched), now=now, lane=0 if len(rows) <= SINGLE_LANE else 1)


def _fact(
    row: ResultRow,
    subject: int,
    places: Mapping[int, str],
    pending: Mapping[tuple[int, datetime], UUID],
    batch: Batch,
) -> Fact:
    pool = f" 混管 {row.pool}" if row.pool else ""
    return Fact(
        subject=subject,
        kind=EvidenceKind.test,
        fields={"result": row.result, "pool_size": row.pool_size, "laboratory": batch.unit.name_zh},
        occurred=row.sampled_at,
        document=row.reference + pool,
        division=places.get(subject, ""),
        supersedes=None if row.result == "pending" else pending.get((subject, row.sampled_at)),
    )


def _places(numbers: Sequence[int]) -> dict[int, str]:
    """The county where each person is: it sees her results and, where one is positive, owns the ground."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, COALESCE(NULLIF(present_division, ''), residence_division) FROM people_subject"
            " WHERE number = ANY(%s::bigint[])",
            [list(numbers)],
        )
        return dict(cursor.fetchall())


def _pending(numbers: Sequence[int], unit_id: int) -> dict[tuple[int, datetime], UUID]:
    """Samples of this laboratory that still wait for a result: the result supersedes the waiting row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.subject_id, e.occurred_at, e.id FROM evidence_evidence e"
            " WHERE e.subject_id = ANY(%s::bigint[]) AND e.kind = 'test' AND e.fields ->> 'result' = 'pending'"
            " AND e.source_unit_id = %s AND NOT e.rescinded",
            [list(numbers), unit_id],
        )
        return {(subject, occurred): key for subject, occurred, key in cursor.fetchall()}
