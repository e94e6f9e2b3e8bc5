"""A signed source in place of a reviewer: ES256 by the unit's registered key over the SHA-256 digest of its file.

The message that is signed is the 32-byte digest, so that the stored batch (digest and signature) can be verified again
without the file. With OpenSSL: `openssl dgst -sha256 -binary F | openssl dgst -sha256 -sign KEY.pem -out F.sig`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from healthcode.control.exchange.faults import FileFault
from healthcode.crypto.errors import BadKey, BadSignature
from healthcode.crypto.interfaces import VerifyKey
from healthcode.crypto.suites import SIGNATURE_BYTES, suite

_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")  # P-256, RFC 5480, then the point
_LONGEST: Final = 4096


def signature_check(public: bytes | None, digest: bytes, given: bytes) -> bytes:
    """The 64-byte signature in `given`, if the unit's key made it over `digest`.

    `public` is the registered key (SPKI DER, or the uncompressed point). `given` may be r || s, DER, or Base64 of
    either. Raises FileFault `unit_without_key`, `signature_missing`, `signature_unreadable`, `signature_invalid`.
    """
    if not public:
        raise FileFault("unit_without_key")
    if not given.strip():
        raise FileFault("signature_missing")
    signature = _raw(given)
    try:
        public_key(public).verify(digest, signature)
    except BadSignature:
        raise FileFault("signature_invalid") from None
    return signature


def public_key(stored: bytes) -> VerifyKey:
    """The key as registered, in either form; raises FileFault `unit_without_key` for anything else."""
    try:
        return suite("intl").public_from_bytes(bytes(stored).removeprefix(_SPKI))
    except BadKey:
        raise FileFault("unit_without_key") from None


def _raw(given: bytes) -> bytes:
    if len(given) > _LONGEST:
        raise FileFault("signature_unreadable")
    for candidate in (given, _from_base64(given)):
        if candidate is not None and len(candidate) == SIGNATURE_BYTES:
            return candidate
        if candidate is not None and (found := _from_der(candidate)) is not None:
            return found
    raise FileFault("signature_unreadable")


def _from_base64(given: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _from_der(data: bytes) -> bytes | None:
    """r || s of an ECDSA-Sig-Value (RFC 3279), or None where the bytes are none."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2:
        return None
    halves, at = [], 2
    while at + 2 <= len(data) and data[at] == 0x02:
        end = at + 2 + data[at + 1]
        halves.append(int.from_bytes(data[at + 2 : end], "big"))
        at = end
    if len(halves) != 2 or at != len(data) or any(half >> 256 for half in halves):
        return None
    return halves[0].to_bytes(32, "big") + halves[1].to_bytes(32, "big")
