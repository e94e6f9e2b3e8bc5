"""Base64url without padding (RFC 4648 section 5), where one byte string has exactly one text."""

import base64
import binascii
from typing import Final

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD: Final = bytes(
    b"+/"[b"-_".index(character)] if character in b"-_" else character if character in _ALPHABET else 0
    for character in range(256)
)
"""To what Python decodes; whatever is none of our characters, `+`, `/` and `=` too, becomes one that it refuses."""
_LAST: Final = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])
"""What a text may end with, by its length modulo 4: the bits that no byte has are zero."""
_PADDING: Final = (b"", b"", b"==", b"=")


class Base64Error(ValueError):
    """The text is not what `b64_encode` gives for any bytes."""


def b64_encode(data: bytes) -> str:
    """Return `data` in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_decode(text: str) -> bytes:
    """Return the bytes of `text`; raises `Base64Error`, also for stray characters and bits that Python forgives."""
    rest = len(text) & 3
    try:
        raw = text.encode("ascii")
        data = binascii.a2b_base64(raw.translate(_STANDARD) + _PADDING[rest], strict_mode=True)
    except (binascii.Error, ValueError):
        raise Base64Error("this is not base64url") from None
    if raw and raw[-1] not in _LAST[rest]:
        raise Base64Error("this is not the one base64url form of its bytes")
    return data
