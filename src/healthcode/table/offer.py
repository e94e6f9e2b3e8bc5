"""A table made elsewhere, offered to the edges: a signed note that names the file, its digest, and from when it holds.

Invariants: nothing of the file is used before signature, region and digest agree; of all that is due the newest wins,
and a table is never replaced by one that takes effect earlier.  Spec: spec/color-table.md section 8.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from healthcode.crypto.errors import BadSignature
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.domain.time import Minute
from healthcode.table.header import Header
from healthcode.table.payloads import Note

CONTEXT: Final = b"healthcode/table-offer/1"
_NAME: Final = re.compile(r"table-[0-9a-z-]{1,80}\.bin")


class OfferError(ValueError):
    """The offer is not whole, not signed by control, of another region, or its file is not what it says."""


class TableOffer(Note, frozen=True):
    """A whole table: `name` in the store of snapshots, with the SHA-256 of all its bytes.

    Everything of the feed up to `applied` (lane → number) is in it.  `valid_from` is the minute from which it may be
    read (0: at once); `serial` rises with every offer; `made_ms` is control's time when its records were read.
    """

    region: int
    name: str
    sha256: bytes
    capacity: int
    applied: dict[int, int]
    made_ms: int
    valid_from: Minute
    serial: int

    @property
    def effective(self) -> Minute:
        """The minute from which it counts: a table for at once counts from when it was made."""
        return self.valid_from or self.made_ms // 60_000

    @property
    def file_id(self) -> bytes:
        """The id that a host's copy bears (16 bytes), so that the copy tells which offer it is of."""
        return hashlib.sha256(self.sha256 + b"%d %d" % (self.valid_from, self.serial)).digest()[:16]


class _Signed(Note, frozen=True):
    body: bytes
    signature: bytes


def offer_sign(key: SigningKey, offer: TableOffer) -> bytes:
    """The payload of an offer, signed by control's feed key.  Raises `OfferError` for a name that no reader takes."""
    _named(offer)
    body = msgspec.msgpack.encode(offer)
    return msgspec.msgpack.encode(_Signed(body=body, signature=key.sign(CONTEXT + body)))


def offer_verify(public: VerifyKey, payload: bytes, *, key: int, region: int) -> TableOffer:
    """The offer of a side entry, if control made it for this region and for this key.  Raises `OfferError`.

    The key is not signed, so an old offer could be put under another one: it must be the offer's own minute.
    """
    try:
        signed = msgspec.msgpack.decode(payload, type=_Signed)
        public.verify(CONTEXT + signed.body, signed.signature)
        offer = msgspec.msgpack.decode(signed.body, type=TableOffer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OfferError(f"this is no offer of a table: {error}") from None
    except BadSignature:
        raise OfferError("this offer is not signed by control's feed key") from None
    if offer.region != region:
        raise OfferError(f"this offer is of region {offer.region}, this edge of {region}")
    if offer.valid_from != key:
        raise OfferError(f"this offer is for minute {offer.valid_from}, but was published for {key}")
    _named(offer)
    return offer


def offer_fits(offer: TableOffer, header: Header) -> None:
    """Raises `OfferError` where a file's own header says something else than its offer."""
    applied = {lane: header.applied.get(lane, 0) for lane in offer.applied}
    if (header.region, header.capacity, applied) != (offer.region, offer.capacity, dict(offer.applied)):
        raise OfferError(f"{offer.name} says of itself another region, capacity or feed number than its offer")


def offer_due(offers: Iterable[TableOffer], now: Minute) -> TableOffer | None:
    """Of those whose minute has come the newest, or None."""
    due = [offer for offer in offers if offer.valid_from <= now]
    return max(due, key=lambda offer: (offer.effective, offer.serial), default=None)


def offer_next(offers: Iterable[TableOffer], now: Minute) -> TableOffer | None:
    """Of those whose minute is to come the first, or None."""
    ahead = [offer for offer in offers if offer.valid_from > now]
    return min(ahead, key=lambda offer: (offer.valid_from, -offer.serial), default=None)


def offer_is_news(offer: TableOffer, table: Header) -> bool:
    """Whether an offer takes effect later than a table, or is another one for the same minute."""
    if offer.effective == table.valid_from:
        return offer.file_id != table.file_id
    return offer.effective > table.valid_from


def _named(offer: TableOffer) -> None:
    if not _NAME.fullmatch(offer.name):
        raise OfferError(f"{offer.name!r} is no name of a table in the store: write table-….bin, in a-z, 0-9 and -")
