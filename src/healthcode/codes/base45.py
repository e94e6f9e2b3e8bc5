"""Base45 (RFC 9285), whose 45 characters a QR code packs in 5.5 bits each.

Both ways work on all groups at once: the values of a whole text, or of many, become one large integer with a lane of
bits for each group, in which a few masks, multiplications and sums do the arithmetic of every group. For 48 bytes
a loop takes some 10 µs; this takes 1 to 2 to decode, 3 to 4 to encode, and 1 where thirty are encoded together.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = bytes(max(ALPHABET.find(character), 0) for character in range(256))
_CHARACTERS: Final = ALPHABET.ljust(256, b"?")
_BY_2025: Final = 66_281, 27
_BY_45: Final = 1_457, 16
"""Factor and shift that divide any 16-bit group by 2025, and any smaller number than 2025 by 45."""
_LANE: Final = 6
"""Bytes of a lane when encoding: a 16-bit group times the factor has 33 bits."""


class Base45Error(ValueError):
    """The text is not Base45."""


def base45_encode(data: bytes) -> str:
    """Return `data` in Base45: three characters for two bytes, two for a last single one."""
    return base45_encode_all([data])[0]


def base45_encode_all(parts: Sequence[bytes]) -> list[str]:
    """Return the texts of byte strings that all have the same length."""
    size = len(parts[0])
    # A zero before a single last byte: its group then has the same two characters, and a third one too many.
    whole = [part[:-1] + b"\0" + part[-1:] for part in parts] if size % 2 else parts
    joined = b"".join(whole)
    text = _encode_groups(joined, len(joined) // 2).decode()
    each, length = (size + 1) // 2 * 3, size // 2 * 3 + size % 2 * 2
    return [text[at : at + length] for at in range(0, len(text), each)] if size else [""] * len(parts)


def _encode_groups(data: bytes, groups: int) -> bytes:
    lanes = bytearray(groups * _LANE)
    lanes[4::_LANE] = data[0::2]
    lanes[5::_LANE] = data[1::2]
    values, mask = int.from_bytes(lanes, "big"), _group_mask(groups)
    high = (values * _BY_2025[0] >> _BY_2025[1]) & mask
    rest = values - 2025 * high
    middle = (rest * _BY_45[0] >> _BY_45[1]) & mask
    digits = (rest - 45 * middle << 16 | middle << 8 | high).to_bytes(groups * _LANE, "big")
    text = bytearray(groups * 3)
    for place in range(3):
        text[place::3] = digits[3 + place :: _LANE]
    return bytes(text.translate(_CHARACTERS))


def base45_decode(text: str) -> bytes:
    """Return the bytes of `text`; raises `Base45Error`. One byte string has exactly one text."""
    raw = text.encode(errors="replace")
    if raw.translate(None, ALPHABET):
        raise Base45Error("a character is not in the alphabet")
    groups, rest = divmod(len(raw), 3)
    if rest == 1:
        raise Base45Error("the text ends within a group")
    values = raw.translate(_VALUES)
    data = _decode_groups(values[: groups * 3], groups)
    if not rest:
        return data
    last = values[-2] + 45 * values[-1]
    if last > 0xFF:
        raise Base45Error("the last group is too large")
    return data + bytes((last,))


def _decode_groups(values: bytes, groups: int) -> bytes:
    mask = _mask(groups)
    number = int.from_bytes(values, "big")
    sums = ((number >> 16) & mask) + 45 * ((number >> 8) & mask) + 2025 * (number & mask)
    lanes = sums.to_bytes(groups * 3, "big")
    if lanes[0::3].count(0) != groups:
        raise Base45Error("a group is too large")
    data = bytearray(groups * 2)
    data[0::2] = lanes[1::3]
    data[1::2] = lanes[2::3]
    return bytes(data)


@lru_cache(maxsize=256)
def _mask(groups: int) -> int:
    return int.from_bytes(b"\0\0\xff" * groups, "big")


@lru_cache(maxsize=256)
def _group_mask(groups: int) -> int:
    return int.from_bytes(b"\0\0\0\0\xff\xff" * groups, "big")
