"""Writing the audit. Each service calls `event_append` once; who, post and purpose come from the act itself."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from django.db import connection

from healthcode.control.audit.names import LEDGERED, EventName
from healthcode.ledger.leaf import leaf_commit


def event_append(
    name: EventName,
    *,
    now: datetime,
    subject: int | None = None,
    division: str = "",
    reference: str = "",
    detail: dict[str, Any] | None = None,
    content: dict[str, Any] | None = None,
) -> int:
    """Record one act and, where the name is ledgered, its pending leaf. Returns the event's id.

    `detail` is shown to auditors and holds no identities; `content` is what the leaf binds (default: `detail`). The
    salt stays in the database, so that destroying it makes the commitment say nothing (Art. 28).
    """
    salt = canonical = commitment = None
    if name in LEDGERED:
        salt = secrets.token_bytes(32)
        canonical = canonical_json({"subject": subject, "reference": reference, **(content or detail or {})})
        commitment = leaf_commit(name.value, int(now.timestamp() * 1000), salt, canonical)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_append(%s, %s, %s, %s, %s::jsonb, %s, %s, %s)",
            [name.value, subject, division, reference, json.dumps(detail or {}), salt, canonical, commitment],
        )
        return int(cursor.fetchone()[0])


def canonical_json(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
