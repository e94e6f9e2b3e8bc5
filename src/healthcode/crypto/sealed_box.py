"""Sealed boxes: bytes that only the holder of one private key can read (HPKE base mode, RFC 9180).

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. They wrap epoch keys for each edge. The sender is not proven:
whatever travels in a box comes by a signed or authenticated way.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from healthcode.crypto.errors import BadKey, Tampered, UnknownSuite

_VERSION: Final = b"\x01"
_HPKE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def box_keypair() -> tuple[bytes, bytes]:
    """Return a fresh (private, public) pair, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def box_public(private: bytes) -> bytes:
    """Return the public half of a private key; raises `BadKey`."""
    return _private(private).public_key().public_bytes_raw()


def seal_to(public: bytes, data: bytes, *, context: bytes = b"") -> bytes:
    """Return `data` sealed to `public` (32 bytes) for `context`; raises `BadKey`."""
    try:
        return _VERSION + _HPKE.encrypt(data, X25519PublicKey.from_public_bytes(public), context)
    except ValueError:
        raise BadKey("a box key has 32 bytes and is no point of small order") from None


def open_sealed(private: bytes, box: bytes, *, context: bytes = b"") -> bytes:
    """Return what was sealed to `private` for the same `context`.

    Raises `Tampered`, `BadKey`, or `UnknownSuite` for a box of a later release.
    """
    if box[:1] != _VERSION:
        raise UnknownSuite("this sealed box is of a version that this release does not know")
    key = _private(private)
    try:
        return _HPKE.decrypt(box[1:], key, context)
    except (InvalidTag, ValueError):
        raise Tampered("the box is broken, or sealed to another key or for another purpose") from None


def _private(private: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise BadKey("a box key has 32 bytes") from None
