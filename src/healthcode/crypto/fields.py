"""Identity fields, each sealed under its person's own key, and the blind index by which they are found.

A sealed field is version (1) | suite (1) | key id (4) | nonce (12) | ciphertext | tag (16). The associated data binds
the field's name and the person's reference, so that a value cannot be moved to another column or another person. The
plaintext is padded to a multiple of 16 bytes: the length of a name is nobody's business.
"""

from typing import Final

from healthcode.crypto.errors import BadKey, Tampered, UnknownSuite
from healthcode.crypto.suites import suite, suite_by_id

_VERSION: Final = 1
_HEADER: Final = 6
_BLOCK: Final = 16


def seal_field(key: bytes, value: str, *, field: str, ref: str, suite_name: str = "intl") -> bytes:
    """Return `value` sealed under a person's 32-byte `key` as field `field` of person `ref`."""
    chosen = suite(suite_name)
    header = bytes([_VERSION, chosen.id]) + _key_id(key)
    sealing_key = chosen.hkdf(key, b"healthcode/field", chosen.key_size)
    return header + chosen.seal(sealing_key, _pad(value.encode()), _context(header, field, ref))


def open_field(key: bytes, blob: bytes, *, field: str, ref: str) -> str:
    """Return the value that `seal_field` sealed.

    Raises `BadKey` if the blob names another key, `Tampered` if it was altered or belongs to another field or person,
    `UnknownSuite` for a version of a later release.
    """
    header, sealed = blob[:_HEADER], blob[_HEADER:]
    if len(header) < _HEADER:
        raise Tampered("a sealed field is longer than this")
    if header[0] != _VERSION:
        raise UnknownSuite(f"sealed fields of version {header[0]} are not known to this release")
    chosen = suite_by_id(header[1])
    if header[2:] != _key_id(key):
        raise BadKey("this field was sealed under another key")
    sealing_key = chosen.hkdf(key, b"healthcode/field", chosen.key_size)
    return _unpad(chosen.open(sealing_key, bytes(sealed), _context(header, field, ref))).decode()


def blind_index(key: bytes, value: str, *, field: str, suite_name: str = "intl") -> bytes:
    """Return the 32-byte keyed digest by which `value` is found in field `field`.

    Equal values give equal digests, so callers normalise first; without `key` the digests tell nothing.
    """
    name = field.encode()
    return suite(suite_name).mac(key, b"healthcode/index" + len(name).to_bytes(2, "big") + name + value.encode())


def _key_id(key: bytes) -> bytes:
    if len(key) != 32:
        raise BadKey("a person's key has 32 bytes")
    return suite("intl").hash(b"healthcode/key-id" + key)[:4]


def _context(header: bytes, field: str, ref: str) -> bytes:
    name = field.encode()
    return header + len(name).to_bytes(2, "big") + name + ref.encode()


def _pad(data: bytes) -> bytes:
    """ISO/IEC 7816-4: one 0x80, then zeros up to the block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def _unpad(data: bytes) -> bytes:
    content, mark, rest = data.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise Tampered("the padding of a sealed field is not ours")
    return content


class BlindIndex:
    """`blind_index` of many values of one field: what is the same for all of them is done once."""

    def __init__(self, key: bytes, field: str, *, suite_name: str = "intl") -> None:
        name = field.encode()
        self._mac, self._key = suite(suite_name).mac, key
        self._head = b"healthcode/index" + len(name).to_bytes(2, "big") + name

    def of(self, value: str) -> bytes:
        """The 32-byte keyed digest of one value."""
        return self._mac(self._key, self._head + value.encode())
