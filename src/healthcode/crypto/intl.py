"""Suite `intl`: ES256 on P-256, AES-256-GCM, SHA-256, HMAC and HKDF with it."""

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from healthcode.crypto.errors import BadKey, BadSignature, Tampered
from healthcode.crypto.hkdf import hkdf_with
from healthcode.crypto.interfaces import SigningKey, VerifyKey

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, FIPS 186-5
_SIGN: Final = ec.ECDSA(SHA256(), deterministic_signing=True)  # RFC 6979: no nonce to get wrong
_VERIFY: Final = ec.ECDSA(SHA256())


class IntlVerifyKey:
    """A P-256 public key."""

    suite = "intl"

    def __init__(self, handle: ec.EllipticCurvePublicKey) -> None:
        self._handle = handle

    def verify(self, data: bytes, signature: bytes) -> None:
        """See `VerifyKey.verify`. Accepts both forms of s: phones' own signatures are not normalised."""
        if len(signature) != 64:
            raise BadSignature("a signature has 64 bytes")
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self._handle.verify(encode_dss_signature(r, s), data, _VERIFY)
        except InvalidSignature:
            raise BadSignature("the signature is not this key's over this message") from None

    def to_bytes(self) -> bytes:
        """See `VerifyKey.to_bytes`."""
        return self._handle.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class IntlSigningKey:
    """A P-256 private key."""

    suite = "intl"

    def __init__(self, handle: ec.EllipticCurvePrivateKey) -> None:
        self._handle = handle
        self.public = IntlVerifyKey(handle.public_key())

    def sign(self, data: bytes) -> bytes:
        """See `SigningKey.sign`. Of s and n - s the smaller is given, so that a signature has one form."""
        r, s = decode_dss_signature(self._handle.sign(data, _SIGN))
        return r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")

    def to_bytes(self) -> bytes:
        """See `SigningKey.to_bytes`."""
        scalar = self._handle.private_numbers().private_value
        return scalar.to_bytes(32, "big") + self.public.to_bytes()


class IntlAead:
    """AES-256-GCM with its key schedule kept."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise BadKey("an AES-256 key has 32 bytes")
        self._cipher = AESGCM(key)

    def seal(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """See `Aead.seal`."""
        return self._cipher.encrypt(nonce, plaintext, aad)

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """See `Aead.open`."""
        try:
            return self._cipher.decrypt(nonce, sealed, aad)
        except (InvalidTag, ValueError):
            raise Tampered("the seal is broken, or made with another key or for another place") from None


class Intl:
    """The suite object; see `suites.Suite` for what each method promises."""

    name = "intl"
    id = 1
    key_size = 32
    cose_alg = -7  # ES256, RFC 9053 section 2.1

    def aead(self, key: bytes) -> IntlAead:
        """See `Suite.aead`."""
        return IntlAead(key)

    def seal(self, key: bytes, plaintext: bytes, aad: bytes, nonce: bytes | None = None) -> bytes:
        """See `Suite.seal`."""
        if not plaintext:
            raise ValueError("nothing to seal")
        nonce = os.urandom(12) if nonce is None else nonce
        return nonce + IntlAead(key).seal(nonce, plaintext, aad)

    def open(self, key: bytes, blob: bytes, aad: bytes) -> bytes:
        """See `Suite.open`."""
        return IntlAead(key).open(blob[:12], blob[12:], aad)

    def mac(self, key: bytes, data: bytes) -> bytes:
        """See `Suite.mac`."""
        return hmac.digest(key, data, "sha256")

    def hash(self, data: bytes) -> bytes:
        """See `Suite.hash`."""
        return hashlib.sha256(data).digest()

    def hkdf(self, key: bytes, info: bytes, length: int) -> bytes:
        """See `Suite.hkdf`."""
        return hkdf_with(self.mac, key, info, length)

    def generate_signing_key(self) -> IntlSigningKey:
        """See `Suite.generate_signing_key`."""
        return IntlSigningKey(ec.generate_private_key(ec.SECP256R1()))

    def private_from_bytes(self, data: bytes) -> IntlSigningKey:
        """See `Suite.private_from_bytes`. The scalar alone (32 bytes) also serves: a P-256 point follows from it."""
        try:
            key = IntlSigningKey(ec.derive_private_key(int.from_bytes(data[:32], "big"), ec.SECP256R1()))
        except ValueError:
            raise BadKey("this is not a P-256 private key") from None
        if len(data) < 32 or data[32:] not in (b"", key.public.to_bytes()):
            raise BadKey("the two halves of the key do not belong together")
        return key

    def public_from_bytes(self, data: bytes) -> IntlVerifyKey:
        """See `Suite.public_from_bytes`."""
        if len(data) != 65:
            raise BadKey("a public key is an uncompressed point of 65 bytes")
        try:
            return IntlVerifyKey(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data))
        except ValueError:
            raise BadKey("this is not a point of P-256") from None

    def sign(self, private: SigningKey, data: bytes) -> bytes:
        """See `Suite.sign`."""
        self._require(private)
        return private.sign(data)

    def verify(self, public: VerifyKey, data: bytes, signature: bytes) -> None:
        """See `Suite.verify`."""
        self._require(public)
        public.verify(data, signature)

    def is_canonical(self, signature: bytes) -> bool:
        """See `Suite.is_canonical`."""
        return 0 < int.from_bytes(signature[32:], "big") <= _ORDER // 2

    def _require(self, key: SigningKey | VerifyKey) -> None:
        if key.suite != self.name:
            raise BadKey(f"a key of suite {key.suite} serves no other suite")
