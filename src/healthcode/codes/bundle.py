"""The offline bundle: what an inspector's device needs to judge passes and papers without network.

One signed head names every part by its digest (spec/offline-bundle.md), so that whoever carries the parts (an edge, a
proxy, a stick) can neither change nor mix them; a device that holds the head of a number only asks for what changed
since. A venue card says, signed by the same key, what kind of place the device stands at.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

import cbor2

from healthcode.codes.errors import Forged, UpdateNeeded, WrongRegion
from healthcode.codes.signed import map_open, map_sign
from healthcode.crypto.cose import payload_unverified
from healthcode.crypto.interfaces import SigningKey, VerifyKey

VERSION: Final = 1
HEAD_CONTEXT: Final = b"healthcode/bundle/1"
CARD_CONTEXT: Final = b"healthcode/venue-card/1"
SUITE: Final = "intl"
"""The bundle's key is always P-256: browsers verify it, and they have no SM2."""
FAMILIES: Final = ("colors", "policies", "recall", "trust")
"""The families of parts of this release; a reader that does not know one that a head needs must not judge by it."""
HANDLE_BYTES: Final = 16
HEAD: Final = "head"
"""What the head is called where parts stand beside it."""
FEW: Final = 16_384
"""Up to so many recalled handles 16 partitions, beyond it 256: a change then costs a device some kilobytes."""

_FORMAT, _REGION, _NUMBER, _MADE, _NEEDS, _PARTS = range(6)  # labels of the head
_CARD_VENUE, _CARD_MADE, _CARD_SAYS = 2, 3, 4  # labels of a card, after format and region


class Part(NamedTuple):
    """One part as a head names it: the bundle's number when it last changed, and SHA-256 of its bytes."""

    changed: int
    digest: bytes


class Head(NamedTuple):
    """What is signed. `number` only grows; `made` is seconds since 1970; `needs`: families a reader must know."""

    region: int
    number: int
    made: int
    needs: tuple[str, ...]
    parts: Mapping[str, Part]


class Card(NamedTuple):
    """One venue as control says it; `says` holds name, address, type, division, medical, checkpoints."""

    venue: int
    made: int
    says: Mapping[str, object]


def part_bytes(value: object) -> bytes:
    """Return a part's content in deterministic CBOR: what its digest is of."""
    return cbor2.dumps(value, canonical=True)


def bundle_key(name: str) -> int:
    """Return the number under which a part, or the head, is published: of the first 8 bytes of SHA-256 of its name."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


def recall_parts(handles: Iterable[bytes]) -> dict[str, bytes]:
    """Return the recall list as parts `recall/PREFIX`: the sorted handles of each prefix, one after the other.

    A partition without handles stands there too, empty: a reader knows that nothing is missing.
    """
    listed = sorted({handle for handle in handles if len(handle) == HANDLE_BYTES})
    digits = 1 if len(listed) <= FEW else 2
    found: dict[str, list[bytes]] = {f"{prefix:0{digits}x}": [] for prefix in range(16**digits)}
    for handle in listed:
        found[handle.hex()[:digits]].append(handle)
    return {f"recall/{prefix}": part_bytes(b"".join(some)) for prefix, some in found.items()}


def head_next(before: Head | None, parts: Mapping[str, bytes], *, region: int, made: int) -> Head:
    """Return the head after `before` for `parts`: unchanged parts keep the number at which they last changed."""
    number = made if before is None else max(before.number + 1, made)
    held = {} if before is None else before.parts
    digests = {name: sha256(data).digest() for name, data in parts.items()}
    changed = {
        name: held[name] if name in held and held[name].digest == digest else Part(number, digest)
        for name, digest in sorted(digests.items())
    }
    return Head(region, number, made, FAMILIES, changed)


def head_sign(key: SigningKey, kid: bytes, head: Head) -> bytes:
    """Return the COSE_Sign1 of a head."""
    payload = {
        _FORMAT: VERSION,
        _REGION: head.region,
        _NUMBER: head.number,
        _MADE: head.made,
        _NEEDS: list(head.needs),
        _PARTS: {name: [part.changed, part.digest] for name, part in head.parts.items()},
    }
    return map_sign(key, kid, payload, context=HEAD_CONTEXT)


def head_open(trusted: Mapping[bytes, VerifyKey], message: bytes, *, region: int) -> Head:
    """Return the head that a trusted key signed. Raises `Forged`, `UpdateNeeded`, `WrongRegion`."""
    head = _head(map_open(trusted, message, context=HEAD_CONTEXT))
    if head.region != region:
        raise WrongRegion(head.region)
    if not set(head.needs) <= set(FAMILIES):
        raise UpdateNeeded("this bundle needs a kind of part that this release does not know")
    return head


def head_of(message: bytes) -> Head:
    """Return what a head says without verifying it: for edges, which only carry it. Raises `Forged`, `UpdateNeeded`."""
    try:
        said = cbor2.loads(payload_unverified(message))
    except Exception:  # noqa: BLE001 - bytes that are no head fail in many ways; all mean the same here
        raise Forged("this is no head of a bundle") from None
    if not isinstance(said, Mapping):
        raise UpdateNeeded("this bundle is of a version that this release does not know")
    return _head(said)


def _head(said: Mapping[object, object]) -> Head:
    match [said.get(label) for label in (_FORMAT, _REGION, _NUMBER, _MADE, _NEEDS, _PARTS)]:
        case [int(version), int(made_in), int(number), int(made), [*needs], Mapping() as parts] if version == VERSION:
            named = {str(name): _part(part) for name, part in parts.items()}
        case _:
            raise UpdateNeeded("this bundle is of a version that this release does not know")
    return Head(made_in, number, made, tuple(str(name) for name in needs), named)


def parts_check(head: Head, parts: Mapping[str, bytes]) -> None:
    """Return if `parts` are exactly those that `head` names. Raises `Forged`."""
    if parts.keys() != head.parts.keys():
        raise Forged("parts of this bundle are missing, or of another one")
    for name, data in parts.items():
        if sha256(data).digest() != head.parts[name].digest:
            raise Forged(f"the part {name} is not the one that was signed")


def card_sign(key: SigningKey, kid: bytes, card: Card, *, region: int) -> bytes:
    """Return the COSE_Sign1 of a venue card."""
    payload = {_FORMAT: VERSION, _REGION: region, _CARD_VENUE: card.venue, _CARD_MADE: card.made, _CARD_SAYS: card.says}
    return map_sign(key, kid, payload, context=CARD_CONTEXT)


def card_open(trusted: Mapping[bytes, VerifyKey], message: bytes, *, region: int) -> Card:
    """Return the card that a trusted key signed. Raises `Forged`, `UpdateNeeded`, `WrongRegion`."""
    said = map_open(trusted, message, context=CARD_CONTEXT)
    match [said.get(label) for label in (_FORMAT, _REGION, _CARD_VENUE, _CARD_MADE, _CARD_SAYS)]:
        case [int(version), int(made_in), int(venue), int(made), Mapping() as says] if version == VERSION:
            if made_in != region:
                raise WrongRegion(made_in)
            return Card(venue, made, {str(name): value for name, value in says.items()})
    raise UpdateNeeded("this venue card is of a version that this release does not know")


def _part(named: object) -> Part:
    match named:
        case [int(changed), bytes(digest), *_] if len(digest) == 32:
            return Part(changed, digest)
    raise UpdateNeeded("the parts of this bundle are not known to this release")
