"""The vault (T2): identity fields sealed under per-person keys held elsewhere, found by keyed hashes, shown masked.

Invariants: no identity stands in the database in clear; a sealed value is bound to its field and its person; whoever
unmasks a field leaves an audit event that the person sees. Destroying a person's key ends every copy (Art. 28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.rows import chunks, insert_query, rows_insert
from healthcode.control.language import say
from healthcode.control.people.models import Identity
from healthcode.control.people.places import places_write
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.crypto.fields import blind_index, open_field, seal_field
from healthcode.crypto.keystore import KeyMissing
from healthcode.domain.document import Document, DocumentKind, document_mask, name_mask, phone_mask

FieldName = Literal["document", "name", "phone", "address"]
FIELDS: Final[tuple[FieldName, ...]] = ("document", "name", "phone", "address")
_UNREADABLE: Final = "*"


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """What a file, a lead or an application says about a person; blank where it says nothing."""

    document: Document
    name: str = ""
    phone: str = ""
    address: str = ""
    division: str = ""


@dataclass(frozen=True, slots=True)
class MaskedIdentity:
    """How a person is shown to everybody but herself: enough to recognise, too little to find."""

    document_kind: DocumentKind
    document: str
    name: str
    phone: str


def document_index(document: Document) -> bytes:
    """The keyed hash by which a document is found, 32 bytes."""
    return blind_index(ports().blind_key, f"{document.kind.value}:{document.number}", field="document")


def subject_find(document: Document) -> int | None:
    """The number of the subject with this document, or None. Any act may ask; the answer names nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_by_index(%s)", [document_index(document)])
        found: int | None = cursor.fetchone()[0]
    return found


def person_key(number: int) -> bytes:
    """The person's 32-byte key, made where there is none.

    Raises:
        KeyDestroyed: what was sealed under it is gone on purpose.
    """
    try:
        return ports().key_store.get(str(number))
    except KeyMissing:
        # If we die after this: a key without a person, which seals nothing and says nothing.
        return ports().key_store.create(str(number))


def person_keys(numbers: Iterable[int]) -> Mapping[int, bytes]:
    """The keys of many persons, those that exist and are not destroyed."""
    wanted = [str(number) for number in dict.fromkeys(numbers)]
    return {int(ref): key for ref, key in ports().key_store.get_many(wanted).items()}


def sealed(key: bytes, number: int, field: str, value: str) -> bytes:
    """`value` sealed as `field` of person `number`."""
    return seal_field(key, value, field=field, ref=str(number))


def opened(key: bytes, number: int, field: str, blob: bytes | memoryview) -> str:
    """What `sealed` sealed. Raises `Tampered` or `BadKey` where it was altered or moved."""
    return open_field(key, bytes(blob), field=field, ref=str(number))


def subjects_ensure(rows: Sequence[NewIdentity], *, now: datetime) -> list[int]:
    """The subject numbers of `rows`, in their order; who is not known yet becomes a subject by this first mention.

    What is already known of a person is never overwritten by an import; only an empty present division is filled.
    Several rows about one document are one person. Call it in an act of the system. A phone from a file opens no
    session: only a phone proved by a one-time code is indexed (`phones`).
    """
    del now  # creation times are the database's own
    wanted = [document_index(row.document) for row in rows]
    known = _known(wanted)
    fresh: dict[bytes, NewIdentity] = {}
    for index, row in zip(wanted, rows, strict=True):
        if index not in known:
            fresh.setdefault(index, row)
    # In the order of the index, so that two imports that mention the same people wait for each other, never in a ring.
    for part in chunks(sorted(fresh.items(), key=lambda item: item[0])):
        known |= _create(part)
    numbers = [known[index] for index in wanted]
    _divisions_fill({n: row.division for n, row in zip(numbers, rows, strict=True) if row.division})
    return numbers


def _known(indexes: Sequence[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for part in chunks(list(dict.fromkeys(indexes))):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT index, subject_id FROM people_identityindex WHERE index = ANY(%s::bytea[])", [list(part)]
            )
            found |= {bytes(index): number for index, number in cursor.fetchall()}
    return found


def _create(part: Sequence[tuple[bytes, NewIdentity]]) -> dict[bytes, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT subjects_create(%s)", [len(part)])
        numbers = [row[0] for row in cursor.fetchall()]
        columns = {"index": ("bytea", [index for index, _ in part]), "subject_id": ("bigint", numbers)}
        query, values = insert_query("people_identityindex", columns, field="document")
        cursor.execute(query + " ON CONFLICT (index) DO NOTHING RETURNING index, subject_id", values)
        made = {bytes(index): number for index, number in cursor.fetchall()}
    # Whoever is missing was mentioned by somebody else at this moment; the number made in vain stays empty.
    identities = [(made[index], row) for index, row in part if index in made]
    _identities_add(identities)
    return made | _known([index for index, _ in part if index not in made])


def _identities_add(identities: Sequence[tuple[int, NewIdentity]]) -> None:
    # If we die after this: keys without persons. If the transaction fails: the same.
    keys = ports().key_store.create_many([str(number) for number, _ in identities])

    def column(field: FieldName, values: Iterable[str]) -> tuple[str, list[bytes | None]]:
        pairs = zip(identities, values, strict=True)
        return "bytea", [sealed(keys[str(n)], n, field, value) if value else None for (n, _), value in pairs]

    rows_insert(
        "people_identity",
        {
            "subject_id": ("bigint", [number for number, _ in identities]),
            "document_kind": ("text", [row.document.kind.value for _, row in identities]),
            "document_sealed": column("document", (row.document.number for _, row in identities)),
            "name_sealed": column("name", (row.name for _, row in identities)),
            "phone_sealed": column("phone", (row.phone for _, row in identities)),
            "address_sealed": column("address", (row.address for _, row in identities)),
        },
    )
    places_write([(number, row.address) for number, row in identities if row.address])


def _divisions_fill(divisions: Mapping[int, str]) -> None:
    for part in chunks(list(divisions.items())):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_subject s SET present_division = d.division"
                " FROM unnest(%s::bigint[], %s::text[]) AS d(number, division)"
                # not "= ''": where the planner expects few such rows it walks all of `d` for each of them
                " WHERE s.number = d.number AND length(s.present_division) < 1",
                [[number for number, _ in part], [division for _, division in part]],
            )


def identities_masked(numbers: Iterable[int]) -> dict[int, MaskedIdentity]:
    """The masked identities of those persons whom the act may see, by number. For lists: one query, one key look-up."""
    found = Identity.objects.in_bulk(list(dict.fromkeys(numbers)))
    keys = person_keys(found)
    return {number: _masked(row, keys.get(number)) for number, row in found.items()}


def identity_masked(number: int) -> MaskedIdentity | None:
    """One person's masked identity, or None where the act may not see her."""
    return identities_masked([number]).get(number)


def _masked(row: Identity, key: bytes | None) -> MaskedIdentity:
    kind = DocumentKind(row.document_kind)
    values = identity_open(row, key) if key else dict.fromkeys(FIELDS, "")
    return MaskedIdentity(
        kind,
        document_mask(Document(kind, values["document"])) if values["document"] else _UNREADABLE,
        name_mask(values["name"]) if values["name"] else _UNREADABLE,
        phone_mask(values["phone"]) if values["phone"] else "",
    )


def identity_open(row: Identity, key: bytes) -> dict[FieldName, str]:
    """All fields of an identity in clear, blank where not known: for the person herself, and for masking."""
    blobs: dict[FieldName, bytes | memoryview | None] = {
        "document": row.document_sealed,
        "name": row.name_sealed,
        "phone": row.phone_sealed,
        "address": row.address_sealed,
    }
    return {field: opened(key, row.pk, field, blob) if blob else "" for field, blob in blobs.items()}


def identity_unmask(
    number: int,
    fields: Sequence[FieldName],
    *,
    reason: str,
    reference: str = "",
    division: str = "",
    now: datetime,
) -> dict[FieldName, str]:
    """Some fields of a person in clear, for an officer with a stated reason; recorded, and shown to the person.

    Raises:
        Problem: 422 without a reason; 404 where the act may not see this person or her key was destroyed.
    """
    if not reason.strip():
        raise Problem(
            422,
            "reason_missing",
            say("请填写理由", "A reason is needed"),
            say("查看未脱敏信息须写明理由，本人可以看到。", "Say why you need the full value; the person will see it."),
        )
    row, keys = Identity.objects.filter(pk=number).first(), person_keys([number])
    if row is None or number not in keys:
        raise Problem(
            404,
            "person_not_found",
            say("查无此人", "No such person"),
            say("您的岗位没有与此人相关的待办。", "No work item of your post concerns this person."),
        )
    event_append(
        EventName.IDENTITY_UNMASKED,
        now=now,
        subject=number,
        division=division,
        reference=reference,
        detail={"fields": list(fields), "reason": reason.strip()[:200]},
    )
    values = identity_open(row, keys[number])
    return {field: values[field] for field in fields}
