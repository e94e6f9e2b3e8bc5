"""Leaves: what is published of an event. Content and salt stay in the database, where they can be destroyed."""

from typing import Final

from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.suites import suite

SALT_BYTES: Final = 32
_SHA256: Final = suite("intl")


class LeafError(ValueError):
    """An event, time or salt that no leaf can hold."""


def commitment(salt: bytes, content: bytes) -> bytes:
    """Return the 32-byte commitment to `content`: HMAC-SHA-256 keyed by 32 random bytes of salt.

    Hiding while the salt is secret, binding always; with the salt destroyed nobody can test a guess.
    """
    if len(salt) != SALT_BYTES:
        raise LeafError(f"a salt has {SALT_BYTES} random bytes, not {len(salt)}")
    return _SHA256.mac(salt, content)


def leaf_data(event: str, at_ms: int, committed: bytes) -> bytes:
    """Return the published bytes of a leaf.

    version u8 = 1 | time u64, milliseconds since 1970 | length of the event's name u8 | the name | commitment 32;
    big-endian. `event` is a name `who:what:did` of the audit enum.
    """
    name = event.encode()
    if not 0 < len(name) < 256 or len(committed) != 32 or not 0 <= at_ms < 1 << 64:
        raise LeafError(f"a leaf has an event of 1 to 255 bytes, a time and 32 bytes of commitment: {event!r}, {at_ms}")
    return b"\x01" + at_ms.to_bytes(8, "big") + bytes([len(name)]) + name + committed


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's published bytes: SHA-256(0x00 || data), RFC 6962 section 2.1."""
    return _SHA256.hash(b"\x00" + data)


def leaf_commit(event: str, at_ms: int, salt: bytes, content: bytes) -> bytes:
    """Return the 32-byte leaf hash of an event; raises `LeafError`."""
    return leaf_hash(leaf_data(event, at_ms, commitment(salt, content)))


def leaf_verify(stored: bytes, event: str, at_ms: int, salt: bytes, content: bytes) -> None:
    """Return if a stored leaf hash is this event's with this content; raise `LeafError` otherwise."""
    if not constant_time_equal(stored, leaf_commit(event, at_ms, salt, content)):
        raise LeafError("the content, salt, event or time is not what was committed to")
