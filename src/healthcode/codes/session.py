"""Sessions: who a device acts for, sealed by the edges' own keys so that no edge needs a database to know.

Layout (spec/code-format.md section 5): `HS1.` and base64url of suite u8 | region u16 | epoch u16 || nonce 12 ||
AES-GCM of the claim. A session lives at most as long as the epoch key of its issue is held, and dies at once when the
subject's generation moves on (the edge compares it with the color table).
"""

import os
import struct
from typing import Final, Literal, NamedTuple

from healthcode.codes.base64url import Base64Error, b64_decode, b64_encode
from healthcode.codes.epoch import EpochKeys, EpochMissing
from healthcode.codes.errors import Expired, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.crypto.errors import Tampered
from healthcode.crypto.suites import NONCE_BYTES, TAG_BYTES
from healthcode.domain.time import Minute

PREFIX: Final = "HS1."
FAMILY: Final = "HS"
NAME_BYTES: Final = 255
SKEW_MINUTES: Final = 1

_PURPOSE: Final = b"session"
_HEADER: Final = struct.Struct(">BHH")
_BODY: Final = struct.Struct(">BIHIH16sIIBB")
_KINDS: Final[tuple[Literal["resident", "inspector"], ...]] = ("resident", "inspector")
_AAD: Final = PREFIX.encode()
_SHORTEST: Final = _HEADER.size + NONCE_BYTES + _BODY.size + TAG_BYTES
_THUMB_BYTES: Final = 32
_LONGEST_TEXT: Final = 512

SessionKind = Literal["resident", "inspector"]


class SessionClaim(NamedTuple):
    """What a session says. `venue` and `checkpoint` are 0 for residents, `subject` may be 0 for inspectors.

    `device` is 16 random bytes chosen at sign-in; `key_thumb` is the SHA-256 of the device's public key, where it has
    one; `issued` (inclusive) and `expires` (exclusive) are minutes.
    """

    kind: SessionKind
    subject: int
    generation: int
    masked_name: str
    venue: int
    checkpoint: int
    device: bytes
    issued: Minute
    expires: Minute
    key_thumb: bytes | None = None


_session_claim: Final = tuple.__new__
"""`SessionClaim(...)` without looking at the names of its arguments: every request of a phone opens a session."""


def session_seal(keys: EpochKeys, claim: SessionClaim, *, region: int, now: Minute) -> str:
    """Return the token of a session, sealed with the epoch key of `now`.

    Raises `EpochMissing`, or `ValueError` for a claim that does not fit the layout.
    """
    name, thumb = claim.masked_name.encode(), claim.key_thumb or b""
    if len(name) > NAME_BYTES or len(thumb) not in (0, 32) or len(claim.device) != 16:
        raise ValueError(f"a session holds {NAME_BYTES} bytes of name, a device of 16 bytes and a thumbprint of 32")
    epoch = keys.current(now).id
    header = _HEADER.pack(keys.suite_id, region // 100, epoch)
    try:
        body = _BODY.pack(
            _KINDS.index(claim.kind),
            claim.subject,
            claim.generation,
            claim.venue,
            claim.checkpoint,
            claim.device,
            claim.issued,
            claim.expires,
            len(thumb),
            len(name),
        )
    except struct.error as error:
        raise ValueError(f"a number of this session does not fit the layout: {error}") from None
    nonce = os.urandom(NONCE_BYTES)
    sealed = keys.cipher(epoch, _PURPOSE).seal(nonce, body + thumb + name, _AAD + header)
    return PREFIX + b64_encode(header + nonce + sealed)


def session_open(keys: EpochKeys, text: str, *, region: int, now: Minute) -> SessionClaim:
    """Return the claim of a session that is genuine and in its time.

    Raises `Unreadable`, `UpdateNeeded`, `WrongRegion`, `Forged`, `Expired` or `NotYet`, examined in this order.
    """
    data = _decode(text)
    suite_id, made_in, epoch = _HEADER.unpack_from(data)
    if suite_id != keys.suite_id:
        raise UpdateNeeded(f"suite {suite_id} of sessions is not known to this release")
    if made_in != region // 100:
        raise WrongRegion(made_in * 100)
    claim = _claim(_unseal(keys, data, epoch))
    if now >= claim.expires:
        raise Expired("this session is over; sign in again")
    if claim.issued > now + SKEW_MINUTES:
        raise NotYet("this session begins later: a clock is wrong")
    return claim


def _decode(text: str) -> bytes:
    if not text.startswith(PREFIX):
        if text.startswith(FAMILY) and "." in text[len(FAMILY) : len(FAMILY) + 4]:
            raise UpdateNeeded("this session is of a version that this release does not know")
        raise Unreadable("this is not a session")
    if len(text) > _LONGEST_TEXT:
        raise Unreadable(f"a session has at most {_LONGEST_TEXT} characters")
    try:
        data = b64_decode(text[len(PREFIX) :])
    except Base64Error as error:
        raise Unreadable(f"the session cannot be read: {error}") from None
    if len(data) < _SHORTEST:
        raise Unreadable("a session is longer than this")
    return data


def _unseal(keys: EpochKeys, data: bytes, epoch: int) -> bytes:
    nonce_end = _HEADER.size + NONCE_BYTES
    try:
        return keys.cipher(epoch, _PURPOSE).open(
            data[_HEADER.size : nonce_end], data[nonce_end:], _AAD + data[: _HEADER.size]
        )
    except EpochMissing:
        raise Expired("this session is of an epoch whose key is not held; sign in again") from None
    except Tampered:
        raise Forged("the seal does not hold") from None


def _claim(body: bytes) -> SessionClaim:
    kind, subject, generation, venue, checkpoint, device, issued, expires, thumb, name = _BODY.unpack_from(body)
    rest = body[_BODY.size :]
    if kind >= len(_KINDS) or thumb not in (0, _THUMB_BYTES) or len(rest) != thumb + name:
        raise UpdateNeeded("this session is of a kind that this release does not know")
    try:
        masked_name = rest[thumb:].decode()
    except UnicodeDecodeError:
        raise Forged("the name in this session is not text") from None
    return _session_claim(
        SessionClaim,
        (
            _KINDS[kind],
            subject,
            generation,
            masked_name,
            venue,
            checkpoint,
            device,
            issued,
            expires,
            rest[:thumb] or None,
        ),
    )
