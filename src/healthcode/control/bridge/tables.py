"""Offering a table made elsewhere (by a population run) to every edge: at once, or for an announced instant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.db import connection

from healthcode.control.bridge.models import Published
from healthcode.control.bridge.services import publish
from healthcode.control.ports import ports
from healthcode.domain.time import Minute, minute_of
from healthcode.table.feed import FeedKind
from healthcode.table.header import HEADER_BYTES, header_decode
from healthcode.table.messages import LANES
from healthcode.table.offer import OfferError, TableOffer, offer_fits, offer_sign, offer_verify

_CHUNK = 4 << 20


def feed_watermarks() -> dict[int, int]:
    """The last feed number of each lane in this transaction's view: read it before the records, in one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lane, max(seq) FROM feed_log GROUP BY lane")
        return dict.fromkeys(LANES, 0) | {int(lane): int(seq) for lane, seq in cursor.fetchall()}


def table_offer(
    path: Path, watermarks: Mapping[int, int], *, made_at: datetime, valid_from: datetime | None, now: datetime
) -> TableOffer:
    """Offer the table file at `path` to every edge once the transaction commits; call it inside an act.

    The file holds everybody, and everything of the feed up to `watermarks` (lane → number); it lies in the store of
    snapshots (`ports().snapshots`), durable and never changed again. `valid_from` None: edges take it at once, and
    what it says is in `subject_state` already. Otherwise they switch to it at that instant by their clocks. An offer
    for at once replaces the one before it. Raises OfferError.
    """
    deployment = ports()
    if deployment.feed_key is None or deployment.snapshots is None:
        raise OfferError("this process holds no feed key and no store of snapshots: offer tables from the worker")
    if path.parent != deployment.snapshots:
        raise OfferError(f"{path} is not in the store of snapshots: put it into {deployment.snapshots}")
    minute = 0 if valid_from is None else minute_of(valid_from)
    if valid_from is not None and (valid_from <= now or minute_of(valid_from) * 60 != valid_from.timestamp()):
        raise OfferError(f"{valid_from}: a table is announced for a whole minute that is to come; for now give none")
    offer = _offer(path, watermarks, region=int(deployment.region), minute=minute, made_at=made_at, now=now)
    publish([(FeedKind.TABLE, minute, offer_sign(deployment.feed_key, offer))])
    return offer


def table_offer_withdraw(valid_from: datetime | None) -> bool:
    """Take back the offer for an instant (None: for at once); False where there is none. Call it inside an act.

    Before the instant edges drop the waiting table. After it this undoes nothing: offer another table.
    """
    minute = 0 if valid_from is None else minute_of(valid_from)
    row = Published.objects.filter(kind=int(FeedKind.TABLE), key=minute).values_list("payload", flat=True).first()
    if not row:
        return False
    publish([(FeedKind.TABLE, minute, b"")])
    return True


def table_offers() -> list[TableOffer]:
    """What is offered now, by the instant from which it holds."""
    deployment = ports()
    found = []
    for key, payload in (
        Published.objects.filter(kind=int(FeedKind.TABLE)).order_by("key").values_list("key", "payload")
    ):
        if deployment.feed_key is not None and payload:
            with suppress(OfferError):
                public, region = deployment.feed_key.public, int(deployment.region)
                found.append(offer_verify(public, bytes(payload), key=key, region=region))
    return found


def _offer(
    path: Path, watermarks: Mapping[int, int], *, region: int, minute: Minute, made_at: datetime, now: datetime
) -> TableOffer:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        header = header_decode(file.read(HEADER_BYTES))
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    newest = max((offer.serial for offer in table_offers()), default=0)
    offer = TableOffer(
        region=region,
        name=path.name,
        sha256=digest.digest(),
        capacity=header.capacity,
        applied=dict(watermarks),
        made_ms=int(made_at.timestamp() * 1000),
        valid_from=minute,
        serial=max(newest + 1, int(now.timestamp() * 1000)),
    )
    offer_fits(offer, header)
    return offer
