"""Generations of the index: one begins each month, a week ahead; the former ends when the new one has been in use.

Invariants: a generation is taken from the edges only a week after its successor is complete, so that everybody is found
at any moment; its key is given to enrolled hosts alone, sealed to each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.models import Published
from healthcode.control.bridge.services import BULK, publish
from healthcode.control.documents.models import Entry, Generation, Holder
from healthcode.control.evidence.rows import chunks
from healthcode.control.ports import ports
from healthcode.crypto.sealed_box import seal_to
from healthcode.domain.time import REGION_TZ
from healthcode.table.document_index import KEY_CONTEXT, generation_key
from healthcode.table.feed import DocumentKeyNote, FeedKind, note_decode, note_encode

AHEAD: Final = timedelta(days=7)
"""How long before its month a generation begins, and how long two overlap."""
_PART: Final = 20_000


def generations_live() -> list[Generation]:
    """Those that edges hold, or that are being made for them, oldest first."""
    return list(Generation.objects.filter(retired_at__isnull=True).order_by("number"))


def generations_turn(*, now: datetime) -> None:
    """Begin the generation of a new month, retire the one before when its time is over. In an act of the system."""
    live = generations_live()
    if not live or (live[-1].completed_at and _month(now + AHEAD) > _month(live[-1].begun_at + AHEAD)):
        generation_begin(now=now)
        return
    newest = live[-1]
    if newest.completed_at is not None and newest.completed_at <= now - AHEAD:
        for former in live[:-1]:
            _retire(former, now)


def generation_begin(*, now: datetime) -> Generation:
    """Begin a generation under a key that nobody has held before."""
    last = Generation.objects.order_by("-number").first()
    made = Generation.objects.create(number=last.number + 1 if last else 1, begun_at=now)
    event_append(EventName.DOCUMENT_KEY_BEGUN, now=now, reference=f"document_generation:{made.number}")
    return made


def keys_publish() -> None:
    """Give every enrolled host the keys of the live generations; publishes only what differs."""
    hosts = {row.id: bytes(row.public_key) for row in Holder.objects.filter(struck_at__isnull=True)}
    kind = FeedKind.DOCUMENT_KEYS
    published = dict(Published.objects.filter(kind=int(kind)).exclude(payload=b"").values_list("key", "payload"))
    numbers = [generation.number for generation in generations_live()]
    messages = [(kind, key, b"") for key in published if key not in numbers]
    for number in numbers:
        before = published.get(number)
        if before is None or note_decode(bytes(before), DocumentKeyNote).sealed.keys() != hosts.keys():
            key = generation_key(ports().document_master, number)
            sealed = {host: seal_to(public, key, context=KEY_CONTEXT) for host, public in hosts.items()}
            messages.append((kind, number, note_encode(DocumentKeyNote(generation=number, sealed=sealed))))
    publish(messages)


def _retire(former: Generation, now: datetime) -> None:
    """Take a generation's entries and key from the edges."""
    keys = list(Entry.objects.filter(generation=former).values_list("key", flat=True))
    for part in chunks(keys, _PART):
        publish([(FeedKind.DOCUMENT, key, b"") for key in part], lane=BULK)
    Entry.objects.filter(generation=former).delete()
    former.completed_at = former.completed_at or now
    former.retired_at = now
    former.save(update_fields=["completed_at", "retired_at"])
    event_append(EventName.DOCUMENT_KEY_RETIRED, now=now, reference=f"document_generation:{former.number}")


def _month(at: datetime) -> tuple[int, int]:
    local = at.astimezone(REGION_TZ)
    return local.year, local.month
