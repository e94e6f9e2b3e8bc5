"""Suite `gm`: SM2, SM4-GCM, SM3. The only file that sees `gmssl_pyx`, whose values are untyped.

GmSSL writes a line to standard error whenever a check fails; the line names a source file, never data.
"""

import os
from typing import Final

import gmssl_pyx
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from healthcode.crypto.errors import BadKey, BadSignature, Tampered
from healthcode.crypto.hkdf import hkdf_with
from healthcode.crypto.interfaces import SigningKey, VerifyKey

# The order of the SM2 curve, GB/T 32918.5.
_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


class GmVerifyKey:
    """An SM2 public key; signatures use the default signer id of GB/T 35276."""

    suite = "gm"

    def __init__(self, point: bytes) -> None:
        self._point = point

    def verify(self, data: bytes, signature: bytes) -> None:
        """See `VerifyKey.verify`."""
        if len(signature) != 64:
            raise BadSignature("a signature has 64 bytes")
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if not (0 < r < _ORDER and 0 < s < _ORDER):
            raise BadSignature("r and s lie between 1 and the order of the curve")
        try:
            holds = bool(gmssl_pyx.sm2_verify(self._point, data, encode_dss_signature(r, s)))
        except gmssl_pyx.GmsslInnerError:
            holds = False
        if not holds:
            raise BadSignature("the signature is not this key's over this message")

    def to_bytes(self) -> bytes:
        """See `VerifyKey.to_bytes`."""
        return b"\x04" + self._point


class GmSigningKey:
    """An SM2 private key with its public point (GmSSL does not derive one from the other)."""

    suite = "gm"

    def __init__(self, scalar: bytes, point: bytes) -> None:
        self._scalar = scalar
        self._point = point
        self.public = GmVerifyKey(point)

    def sign(self, data: bytes) -> bytes:
        """See `SigningKey.sign`."""
        r, s = decode_dss_signature(bytes(gmssl_pyx.sm2_sign(self._scalar, self._point, data)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def to_bytes(self) -> bytes:
        """See `SigningKey.to_bytes`."""
        return self._scalar + self.public.to_bytes()


class GmAead:
    """SM4-GCM under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 16:
            raise BadKey("an SM4 key has 16 bytes")
        self._key = key

    def seal(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """See `Aead.seal`."""
        ciphertext, tag = gmssl_pyx.sm4_gcm_encrypt(self._key, nonce, aad, plaintext)
        return bytes(ciphertext) + bytes(tag)

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """See `Aead.open`."""
        try:
            return bytes(gmssl_pyx.sm4_gcm_decrypt(self._key, nonce, aad, sealed[:-16], sealed[-16:]))
        except gmssl_pyx.GmsslInnerError:
            raise Tampered("the seal is broken, or made with another key or for another place") from None


class Gm:
    """The suite object; see `suites.Suite` for what each method promises."""

    name = "gm"
    id = 2
    key_size = 16
    cose_alg = -65793  # private use (RFC 9053 section 8): SM2 with SM3 has no registered id

    def aead(self, key: bytes) -> GmAead:
        """See `Suite.aead`."""
        return GmAead(key)

    def seal(self, key: bytes, plaintext: bytes, aad: bytes, nonce: bytes | None = None) -> bytes:
        """See `Suite.seal`."""
        if not plaintext:
            raise ValueError("nothing to seal")
        nonce = os.urandom(12) if nonce is None else nonce
        return nonce + GmAead(key).seal(nonce, plaintext, aad)

    def open(self, key: bytes, blob: bytes, aad: bytes) -> bytes:
        """See `Suite.open`."""
        return GmAead(key).open(blob[:12], blob[12:], aad)

    def mac(self, key: bytes, data: bytes) -> bytes:
        """See `Suite.mac`."""
        return bytes(gmssl_pyx.sm3_hmac(key, data))

    def hash(self, data: bytes) -> bytes:
        """See `Suite.hash`."""
        return bytes(gmssl_pyx.sm3_hash(data))

    def hkdf(self, key: bytes, info: bytes, length: int) -> bytes:
        """See `Suite.hkdf`."""
        return hkdf_with(self.mac, key, info, length)

    def generate_signing_key(self) -> GmSigningKey:
        """See `Suite.generate_signing_key`."""
        point, scalar = gmssl_pyx.sm2_key_generate()
        return GmSigningKey(bytes(scalar), bytes(point))

    def private_from_bytes(self, data: bytes) -> GmSigningKey:
        """See `Suite.private_from_bytes`. The halves are proven to belong together by one signature."""
        if len(data) != 97 or not 0 < int.from_bytes(data[:32], "big") < _ORDER - 1:
            raise BadKey("this is not an SM2 private key")
        point = self.public_from_bytes(data[32:]).to_bytes()[1:]
        key = GmSigningKey(data[:32], point)
        try:
            key.public.verify(b"proof", key.sign(b"proof"))
        except BadSignature:
            raise BadKey("the two halves of the key do not belong together") from None
        return key

    def public_from_bytes(self, data: bytes) -> GmVerifyKey:
        """See `Suite.public_from_bytes`."""
        if len(data) != 65 or data[:1] != b"\x04":
            raise BadKey("a public key is an uncompressed point of 65 bytes")
        try:
            return GmVerifyKey(bytes(gmssl_pyx.normalize_sm2_public_key(data)))
        except gmssl_pyx.GmsslInnerError:
            raise BadKey("this is not a point of the SM2 curve") from None

    def sign(self, private: SigningKey, data: bytes) -> bytes:
        """See `Suite.sign`."""
        self._require(private)
        return private.sign(data)

    def verify(self, public: VerifyKey, data: bytes, signature: bytes) -> None:
        """See `Suite.verify`."""
        self._require(public)
        public.verify(data, signature)

    def is_canonical(self, signature: bytes) -> bool:
        """See `Suite.is_canonical`: r || n - s is no signature in SM2, so there is one form."""
        return len(signature) == 64

    def _require(self, key: SigningKey | VerifyKey) -> None:
        if key.suite != self.name:
            raise BadKey(f"a key of suite {key.suite} serves no other suite")
