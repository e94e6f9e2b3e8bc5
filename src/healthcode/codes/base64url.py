"""Base64url without padding (RFC 4648 section 5), where one byte string has exactly one text."""

import base64
import binascii


class Base64Error(ValueError):
    """The text is not what `b64_encode` gives for any bytes."""


def b64_encode(data: bytes) -> str:
    """Return `data` in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_decode(text: str) -> bytes:
    """Return the bytes of `text`; raises `Base64Error`, also for stray characters and bits that Python forgives."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Base64Error("this is not base64url") from None
    if b64_encode(data) != text:
        raise Base64Error("this is not the one base64url form of its bytes")
    return data
