"""COSE_Sign1 (RFC 9052 section 4.2), the strict part of it that issued codes need.

One byte string is one signed message: everything is in the protected header, the CBOR is the deterministic encoding of
RFC 8949 section 4.2.1, the signature the canonical form; anything else is refused even where its signature would hold.
So nobody can make a second text out of a genuine one.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import cbor2

from healthcode.crypto.errors import BadSignature, UnknownSuite
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.crypto.suites import suite, suite_by_alg

_TAG: Final = 18  # COSE_Sign1
_ALG: Final = 1  # header parameters, RFC 9052 section 3.1
_KID: Final = 4


class Signed(NamedTuple):
    """A message whose signature held: its key id, payload and protected header."""

    kid: bytes
    payload: bytes
    protected: Mapping[int, object]


class UnknownKey(BadSignature):
    """The message names a key that is not trusted (`kid`)."""

    def __init__(self, kid: bytes) -> None:
        super().__init__(f"no trusted key has the id {kid.hex()}")
        self.kid = kid


def key_id(public: VerifyKey) -> bytes:
    """Return the 8-byte id of a public key: the beginning of its digest in its own suite."""
    return suite(public.suite).hash(public.to_bytes())[:8]


def sign1(
    key: SigningKey,
    kid: bytes,
    payload: bytes,
    protected: Mapping[int, object] | None = None,
    *,
    context: bytes = b"",
) -> bytes:
    """Return a tagged COSE_Sign1 of `payload`.

    `protected` adds header parameters to alg and kid; `context` is the external_aad, by which a signature for one
    purpose never serves another.
    """
    header = {**(protected or {}), _ALG: suite(key.suite).cose_alg, _KID: kid}
    encoded = cbor2.dumps(header, canonical=True)
    signature = key.sign(_to_be_signed(encoded, context, payload))
    return cbor2.dumps(cbor2.CBORTag(_TAG, [encoded, {}, payload, signature]), canonical=True)


def verify1(trusted: Mapping[bytes, VerifyKey], message: bytes, *, context: bytes = b"") -> Signed:
    """Return what `message` says if a trusted key signed it for `context`.

    Raises `UnknownKey` (a BadSignature) for a key not in `trusted`, `UnknownSuite` for an algorithm of a later
    release, `BadSignature` for everything else that is not exactly what `sign1` gives.
    """
    encoded, header, payload, signature = _parts(message)
    kid = header.get(_KID)
    algorithm = suite_by_alg(header.get(_ALG))
    if not isinstance(kid, bytes):
        raise BadSignature("the protected header names no key")
    key = trusted.get(kid)
    if key is None:
        raise UnknownKey(kid)
    if key.suite != algorithm.name or not algorithm.is_canonical(signature):
        raise BadSignature("the signature is not of the key's algorithm, or not in its one form")
    key.verify(_to_be_signed(encoded, context, payload), signature)
    return Signed(kid, payload, header)


def payload_unverified(message: bytes) -> bytes:
    """Return what `message` says before anybody verified it: only to learn which key to verify it by.

    Raises `BadSignature` for anything that is not exactly a COSE_Sign1.
    """
    return _parts(message)[2]


def _to_be_signed(protected: bytes, context: bytes, payload: bytes) -> bytes:
    """Sig_structure, RFC 9052 section 4.4."""
    return cbor2.dumps(["Signature1", protected, context, payload])


def _parts(message: bytes) -> tuple[bytes, Mapping[int, object], bytes, bytes]:
    tagged = _deterministic(message)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != _TAG:
        raise BadSignature("this is not a COSE_Sign1")
    match tagged.value:
        case [bytes(encoded), Mapping() as unprotected, bytes(payload), bytes(signature)] if not unprotected:
            header = _deterministic(encoded)
        case _:
            raise BadSignature("a COSE_Sign1 has a protected header, nothing unprotected, a payload, a signature")
    if not isinstance(header, Mapping) or len(signature) != 64:
        raise BadSignature("the protected header is a map, the signature has 64 bytes")
    if 2 in header:
        raise UnknownSuite("a critical header parameter is not known to this release")  # RFC 9052: crit
    return encoded, header, payload, signature


def _deterministic(data: bytes) -> object:
    """Decode CBOR that is exactly what encoding it again gives (so also: no bytes after it)."""
    try:
        value: object = cbor2.loads(data)
        again = cbor2.dumps(value, canonical=True)
    except Exception:  # noqa: BLE001 - cbor2 raises errors of many kinds for hostile bytes; all mean the same here
        raise BadSignature("this is not CBOR") from None
    if again != data:
        raise BadSignature("this is not deterministic CBOR")
    return value
