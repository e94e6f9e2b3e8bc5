"""Writing the audit. Each service calls `event_append` once; who, post and purpose come from the act itself."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from healthcode.control.audit.names import LEDGERED, EventName
from healthcode.control.evidence.replay import canonical_json
from healthcode.ledger.leaf import leaf_commit

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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

    `detail` is shown to auditors and holds no identities; `content` is what the leaf binds (default: `detail`). Salt
    and the leaf's time (`now`) stay in the database: the leaf can be checked, and destroying the salt makes the
    commitment say nothing (Art. 28).
    """
    salt = canonical = commitment = None
    at_ms = milliseconds(now)
    if name in LEDGERED:
        salt = secrets.token_bytes(32)
        canonical = canonical_json({"subject": subject, "reference": reference, **(content or detail or {})})
        commitment = leaf_commit(name.value, at_ms, salt, canonical)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_append(%s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s)",
            [name.value, subject, division, reference, json.dumps(detail or {}), salt, canonical, commitment, at_ms],
        )
        return int(cursor.fetchone()[0])


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970 of an instant: the time that a leaf binds. Never by way of a float."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
