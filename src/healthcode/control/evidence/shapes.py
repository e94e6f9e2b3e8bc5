"""What many people have in common: equal evidence but for whose it is. A compound's thousands have one shape.

Law: an answer depends on the ids of records only by their order and by which record names which; so of two people whose
rows are equal once each's own ids are replaced by their places, the one's answer is the other's with the ids exchanged
(`tests/properties/test_shapes.py`). Ids are UUIDs in text, which no other text of ours can hold by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import connection

_SHAPES: Final = (
    "SELECT subject_id, array_agg(id::text ORDER BY id), string_agg(ROW(kind, fields, anchor_day, occurred_at,"
    " learned_at, division, source_unit_id, document, batch_id, supersedes_id, rescinded)::text, E'\\x1e' ORDER BY id)"
    " FROM subject_evidence(%s::bigint[]) GROUP BY subject_id"
)


class Shape(NamedTuple):
    """Somebody's record ids in order, and all else that her evidence says, ids replaced by their places."""

    ids: tuple[str, ...]
    content: str


NOTHING: Final = Shape((), "")


def shapes_of(numbers: Sequence[int]) -> dict[int, Shape]:
    """The shapes of these subjects by number. Missing where nobody recorded anything."""
    with connection.cursor() as cursor:
        cursor.execute(_SHAPES, [list(numbers)])
        return {number: Shape(tuple(ids), _placed(content, ids)) for number, ids, content in cursor.fetchall()}


def ids_exchange(text: str, theirs: Sequence[str], own: Sequence[str]) -> str:
    """`text` about somebody of the same shape, with one's own ids in the places of theirs."""
    for old, new in zip(theirs, own, strict=True):
        text = text.replace(old, new)
    return text


def ids_exchange_bytes(data: bytes, theirs: Sequence[str], own: Sequence[str]) -> bytes:
    """The same for encoded text: ids are of one length, so that lengths written before them stay true."""
    for old, new in zip(theirs, own, strict=True):
        data = data.replace(old.encode(), new.encode())
    return data


def _placed(content: str, ids: Sequence[str]) -> str:
    """Each own id as its place. Rows that name no record of their subject have nothing to replace."""
    for place, own in enumerate(ids):
        if own in content:
            content = content.replace(own, f"\x1f{place}\x1f")
    return content
