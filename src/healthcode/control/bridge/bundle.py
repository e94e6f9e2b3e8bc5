"""The offline bundle, put together from what was published to the edges, and signed: edges only carry it.

What it says is what every edge has been told before, so that no second truth exists. It is looked through every
minute; unchanged, it is signed again after `RESIGN_S`, because its age is what a device without network goes by.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Final

import msgspec

from healthcode.codes.bundle import (
    HEAD,
    Card,
    Head,
    bundle_key,
    card_sign,
    head_next,
    head_open,
    head_sign,
    part_bytes,
    parts_check,
    recall_parts,
)
from healthcode.codes.errors import CodeError
from healthcode.control.bridge.models import Published
from healthcode.control.bridge.services import publish
from healthcode.control.ports import ports
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.domain.division import division_current
from healthcode.table.feed import (
    BundleNote,
    ColorsNote,
    FeedKind,
    PayloadError,
    PoliciesNote,
    PolicyEntry,
    RecallNote,
    TrustNote,
    VenueEntry,
    note_decode,
    note_encode,
)

RESIGN_S: Final = 300
DEVICE_REASON: Final = "inspector_over"
"""Why a device stands on the recall list: edges refuse its sessions; no reader of passes needs to know."""


def bundle_publish(*, now: datetime) -> int:
    """Publish the parts that changed and a head that names them; returns how many messages went out.

    Works inside the act of its caller. Two at a time are made to wait by `standing_turn`, which the caller takes.
    """
    made = int(now.timestamp())
    parts = {**_said(), **recall_parts(_recalled())}
    before, held = _before()
    following = head_next(before, parts, region=int(ports().region), made=made)
    same = before is not None and before.parts == following.parts
    if before is not None and same and made - before.made < RESIGN_S:
        return 0
    messages = [_message(name, data) for name, data in parts.items() if held.get(name) != data]
    gone = [(FeedKind.BUNDLE, bundle_key(name), b"") for name in held.keys() - parts.keys()]
    key, kid = _issuer()
    # The head goes last: an edge that has not all parts of it yet goes on giving the bundle before.
    publish([*messages, *gone, _message(HEAD, head_sign(key, kid, following))])
    return len(messages) + len(gone) + 1


def venue_card(number: int, entry: VenueEntry, *, now: datetime) -> bytes:
    """The signed card of a venue: what a device without network judges by at this place."""
    says: dict[str, object] = {
        "name": entry.name,
        "address": entry.address,
        "type": entry.type,
        "division": division_current(entry.division),
        "medical": entry.medical,
        "checkpoints": dict(entry.checkpoints),
        "policy": entry.policy,
        "status": entry.status,
        "record_visits": entry.record_visits,
    }
    key, kid = _issuer()
    return card_sign(key, kid, Card(number, int(now.timestamp()), says), region=int(ports().region))


def bundle_keys() -> dict[str, str]:
    """The public keys that a newly enrolled device trusts bundles by: key id and 65-byte point, hexadecimal."""
    key, kid = _issuer()
    return {kid.hex(): key.public.to_bytes().hex()}


def _said() -> dict[str, bytes]:
    """Colors, policies and trust list as published; colors and policies by the minute from which they hold."""
    colors = [[at, _plain(note_decode(payload, ColorsNote))] for at, payload in _rows(FeedKind.COLORS)]
    policies = [[at, _plain(note_decode(payload, PoliciesNote))] for at, payload in _rows(FeedKind.POLICIES)]
    trust = [_plain(note_decode(payload, TrustNote)) for _, payload in _rows(FeedKind.TRUST)]
    return {"colors": part_bytes(colors), "policies": part_bytes(policies), "trust": part_bytes(trust)}


def _recalled() -> list[bytes]:
    notes = [note_decode(payload, RecallNote) for _, payload in _rows(FeedKind.RECALL)]
    return [note.handle for note in notes if note.reason != DEVICE_REASON]


def _before() -> tuple[Head | None, dict[str, bytes]]:
    """The head published last with its parts; nothing where it does not verify, so that it is made anew."""
    held: dict[str, bytes] = {}
    for _, payload in _rows(FeedKind.BUNDLE):
        with contextlib.suppress(PayloadError):  # made anew below, because nothing is held under its name
            note = note_decode(payload, BundleNote)
            held[note.name] = note.data
    head = held.pop(HEAD, b"")
    key, kid = _issuer()
    try:
        before = head_open({kid: key.public}, head, region=int(ports().region))
        parts_check(before, held)
    except CodeError:
        return None, held
    return before, held


def _rows(kind: FeedKind) -> list[tuple[int, bytes]]:
    rows = Published.objects.filter(kind=int(kind)).exclude(payload=b"").order_by("key")
    return [(key, bytes(payload)) for key, payload in rows.values_list("key", "payload")]


def _message(name: str, data: bytes) -> tuple[FeedKind, int, bytes]:
    return FeedKind.BUNDLE, bundle_key(name), note_encode(BundleNote(name=name, data=data))


def _plain(value: object) -> object:
    """A note as maps and lists with every field: a reader needs no defaults of ours."""
    if isinstance(value, PolicyEntry):
        # A reader has no history of divisions: areas are told by their present codes.
        value = msgspec.structs.replace(value, areas=[division_current(area) for area in value.areas])
    if isinstance(value, msgspec.Struct):
        return {name.rstrip("_"): _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _issuer() -> tuple[SigningKey, bytes]:
    issuer = ports().bundle_issuer
    return suite(issuer.suite).private_from_bytes(issuer.private), issuer.kid
