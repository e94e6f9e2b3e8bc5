"""What a suite, its keys and its ciphers promise, whichever algorithms they stand for."""

from typing import Protocol


class VerifyKey(Protocol):
    """A public signature key of one suite."""

    @property
    def suite(self) -> str:
        """Name of the suite that the key belongs to."""
        ...

    def verify(self, data: bytes, signature: bytes) -> None:
        """Return if `signature` (64 bytes, r || s) is this key's over `data`; raise `BadSignature` otherwise."""
        ...

    def to_bytes(self) -> bytes:
        """Return the uncompressed point, 65 bytes beginning with 4."""
        ...


class SigningKey(Protocol):
    """A private signature key of one suite."""

    @property
    def suite(self) -> str:
        """Name of the suite that the key belongs to."""
        ...

    @property
    def public(self) -> VerifyKey:
        """The public half."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return 64 bytes r || s over `data`; canonical where the scheme would allow a second form."""
        ...

    def to_bytes(self) -> bytes:
        """Return the private scalar and the public point, 32 + 65 bytes. Secret."""
        ...


class Aead(Protocol):
    """An authenticated cipher with its key already set up: the form for hot paths."""

    def seal(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Return ciphertext || tag. A nonce must never serve two plaintexts under one key."""
        ...

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """Return the plaintext of ciphertext || tag, or raise `Tampered`."""
        ...


class Suite(Protocol):
    """One set of algorithms. `key_size` is the length in bytes of its AEAD keys."""

    name: str
    id: int
    key_size: int
    cose_alg: int

    def aead(self, key: bytes) -> Aead:
        """Set up the cipher for `key` (`key_size` bytes); raises `BadKey`."""
        ...

    def seal(self, key: bytes, plaintext: bytes, aad: bytes, nonce: bytes | None = None) -> bytes:
        """Return nonce || ciphertext || tag; the nonce is random unless given. `plaintext` is not empty."""
        ...

    def open(self, key: bytes, blob: bytes, aad: bytes) -> bytes:
        """Return the plaintext of `seal`'s result, or raise `Tampered`."""
        ...

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return the 32-byte HMAC of `data`."""
        ...

    def hash(self, data: bytes) -> bytes:
        """Return the 32-byte digest of `data`."""
        ...

    def hkdf(self, key: bytes, info: bytes, length: int) -> bytes:
        """Return `length` bytes derived from `key` for the purpose `info` (RFC 5869, empty salt)."""
        ...

    def generate_signing_key(self) -> SigningKey:
        """Return a fresh signature key."""
        ...

    def private_from_bytes(self, data: bytes) -> SigningKey:
        """Read `SigningKey.to_bytes()`; raises `BadKey`."""
        ...

    def public_from_bytes(self, data: bytes) -> VerifyKey:
        """Read an uncompressed point (65 bytes); raises `BadKey`, also for a point off the curve."""
        ...

    def sign(self, private: SigningKey, data: bytes) -> bytes:
        """Return `private`'s signature of `data`."""
        ...

    def verify(self, public: VerifyKey, data: bytes, signature: bytes) -> None:
        """Return if the signature holds; raise `BadSignature` otherwise."""
        ...

    def is_canonical(self, signature: bytes) -> bool:
        """Tell whether `signature` is the one form that `sign` gives (ES256 also has r || n - s)."""
        ...
