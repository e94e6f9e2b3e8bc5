"""Publishing to the edges: an outbox row in the caller's own transaction; the relay numbers it after commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from django.db import connection

from healthcode.control.bridge.models import Published
from healthcode.table.feed import FeedKind

SINGLE: Literal[0] = 0
BULK: Literal[1] = 1


def publish(messages: Iterable[tuple[FeedKind, int, bytes]], *, lane: Literal[0, 1] = SINGLE) -> None:
    """Send (kind, key, payload) messages to every edge once the current transaction commits.

    RECORD and GROUNDS are read from `subject_state` for snapshots; every other kind is kept as the latest by key.
    """
    messages = list(messages)
    kept = [Published(kind=int(k), key=key, payload=payload) for k, key, payload in messages if _is_side(k)]
    Published.objects.bulk_create(kept, update_conflicts=True, unique_fields=["kind", "key"], update_fields=["payload"])
    if messages:
        rows = "".join(f"{lane}\t{int(kind)}\t{key}\t\\\\x{payload.hex()}\n" for kind, key, payload in messages)
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY feed_outbox (lane, kind, key, payload) FROM STDIN") as copy,
        ):
            copy.write(rows)


def _is_side(kind: FeedKind) -> bool:
    return kind not in (FeedKind.RECORD, FeedKind.GROUNDS)
