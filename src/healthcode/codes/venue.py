"""Venue codes: a signed place inside a link, static on a poster or renewed every minute on a screen.

`https://…/v#` then base64url of a COSE_Sign1 by an issuer key (spec/code-format.md section 4). A rotating code is the
same static signature followed by `.` and a seal of the minute under the epoch key; whoever strips the seal off a
photograph is left with a static code, which is weak presence.
"""

import struct
from collections.abc import Collection, Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from healthcode.codes.base64url import Base64Error, b64_decode, b64_encode
from healthcode.codes.epoch import EpochKeys, EpochMissing
from healthcode.codes.errors import Expired, ForeignPlace, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.codes.signed import map_open, map_sign
from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.domain.time import Minute

VERSION: Final = 1
CONTEXT: Final = b"healthcode/venue/1"
SKEW_MINUTES: Final = 1
LONGEST_TEXT: Final = 1024

_PURPOSE: Final = b"venue"
_SEAL: Final = struct.Struct(">BHI16s")  # suite | epoch | minute since 1970 | MAC
_FORMAT, _REGION, _VENUE, _CHECKPOINT, _PLACE, _EDITION = range(6)  # labels of the payload map
_CACHE_SIZE: Final = 65_536


class VenueClaim(NamedTuple):
    """What a venue code says: venue and checkpoint numbers, how it was shown, its minute, a place name, the edition.

    A reader that knows a newer edition of the site's codes calls this one recalled.
    """

    venue: int
    checkpoint: int
    kind: Literal["static", "rotating"] = "static"
    minute: Minute | None = None
    place: str = ""
    edition: int = 0


def venue_static(issuer: SigningKey, kid: bytes, claim: VenueClaim, *, region: int, base_url: str) -> str:
    """Return the link of a poster for `claim` (its kind and minute are not part of the signature)."""
    payload = {_FORMAT: VERSION, _REGION: region, _VENUE: claim.venue, _CHECKPOINT: claim.checkpoint}
    named = {**payload, _PLACE: claim.place} if claim.place else payload
    if claim.edition:
        named = {**named, _EDITION: claim.edition}
    return f"{base_url.rstrip('/')}/v#{b64_encode(map_sign(issuer, kid, named, context=CONTEXT))}"


def venue_rotating(static_url: str, keys: EpochKeys, *, minute: Minute) -> str:
    """Return the link that a screen shows during `minute`: the poster's with the minute's seal.

    Raises `EpochMissing` if no key held is valid at that minute.
    """
    message = b64_decode(static_url.rpartition("#")[2])
    epoch = keys.current(minute).id
    seal = _SEAL.pack(keys.suite_id, epoch, minute, keys.mac(epoch, _PURPOSE, minute, message)[:16])
    return f"{static_url}.{b64_encode(seal)}"


def venue_open(
    trusted: Mapping[bytes, VerifyKey],
    keys: EpochKeys,
    text: str,
    *,
    region: int,
    now: Minute,
    hosts: Collection[str] | None = None,
) -> VenueClaim:
    """Return the claim of a venue code, given as the whole link or as what follows its `#`.

    With `hosts`, a link to any other host raises `ForeignPlace`. Otherwise `Unreadable`, `UpdateNeeded`, `Forged`,
    `WrongRegion`, and for a rotating code `Expired` or `NotYet` (one minute of grace on both sides).
    """
    return VenueReader(trusted, region=region, hosts=hosts).open(keys, text, now=now)


class VenueReader:
    """Opens venue codes for one trust list and remembers signatures that held: posters do not change.

    The cache is keyed by the exact signed bytes, so a hit is as good as a verification under this trust list; replace
    the reader when the trust list changes.
    """

    def __init__(
        self, trusted: Mapping[bytes, VerifyKey], *, region: int, hosts: Collection[str] | None = None
    ) -> None:
        self._trusted = dict(trusted)
        self._region = region
        self._hosts = None if hosts is None else frozenset(hosts)
        self._verified: dict[bytes, VenueClaim] = {}
        self._posters: dict[str, VenueClaim] = {}
        """By the whole text: nothing in a poster depends on the clock or on an epoch key."""

    def open(self, keys: EpochKeys, text: str, *, now: Minute) -> VenueClaim:
        """Do as `venue_open`."""
        poster = self._posters.get(text)
        if poster is not None:
            return poster
        signed, seal = self._split(text)
        claim = self._verified.get(signed)
        if claim is None:
            claim = self._verify(signed)
            if len(self._verified) >= _CACHE_SIZE:
                self._verified.clear()
            self._verified[signed] = claim
        if seal is None:
            if len(self._posters) >= _CACHE_SIZE:
                self._posters.clear()
            self._posters[text] = claim
        return claim if seal is None else _sealed(keys, signed, seal, claim, now)

    def _split(self, text: str) -> tuple[bytes, bytes | None]:
        if len(text) > LONGEST_TEXT:
            raise Unreadable("a venue code is shorter than this")
        _, mark, fragment = text.rpartition("#")
        if (mark or "://" in text) and self._hosts is not None and _host(text) not in self._hosts:
            raise ForeignPlace("this code leads to a host that is not ours; do not open it, report it")
        signed, dot, seal = fragment.partition(".")
        if not signed or (dot and not seal):
            raise Unreadable("this is not a venue code")
        try:
            return b64_decode(signed), b64_decode(seal) if dot else None
        except Base64Error as error:
            raise Unreadable(f"the venue code cannot be read: {error}") from None

    def _verify(self, signed: bytes) -> VenueClaim:
        return _claim(map_open(self._trusted, signed, context=CONTEXT), self._region)


def _host(link: str) -> str | None:
    try:
        return urlsplit(link).netloc
    except ValueError:
        return None


def _claim(payload: Mapping[object, object], region: int) -> VenueClaim:
    """Read a payload whose signature held. Unknown labels are ignored: later releases may add some."""
    if payload.get(_FORMAT) != VERSION:
        raise UpdateNeeded("this venue code is of a version that this release does not know")
    said = [payload.get(label) for label in (_REGION, _VENUE, _CHECKPOINT)]
    match [*said, payload.get(_PLACE, ""), payload.get(_EDITION, 0)]:
        case [int(made_in), int(), int(), str(), int()] if made_in != region:
            raise WrongRegion(made_in)
        case [int(), int(venue), int(checkpoint), str(place), int(edition)]:
            return VenueClaim(venue, checkpoint, "static", None, place, edition)
    raise UpdateNeeded("this venue code has parts that this release does not know")


def _sealed(keys: EpochKeys, signed: bytes, seal: bytes, claim: VenueClaim, now: Minute) -> VenueClaim:
    if len(seal) != _SEAL.size:
        raise Unreadable(f"the seal of a rotating code has {_SEAL.size} bytes, this has {len(seal)}")
    suite_id, epoch, minute, mac = _SEAL.unpack(seal)
    if suite_id != keys.suite_id:
        raise UpdateNeeded(f"suite {suite_id} of rotating codes is not known to this release")
    try:
        key = keys.get(epoch)
        genuine = constant_time_equal(keys.mac(epoch, _PURPOSE, minute, signed)[:16], mac)
    except EpochMissing:
        raise (NotYet if minute > now else Expired)("this screen's code is of an epoch not held here") from None
    if not genuine or not key.valid_from <= minute < key.valid_until:
        raise Forged("the seal of this minute does not hold")
    if now > minute + SKEW_MINUTES:
        raise Expired("this screen's code has passed; scan it again")
    if now < minute - SKEW_MINUTES:
        raise NotYet("this screen's code is for a later minute: a clock is wrong")
    return claim._replace(kind="rotating", minute=minute)
