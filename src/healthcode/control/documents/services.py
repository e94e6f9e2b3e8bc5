"""Making the entries of the document index, for everybody once a generation and for whoever's identity was written.

Each batch is one transaction with what it publishes: a crash leaves a batch done or not begun.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.bridge.services import BULK, SINGLE, publish
from healthcode.control.documents.generations import generations_live, generations_turn, keys_publish
from healthcode.control.documents.holders import holder_enrol_here
from healthcode.control.documents.models import Entry, Generation
from healthcode.control.people.models import Identity
from healthcode.control.people.vault import opened, person_keys
from healthcode.control.ports import ports
from healthcode.control.turns import INDEX_MAKING
from healthcode.table.document_index import document_digest, generation_key
from healthcode.table.feed import DocumentNote, FeedKind, key_from_bytes, note_encode

BATCH: Final = 1_000
TURN_S: Final = 20.0
"""How long one run works, so that other jobs of the worker get their turn."""
_SINGLE_MOST: Final = 50
PURPOSE: Final = "keep the document index"


def index_ensure(now: datetime | None = None) -> None:
    """Generations, hosts and keys as they should be: what a worker does first, so that no edge waits for a minute."""
    with transaction.atomic():
        act_begin(ports().system_token, PURPOSE)
        _standing(now or datetime.now(UTC))


def index_follow(*, now: datetime, turn_s: float = TURN_S) -> int:
    """Bring the index up to date, for at most `turn_s` seconds; returns how many entries were looked at."""
    index_ensure(now)
    done, until = 0, time.monotonic() + turn_s
    while time.monotonic() < until:
        with transaction.atomic():
            act_begin(ports().system_token, PURPOSE)
            made = _due_make() or _generation_make(now)
        if not made:
            break
        done += made
    return done


def _standing(now: datetime) -> None:
    holder_enrol_here(now=now)
    generations_turn(now=now)
    keys_publish()


def _due_make() -> int:
    """The entries of those whose identity was written. Claimed by deletion: who is written again is due again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INDEX_MAKING])
        cursor.execute(
            "DELETE FROM documents_due WHERE subject IN"
            " (SELECT subject FROM documents_due ORDER BY subject LIMIT %s) RETURNING subject",
            [BATCH],
        )
        numbers = [row[0] for row in cursor.fetchall()]
    if numbers:
        entries_make(numbers, generations_live())
    return len(numbers)


def _generation_make(now: datetime) -> int:
    """The next batch of a generation that is not complete; marks it complete behind the last."""
    making = Generation.objects.select_for_update().filter(completed_at__isnull=True, retired_at__isnull=True).first()
    if making is None:
        return 0
    found = Identity.objects.filter(pk__gt=making.last_subject).order_by("pk")
    numbers = list(found.values_list("pk", flat=True)[:BATCH])
    if numbers:
        entries_make(numbers, [making])
        making.last_subject = numbers[-1]
    else:
        making.completed_at = now
    making.save(update_fields=["last_subject", "completed_at"])
    return len(numbers)


def entries_make(numbers: Sequence[int], generations: Sequence[Generation]) -> None:
    """Make or renew these subjects' entries; a person without a name or whose key was destroyed has none."""
    wanted = _digests(numbers, generations)
    kept = Entry.objects.filter(subject_id__in=numbers, generation__in=generations)
    before = {(row.generation_id, row.subject_id): row for row in kept}
    gone = [row for place, row in before.items() if wanted.get(place) != bytes(row.digest)]
    new = {place: d for place, d in wanted.items() if place not in before or bytes(before[place].digest) != d}
    Entry.objects.filter(pk__in=[row.pk for row in gone]).delete()
    Entry.objects.bulk_create(
        Entry(generation_id=generation, subject_id=subject, digest=digest, key=key_from_bytes(digest))
        for (generation, subject), digest in new.items()
    )
    _publish({row.key for row in gone} | {key_from_bytes(digest) for digest in new.values()})


def _digests(numbers: Sequence[int], generations: Sequence[Generation]) -> Mapping[tuple[int, int], bytes]:
    keys, found = person_keys(numbers), {}
    secrets = [(one.number, generation_key(ports().document_master, one.number)) for one in generations]
    for row in Identity.objects.filter(pk__in=numbers).exclude(name_sealed=None):
        if row.pk not in keys or not row.name_sealed:
            continue
        number = opened(keys[row.pk], row.pk, "document", row.document_sealed)
        name = opened(keys[row.pk], row.pk, "name", row.name_sealed)
        for generation, secret in secrets:
            found[generation, row.pk] = document_digest(secret, row.document_kind, number, name)
    return found


def _publish(keys: set[int]) -> None:
    """Tell the edges what now stands under these keys: more than one subject where eight bytes collide."""
    known: dict[int, list[tuple[bytes, int]]] = {key: [] for key in keys}
    for key, digest, subject in Entry.objects.filter(key__in=keys).values_list("key", "digest", "subject_id"):
        known[key].append((bytes(digest), subject))
    messages = [
        (FeedKind.DOCUMENT, key, note_encode(DocumentNote(subjects=sorted(subjects))) if subjects else b"")
        for key, subjects in sorted(known.items())
    ]
    publish(messages, lane=SINGLE if len(messages) <= _SINGLE_MOST else BULK)
