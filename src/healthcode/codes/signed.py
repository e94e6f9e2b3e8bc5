"""The signed part that venue codes, passes and papers share: a COSE_Sign1 whose payload is a CBOR map."""

from collections.abc import Mapping
from typing import Final

import cbor2

from healthcode.codes.base45 import Base45Error, base45_decode, base45_encode
from healthcode.codes.errors import Forged, Unreadable, UpdateNeeded
from healthcode.crypto.cose import sign1, verify1
from healthcode.crypto.errors import BadSignature, UnknownSuite
from healthcode.crypto.interfaces import SigningKey, VerifyKey

CTI: Final = 7
"""CWT claim labels (RFC 8392, RFC 8747): the code's id, issued, expires, and the key that its holder proves."""
IAT: Final = 6
EXP: Final = 4
CNF: Final = 8
OURS: Final = -70_000
"""One claim of the private-use range (RFC 8392 section 9.1.1) holds what CWT has no label for."""


def map_sign(issuer: SigningKey, kid: bytes, payload: Mapping[int, object], *, context: bytes) -> bytes:
    """Return the COSE_Sign1 of a map in deterministic CBOR; `context` keeps one purpose from serving as another."""
    return sign1(issuer, kid, cbor2.dumps(dict(payload), canonical=True), context=context)


def map_open(trusted: Mapping[bytes, VerifyKey], message: bytes, *, context: bytes) -> Mapping[object, object]:
    """Return the map that a trusted key signed for `context`.

    Raises `UpdateNeeded` for an algorithm or payload of a later release, `Forged` for everything else that is not
    exactly what `map_sign` gives.
    """
    try:
        signed = verify1(trusted, message, context=context)
    except UnknownSuite as error:
        raise UpdateNeeded(str(error)) from None
    except BadSignature as error:
        raise Forged(str(error)) from None
    try:
        payload = cbor2.loads(signed.payload)
    except Exception:  # noqa: BLE001 - signed by our issuer, so a later release made it
        raise UpdateNeeded("the payload of this code is not known to this release") from None
    if not isinstance(payload, Mapping):
        raise UpdateNeeded("the payload of this code is not known to this release")
    return payload


def qr_text(prefix: str, data: bytes) -> str:
    """Return what a QR code holds: the prefix and the Base45 of `data`."""
    return prefix + base45_encode(data)


def qr_bytes(text: str, *, prefix: str, family: str, longest: int) -> bytes:
    """Return the bytes behind a prefix; raises `UpdateNeeded` for another version of the family, else `Unreadable`."""
    if not text.startswith(prefix):
        if text.startswith(family) and ":" in text[len(family) : len(family) + 4]:
            raise UpdateNeeded("this code is of a version that this release does not know")
        raise Unreadable("this is not such a code")
    if len(text) > len(prefix) + -(-longest * 3 // 2):
        raise Unreadable(f"such a code has at most {longest} bytes")
    try:
        return base45_decode(text[len(prefix) :])
    except Base45Error as error:
        raise Unreadable(f"the code cannot be read: {error}") from None
