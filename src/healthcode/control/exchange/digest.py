"""The digest over what a batch brought, as it is stored: in the import's event, bound by its leaf, audited.

A row altered, added or taken away gives another digest. Rescinding rows, which only an approved rollback adds, are not
part of it: what a batch brought stays what it was.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

_CONTENT = (
    "SELECT e.id, e.subject_id, e.kind, e.fields, e.anchor_day,"
    " (extract(epoch FROM e.occurred_at) * 1000000)::bigint, (extract(epoch FROM e.learned_at) * 1000000)::bigint,"
    " e.division, e.source_unit_id, e.document, e.supersedes_id"
    " FROM evidence_evidence e WHERE e.batch_id = '{batch}'::uuid AND NOT e.rescinded ORDER BY e.id"
)


def batch_digest(cursor: Any, batch: UUID) -> str:
    """SHA-256, in hex, over a batch's rows as PostgreSQL's COPY writes them (text, UTF-8), read by `cursor`."""
    digest = hashlib.sha256()
    with cursor.copy(f"COPY ({_CONTENT.format(batch=UUID(str(batch)))}) TO STDOUT (ENCODING 'UTF8')") as copy:
        for part in copy:
            digest.update(part)
    return digest.hexdigest()
