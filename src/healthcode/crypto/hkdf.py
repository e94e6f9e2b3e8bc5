"""HKDF (RFC 5869) over whichever HMAC a suite has."""

from collections.abc import Callable
from typing import Final

_DIGEST: Final = 32


def hkdf_with(mac: Callable[[bytes, bytes], bytes], key: bytes, info: bytes, length: int) -> bytes:
    """Return `length` (at most 8,160) bytes derived from `key` for `info`; the salt is empty, as RFC 5869 2.2 allows.

    Keys given here are already uniformly random, so the salt has nothing to repair.
    """
    if not 0 < length <= 255 * _DIGEST:
        raise ValueError(f"HKDF gives 1 to {255 * _DIGEST} bytes, not {length}")
    pseudorandom = mac(bytes(_DIGEST), key)
    block, output = b"", b""
    for counter in range(1, -(-length // _DIGEST) + 1):
        block = mac(pseudorandom, block + info + bytes([counter]))
        output += block
    return output[:length]
