"""Where people live as keyed hashes of places (`domain/address.py`): found by compound, street or town, read by nobody.

Each address has a row even where it names no place (the hash of the empty text), so that it is known to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from healthcode.control.evidence.rows import Columns, chunks, rows_insert
from healthcode.control.ports import ports
from healthcode.crypto.fields import blind_index
from healthcode.domain.address import places_of

_FIELD: Final = "place"


def place_index(place: str) -> bytes:
    """The keyed hash of a place, 32 bytes; equal places of different counties are equal here."""
    return blind_index(ports().blind_key, place, field=_FIELD)


def places_write(people: Sequence[tuple[int, str]]) -> None:
    """Write how these people (number, address in clear) are found by place, in the place of what was written before."""
    for part in chunks(people, 1_000):
        rows = [(number, place_index(place)) for number, address in part for place in ("", *places_of(address))]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM people_placeindex WHERE subject_id = ANY(%s)", [[number for number, _ in part]])
        columns: Columns = {
            "subject_id": ("bigint", [number for number, _ in rows]),
            "index": ("bytea", [index for _, index in rows]),
        }
        rows_insert("people_placeindex", columns)


def places_missing(after: int, most: int) -> list[int]:
    """The next people, by number, whose address nobody is found by yet. For the system."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.subject_id FROM people_identity i WHERE i.subject_id > %s AND i.address_sealed IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM people_placeindex p WHERE p.subject_id = i.subject_id)"
            " ORDER BY i.subject_id LIMIT %s",
            [after, most],
        )
        return [int(row[0]) for row in cursor.fetchall()]
