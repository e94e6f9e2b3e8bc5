"""Staged rows of signed facts → subjects and evidence, in a few statements however many rows there are.

Rows of people who never applied make subjects by this first mention; for them alone the file is read a second time,
because what is staged says nobody's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from healthcode.control.evidence.rows import chunks
from healthcode.control.exchange.checking import Chunk
from healthcode.control.exchange.documents import document_of
from healthcode.control.exchange.models import Batch
from healthcode.control.people.vault import NewIdentity, subjects_ensure

_MATCHED: Final = """
CREATE TEMPORARY TABLE intake_new ON COMMIT DROP AS
SELECT r.row, r.key, r.id, r.occurred, r.fields, r.reference, i.subject_id AS subject
  FROM intake_row r
  LEFT JOIN exchange_batchrow k ON k.kind = %(kind)s AND k.key = r.key
  LEFT JOIN people_identityindex i ON i.index = r.document
 WHERE k.key IS NULL
"""
# A sample of this source that still waits for its result: the result takes the waiting row's place.
_WAITING: Final = """
CREATE TEMPORARY TABLE intake_waiting ON COMMIT DROP AS
SELECT DISTINCT ON (e.subject_id, e.occurred_at) e.subject_id, e.occurred_at, e.id
  FROM evidence_evidence e
 WHERE e.source_unit_id = %(unit)s AND e.kind = 'test' AND e.fields ->> 'result' = 'pending' AND NOT e.rescinded
 ORDER BY e.subject_id, e.occurred_at, e.id DESC
"""
_RECORD: Final = """
INSERT INTO evidence_evidence (id, subject_id, kind, fields, occurred_at, learned_at, division, source_unit_id,
                               document, batch_id, supersedes_id, rescinded)
SELECT n.id, n.subject, f.kind, f.fields, n.occurred, %(now)s,
       COALESCE(NULLIF(s.present_division, ''), s.residence_division), %(unit)s, n.reference, %(batch)s,
       CASE WHEN f.fields ->> 'result' <> 'pending' THEN w.id END, false
  FROM intake_new n
  JOIN intake_fields f ON f.id = n.fields
  JOIN people_subject s ON s.number = n.subject
  LEFT JOIN intake_waiting w ON w.subject_id = n.subject AND w.occurred_at = n.occurred
 ORDER BY n.row
"""
Rows = Callable[[], Iterator[Chunk]]


def rows_match(batch: Batch) -> int:
    """Find the subjects of the rows that did not come before; returns how many such rows there are."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCHED, {"kind": batch.kind})
        cursor.execute("ANALYZE intake_new")
        cursor.execute("SELECT count(*) FROM intake_new")
        return int(cursor.fetchone()[0])


def strangers_ensure(again: Rows, *, now: datetime) -> int:
    """Make subjects of those whom nobody mentioned before; returns how many rows are about such people."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row FROM intake_new WHERE subject IS NULL")
        wanted = {row for (row,) in cursor}
    if not wanted:
        return 0
    for chunk in again():
        at = [i for i, row in enumerate(chunk.numbers) if row in wanted]
        for part in chunks(at):
            people = [
                NewIdentity(document_of(chunk.values["document_number"][i]), chunk.values["name"][i]) for i in part
            ]
            _number([chunk.numbers[i] for i in part], subjects_ensure(people, now=now))
    return len(wanted)


def _number(rows: Sequence[int], numbers: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_new n SET subject = d.subject FROM unnest(%s::int[], %s::bigint[]) AS d(row, subject)"
            " WHERE n.row = d.row",
            [list(rows), list(numbers)],
        )


def rows_record(batch: Batch, *, now: datetime) -> None:
    """Write keys and evidence of all new rows. The database checks each row as it checks one."""
    values: dict[str, Any] = {"batch": batch.pk, "kind": batch.kind, "unit": batch.unit_id, "now": now}
    with connection.cursor() as cursor:
        # in the order of the key: neighbours in the index are written together
        cursor.execute(
            "INSERT INTO exchange_batchrow (batch_id, kind, key) SELECT %(batch)s, %(kind)s, key FROM intake_new"
            " ORDER BY key",
            values,
        )
        cursor.execute(_WAITING, values)
        cursor.execute("ANALYZE intake_waiting")
        cursor.execute(_RECORD, values)


def keys_record(batch: Batch) -> None:
    """Write the keys of all staged rows that did not come before, and nothing else: for leads."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_batchrow (batch_id, kind, key) SELECT %s, %s, key FROM intake_row ORDER BY key"
            " ON CONFLICT (kind, key) DO NOTHING",
            [batch.pk, batch.kind],
        )
