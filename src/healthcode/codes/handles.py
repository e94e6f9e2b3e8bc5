"""The handle that a pass or a paper names, read without asking whether the code is genuine.

For recalls: whoever holds a sheet or a picture names what is to be recalled, and a handle that nobody issued recalls
nothing. Nothing else may trust what this returns.
"""

import contextlib
from typing import Final

import cbor2

from healthcode.codes.errors import Unreadable
from healthcode.codes.paper import HANDLE_BYTES
from healthcode.codes.paper import PREFIX as PAPER
from healthcode.codes.passes import PREFIX as PASS
from healthcode.codes.signed import CTI, qr_bytes

_LONGEST: Final = 640
_ISSUED: Final = 2
"""Label of the issuer's part in what a phone signs."""


def handle_named(text: str) -> bytes:
    """Return the 16 bytes of a pass's or paper's QR text, or of 32 hexadecimal digits; raises `Unreadable`."""
    with contextlib.suppress(ValueError):
        if len(handle := bytes.fromhex(text)) == HANDLE_BYTES:
            return handle
    prefix = PASS if text.startswith(PASS) else PAPER
    data = qr_bytes(text, prefix=prefix, family=prefix[:2], longest=_LONGEST)
    try:
        payload = cbor2.loads(cbor2.loads(data).value[2])
        if prefix == PASS:
            payload = cbor2.loads(cbor2.loads(payload[_ISSUED]).value[2])
        handle = payload[CTI]
    except Exception:  # noqa: BLE001 - anybody may have made this text
        raise Unreadable("this is neither a pass nor a paper") from None
    if not isinstance(handle, bytes) or len(handle) != HANDLE_BYTES:
        raise Unreadable("this is neither a pass nor a paper")
    return handle
