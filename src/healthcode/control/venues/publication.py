"""What the edges learn about venues and inspectors: within a second of the act, in the act's own transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import structs

from healthcode.control.bridge.bundle import DEVICE_REASON, venue_card
from healthcode.control.bridge.models import Published
from healthcode.control.bridge.services import publish
from healthcode.control.venues.models import Venue
from healthcode.domain.time import Minute, minute_of
from healthcode.domain.venue import venue_type_get
from healthcode.table.feed import FeedKind, RecallNote, VenueEntry, key_from_bytes, note_decode, note_encode

SESSION_MINUTES: Final = 3 * 24 * 60
"""No session of a device is alive so long after it was recalled: one ends when the day after its making does."""
# `pending` and `refused` venues are published to nobody: their codes lead to a venue unknown at the edge.
STATUS: Final = {"approved": "active", "suspended": "suspended", "closed": "closed"}


def venue_entry(venue: Venue) -> VenueEntry:
    """A venue as the edges hold it.

    No policy is bound to it: the edge looks up, at each check, the policy that covers its type and place (V5), so that
    an adjustment begins and lapses by itself without a venue being published again.
    """
    kind = venue_type_get(venue.type)
    gates = venue.checkpoints.order_by("number").values_list("number", "name")
    return VenueEntry(
        name=venue.name,
        address=venue.address,
        type=venue.type,
        division=venue.division,
        medical=kind.medical,
        checkpoints=dict(gates),
        status=STATUS[venue.state],
        edition=venue.edition,
    )


def venue_publish(venue: Venue, *, now: datetime) -> None:
    """Send a reviewed venue to every edge once the act commits."""
    entry = venue_entry(venue)
    carded = structs.replace(entry, card=venue_card(venue.number, entry, now=now))
    publish([(FeedKind.VENUE, venue.number, note_encode(carded))])


def device_recall(device: bytes, *, now: datetime) -> None:
    """Stop a device's sessions at every edge once the act commits. `device`: the 16 random bytes its sessions name."""
    note = RecallNote(handle=device, since=minute_of(now), reason=DEVICE_REASON)
    publish([(FeedKind.RECALL, key_from_bytes(device), note_encode(note))])


def device_recalls_forget(*, now: datetime) -> int:
    """Take devices off the recall list whose last session is over; returns how many. In an act of the system."""
    over = minute_of(now) - SESSION_MINUTES
    ended = [
        key
        for key, payload in Published.objects.filter(kind=int(FeedKind.RECALL)).values_list("key", "payload")
        if payload and _ended_device(bytes(payload), over)
    ]
    publish([(FeedKind.RECALL, key, b"") for key in ended])
    return len(ended)


def _ended_device(payload: bytes, over: Minute) -> bool:
    note = note_decode(payload, RecallNote)
    return note.reason == DEVICE_REASON and note.since < over
