"""Checked rows on their way into the tables: copied into temporary tables that end with the transaction.

No name and no document number is written here, also not for a moment: rows are known by keyed hashes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import connection
from psycopg.copy import QueuedLibpqWriter

from healthcode.control.exchange.checking import Chunk
from healthcode.control.exchange.faults import Faults
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.schema import SPECS
from healthcode.control.ports import ports
from healthcode.crypto.fields import BlindIndex
from healthcode.domain.evidence import EvidenceKind, evidence_check

_TABLES: Final = """
CREATE TEMPORARY TABLE intake_row (
    row int NOT NULL, key bytea NOT NULL, id uuid, document bytea, occurred timestamptz, fields int, reference text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE intake_fields (id int PRIMARY KEY, kind text, fields jsonb) ON COMMIT DROP;
"""
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " "})


@dataclass(slots=True)
class Staging:
    """The rows of one upload in temporary tables of the current transaction. Whatever repeats is kept once."""

    upload: Upload
    leads: bool
    now: datetime
    _fields: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _told: list[dict[str, Any]] = field(default_factory=list)

    def open(self) -> None:
        """Make the tables."""
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)

    def copy(self, chunks: Iterator[Chunk]) -> Iterator[int]:
        """Copy chunk after chunk; yields the number of rows of each once it is on its way."""
        keys = BlindIndex(ports().blind_key, f"row:{self.upload.kind}")
        documents = BlindIndex(ports().blind_key, "document")
        columns = "row, key" if self.leads else "row, key, id, document, occurred, fields, reference"
        with connection.cursor() as cursor:
            # sent from a thread of its own: the server takes one chunk in while the next is being checked
            writer = QueuedLibpqWriter(cursor.cursor)
            with cursor.copy(f"COPY intake_row ({columns}) FROM STDIN", writer=writer) as copy:
                for chunk in chunks:
                    copy.write(self._lines(chunk, keys, documents))
                    yield len(chunk.numbers)
            ids = range(len(self._told))
            cursor.execute(
                "INSERT INTO intake_fields SELECT * FROM unnest(%s::int[], %s::text[], %s::jsonb[])",
                [list(ids), [f["kind"] for f in self._told], [json.dumps(f["fields"]) for f in self._told]],
            )
            cursor.execute("ANALYZE intake_row")

    def repeated(self, faults: Faults) -> None:
        """A fault for each row whose id another row of the file has."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.row, k.first FROM intake_row r JOIN (SELECT key, min(row) AS first FROM intake_row"
                " GROUP BY key HAVING count(*) > 1) k ON k.key = r.key WHERE r.row > k.first ORDER BY r.row"
            )
            for row, first in cursor:
                faults.add(row + 1, "row_id", "row_id_repeated", first=first + 1)

    def known(self) -> set[int]:
        """The rows that came before, in another file of this unit."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.row FROM intake_row r JOIN exchange_batchrow k ON k.kind = %s AND k.key = r.key",
                [self.upload.kind],
            )
            return {row for (row,) in cursor}

    def _lines(self, chunk: Chunk, keys: BlindIndex, documents: BlindIndex) -> bytes:
        unit = self.upload.unit_id
        hashed = [keys.of(f"{unit}:{row}").hex() for row in chunk.values["row_id"]]
        if self.leads:
            lines = [f"{number}\t\\\\x{key}\n" for number, key in zip(chunk.numbers, hashed, strict=True)]
            return "".join(lines).encode()
        people = [documents.of(text).hex() for text in chunk.values["document_number"]]
        occurred, fields, references = self._facts(chunk.values)
        ids = ids_of_rows(chunk.numbers, now=self.now)
        rows = zip(chunk.numbers, hashed, ids, people, occurred, fields, references, strict=True)
        lines = [f"{n}\t\\\\x{k}\t{i}\t\\\\x{d}\t{o}\t{f}\t{r}\n" for n, k, i, d, o, f, r in rows]
        return "".join(lines).encode()

    def _facts(self, values: Mapping[str, Sequence[Any]]) -> tuple[list[str], list[int], list[str]]:
        """When each fact held, the number of its fields, and the source's reference, of a kind of signed facts."""
        if self.upload.kind == "results":
            made = zip(values["result"], values["pool_size"], strict=True)
            pools = values["pool_id"]
            plain = [text.translate(_ESCAPES) for text in values["laboratory_reference"]]
            told = [f"{t} 混管 {p.translate(_ESCAPES)}" if p else t for t, p in zip(plain, pools, strict=True)]
            return _instants(values["sampled_at"]), [self._number(m) for m in made], told
        plain = [text.translate(_ESCAPES) for text in values["reference"]]
        if self.upload.kind == "vaccinations":
            shots = zip(values["dose"], values["product"], values["site"], strict=True)
            return _instants(values["given_on"]), [self._number(m) for m in shots], plain
        given = zip(values["region"], values["status"], strict=True)
        return _instants(values["given_at"]), [self._number(m) for m in given], plain

    def _number(self, told: tuple[Any, ...]) -> int:
        number = self._fields.get(told)
        if number is None:
            number = self._fields[told] = len(self._fields)
            self._told.append(self._fact(told))
        return number

    def _fact(self, told: tuple[Any, ...]) -> dict[str, Any]:
        """Kind and canonical fields of what a row tells."""
        if self.upload.kind == "results":
            fields: dict[str, Any] = {"result": told[0], "pool_size": told[1], "laboratory": self.upload.unit.name_zh}
        elif self.upload.kind == "vaccinations":
            fields = dict(zip(("dose", "product", "site"), told, strict=True))
        else:
            fields = dict(zip(("region", "status"), told, strict=True))
        kind = SPECS[self.upload.kind].evidence or EvidenceKind.test
        return {"kind": kind.value, "fields": evidence_check(kind, fields)}


def ids_of_rows(rows: Sequence[int], *, now: datetime) -> list[str]:
    """An id (RFC 9562, version 7) for each row, as hex: of the instant `now`, ascending by row, not to be guessed.

    Twenty-four bits are the row's, so that a file has up to 16 million; fifty bits are random.
    """
    made = np.frombuffer(secrets.token_bytes(16 * len(rows)), dtype=np.uint8).reshape(-1, 16).copy()
    number = np.asarray(rows, dtype=np.uint32)
    made[:, :6] = np.frombuffer((int(now.timestamp() * 1000)).to_bytes(6, "big"), dtype=np.uint8)
    made[:, 6] = 0x70 | (number >> 20) & 0x0F
    made[:, 7] = (number >> 12) & 0xFF
    made[:, 8] = 0x80 | (number >> 6) & 0x3F
    made[:, 9] = (number & 0x3F) << 2 | made[:, 9] & 3
    text = made.tobytes().hex()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


class _Instants(dict[datetime, str]):
    def __missing__(self, at: datetime) -> str:
        text = self[at] = at.isoformat()
        return text


def _instants(values: Sequence[datetime]) -> list[str]:
    known = _Instants()
    return [known[at] for at in values]
