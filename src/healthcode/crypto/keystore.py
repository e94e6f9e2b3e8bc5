"""The key store port: per-person keys, kept outside the database and its backups.

Destroying a key destroys everything ever sealed under it, in every replica and backup. References are opaque (never
a name or a document number).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from healthcode.crypto.errors import CryptoError


class KeyMissing(CryptoError, LookupError):
    """No key was ever made for this reference."""


class KeyDestroyed(CryptoError, LookupError):
    """The key was destroyed on purpose; nothing sealed under it can be read again."""


class KeyStore(Protocol):
    """A store of 32-byte keys by reference, shared by processes. Every method is safe to repeat and to race."""

    def create(self, ref: str) -> bytes:
        """Return the key of `ref`, making one if there is none.

        Durable on return; two racing calls return one key. Raises `KeyDestroyed`: a reference is never used twice.
        """
        ...

    def create_many(self, refs: Sequence[str]) -> Mapping[str, bytes]:
        """Do as `create` for each reference, in one durable step."""
        ...

    def get(self, ref: str) -> bytes:
        """Return the key of `ref`; raises `KeyMissing` or `KeyDestroyed`."""
        ...

    def get_many(self, refs: Sequence[str]) -> Mapping[str, bytes]:
        """Return the keys that exist and are not destroyed, by reference."""
        ...

    def destroy(self, ref: str) -> None:
        """Make the key of `ref` unrecoverable and remember that it was destroyed. Durable on return.

        A reference without a key is marked destroyed too, so that a race with `create` cannot revive the person.
        """
        ...
