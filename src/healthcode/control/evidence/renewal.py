"""Tests that only renew their age, for a million people at once: the record moves on and nothing else changes.

Law: the same state, record and messages as `derivation.subjects_derive` gives person by person (a test compares). It
holds for people whose cached answer is of the rules in force and shows no ground, no notice and no coming change, and
about whom nothing but negative results came in: a negative result opens nothing, so nothing but its own age follows
from it. Everybody else is handed back, to be derived singly. Such a test is no decision (color.md, Words).

Invariant: the states of all who are touched are locked in ascending order before any of them is read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import connection

from healthcode.control.evidence.derivation import Lane
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.time import minute_of
from healthcode.table.block import block_of, block_renew
from healthcode.table.feed import FeedKind

_PLAIN_RECORD: Final = slice(12, 30)
"""Where a record's transitions stand (spec/color-table.md, section 2); all zeros: none."""
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_READ: Final = np.dtype(
    [("columns", ">i2"), ("l0", ">i4"), ("number", ">i8"), ("l1", ">i4"), ("version", ">i4"), ("l2", ">i4"),
     ("negative", ">i8"), ("l3", ">i4"), ("plain", "u1"), ("l4", ">i4"), ("record", "u1", 32)]
)  # fmt: skip
_WRITE: Final = np.dtype([("columns", ">i2"), ("l0", ">i4"), ("number", ">i8"), ("l1", ">i4"), ("record", "u1", 32)])
_PIECE: Final = 1 << 18

_LOCK: Final = """
COPY (SELECT s.number, s.version, COALESCE(t.negative, 0), t.plain AND s.grounds IS NULL AND s.evaluated_at IS NOT NULL
             AND s.ruleset = {ruleset} AND s.publications_known = {publications} AND length(s.record) = 32,
             CASE WHEN length(s.record) = 32 THEN s.record ELSE decode(repeat('00', 32), 'hex') END
        FROM subject_state s JOIN renewal_touched t ON t.number = s.number ORDER BY s.number FOR UPDATE OF s)
TO STDOUT (FORMAT binary)
"""
_UPDATE: Final = """
UPDATE subject_state s SET version = s.version + 1, record = r.record, evaluated_at = %s
  FROM renewal_record r WHERE s.number = r.number
"""


def subjects_renew(touched: str, *, now: datetime, lane: Lane) -> list[int]:
    """Renew the test age of all whom that is all there is to say about; returns the others' numbers, ascending.

    `touched` is a query of our own: number, the newest negative sampling (minutes since 1970, or NULL), and whether
    negative results by nucleic acid are all that came in, one row per person. Call it in the act that recorded them;
    the locks, of those handed back too, are held until it commits.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE renewal_touched (number bigint, negative bigint, plain boolean) ON COMMIT DROP"
        )
        cursor.execute(f"INSERT INTO renewal_touched {touched}")  # our own query
        cursor.execute("ANALYZE renewal_touched")
        states = _lock(cursor, now)
        plain = _plain(states)
        _write(cursor, states[plain], now, lane)
        rest: list[int] = states["number"][~plain].astype(np.int64).tolist()
        cursor.execute("DROP TABLE renewal_touched")
    return rest


def _lock(cursor: Any, now: datetime) -> Any:
    known = rules_known()
    query = _LOCK.format(ruleset=_quoted(known.at(minute_of(now)).key), publications=known.publications)
    with cursor.copy(query) as copy:
        data = b"".join(copy)
    body = memoryview(data)[len(_SIGNATURE) : len(data) - len(_END)]
    return np.frombuffer(body, dtype=_READ)


def _plain(states: Any) -> Any:
    """Those of whom the rest of the record says nothing either: a state that is known, no notice, no transition."""
    record = states["record"]
    known = (record[:, 6] >> 4) != 0
    silent = (record[:, 7:9] == 0).all(axis=1) & (record[:, _PLAIN_RECORD] == 0).all(axis=1)
    return (states["plain"] == 1) & known & silent


def _write(cursor: Any, states: Any, now: datetime, lane: Lane) -> None:
    if not len(states):
        return
    records = block_renew(
        block_of(np.ascontiguousarray(states["record"]).tobytes()),
        last_negative=states["negative"].astype(np.int64),
        versions=states["version"].astype(np.int64) + 1,
    )
    rows = np.zeros(len(states), dtype=_WRITE)
    rows["columns"], rows["l0"], rows["number"], rows["l1"], rows["record"] = 2, 8, states["number"], 32, records
    cursor.execute("CREATE TEMPORARY TABLE renewal_record (number bigint, record bytea) ON COMMIT DROP")
    with cursor.copy("COPY renewal_record FROM STDIN (FORMAT binary)") as copy:
        data = memoryview(_SIGNATURE + rows.tobytes() + _END)
        for at in range(0, len(data), _PIECE):
            copy.write(data[at : at + _PIECE])
    cursor.execute("ANALYZE renewal_record")
    cursor.execute(_UPDATE, [now])
    cursor.execute(
        "INSERT INTO feed_outbox (lane, kind, key, payload) SELECT %s, %s, number, record FROM renewal_record"
        " ORDER BY number",
        [lane, int(FeedKind.RECORD)],
    )
    cursor.execute("DROP TABLE renewal_record")


def _quoted(text: str) -> str:
    """A literal for COPY, which takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
