"""The live code: one minute of one person, sealed under that minute's key. Any edge opens it, nobody else.

Layout (spec/code-format.md section 3), 43 bytes and the masked name:
suite u8 | region u16 | epoch u16 | minute u24 || nonce 12 || AEAD of (subject u32 | generation u16 | flags u8 | name).
Integers are big-endian; minutes count from 2020-01-01T00:00Z; region is the division code without its last two zeros.
"""

import os
import struct
from functools import lru_cache
from typing import Final, NamedTuple

from healthcode.codes.base45 import Base45Error, base45_decode, base45_encode, base45_encode_all
from healthcode.codes.epoch import EpochKeys, EpochMissing
from healthcode.codes.errors import Expired, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.crypto.errors import Tampered
from healthcode.crypto.interfaces import Aead
from healthcode.crypto.suites import NONCE_BYTES, TAG_BYTES
from healthcode.domain.time import Minute

PREFIX: Final = "HL1:"
FAMILY: Final = "HL"
SKEW_S: Final = 15.0
ORIGIN: Final = 26_297_280  # 2020-01-01T00:00Z in minutes since 1970
NAME_BYTES: Final = 24

_PURPOSE: Final = b"live"
_HEADER: Final = struct.Struct(">BHHBH")
_BODY: Final = struct.Struct(">IHB")
_SHORTEST: Final = _HEADER.size + NONCE_BYTES + _BODY.size + TAG_BYTES
_LONGEST: Final = _SHORTEST + NAME_BYTES
_LONGEST_TEXT: Final = len(PREFIX) + -(-_LONGEST * 3 // 2)
_AAD: Final = PREFIX.encode()


class LiveClaim(NamedTuple):
    """What a live code says: subject number, her generation, the minute, the masked name, flags (8 bits)."""

    subject: int
    generation: int
    minute: Minute
    masked_name: str
    flags: int


def live_mint(keys: EpochKeys, claim: LiveClaim, *, region: int) -> str:
    """Return the text of a QR code for `claim`, sealed with the key of the claim's own minute.

    `region` is a six-digit division code. Raises `EpochMissing` if no key held is valid at that minute, `ValueError`
    for a claim that does not fit the layout.
    """
    return live_mint_ahead(keys, claim, 1, region=region)[0]


def live_mint_ahead(keys: EpochKeys, claim: LiveClaim, minutes: int, *, region: int) -> list[str]:
    """Return the codes of the claim's minute and those after it, `minutes` in all, or as many as keys are held for.

    Raises as `live_mint` does for the first.
    """
    name, first = claim.masked_name.encode(), claim.minute - ORIGIN
    if not 0 <= first <= (1 << 24) - minutes or len(name) > NAME_BYTES:
        raise ValueError(f"a live code holds minutes to 2051 and {NAME_BYTES} bytes of masked name, not {claim}")
    body = _BODY.pack(claim.subject, claim.generation, claim.flags) + name
    moulds = _moulds(keys, claim.minute, minutes, region)
    random, nonces = os.urandom(NONCE_BYTES * len(moulds)), range(0, NONCE_BYTES * len(moulds), NONCE_BYTES)
    sealed = []
    for mould, at in zip(moulds, nonces, strict=True):
        nonce = random[at : at + NONCE_BYTES]
        sealed.append(nonce + mould.cipher.seal(nonce, body, mould.aad))
    return [mould.begins + text for mould, text in zip(moulds, base45_encode_all(sealed), strict=True)]


class _Mould(NamedTuple):
    """What all codes of one minute have in common: cipher, associated data, and how their texts begin."""

    cipher: Aead
    aad: bytes
    begins: str


@lru_cache(maxsize=8)
def _moulds(keys: EpochKeys, minute: Minute, minutes: int, region: int) -> tuple[_Mould, ...]:
    """The moulds of so many minutes from `minute` on, or of as many as keys are held for.

    Kept, because each phone asks for the same ones. Raises `EpochMissing` where there is not even the first.
    """
    epoch, moulds = keys.current(minute), []
    for now in range(minute, minute + minutes):
        if now >= epoch.valid_until:
            try:
                epoch = keys.current(now)
            except EpochMissing:
                break
        at = now - ORIGIN
        header = _HEADER.pack(keys.suite_id, region // 100, epoch.id, at >> 16, at & 0xFFFF)
        begins = PREFIX + base45_encode(header)  # of an even length, so that what follows is encoded by itself
        moulds.append(_Mould(keys.cipher(epoch.id, _PURPOSE, now), _AAD + header, begins))
    return tuple(moulds)


def live_open(keys: EpochKeys, text: str, *, region: int, now_s: float, skew_s: float = SKEW_S) -> LiveClaim:
    """Return the claim of a live code if it is genuine and of this minute, give or take `skew_s` seconds.

    `now_s` is seconds since 1970. Raises `Unreadable`, `UpdateNeeded`, `WrongRegion`, `Forged`, `Expired`, `NotYet`,
    in this order of examination; the clock is looked at last, so `Expired` and `NotYet` speak of genuine codes where
    the epoch key is held.
    """
    data = _decode(text)
    suite_id, made_in, epoch, high, low = _HEADER.unpack_from(data)
    if suite_id != keys.suite_id:
        raise UpdateNeeded(f"suite {suite_id} of live codes is not known to this release")
    if made_in != region // 100:
        raise WrongRegion(made_in * 100)
    minute = ORIGIN + (high << 16 | low)
    body = _unseal(keys, data, epoch, minute, now_s)
    try:
        name = body[_BODY.size :].decode()
    except UnicodeDecodeError:
        raise Forged("the name is not text") from None
    if now_s >= minute * 60 + 60 + skew_s:
        raise Expired("this code's minute has passed")
    if now_s < minute * 60 - skew_s:
        raise NotYet("this code is for a later minute")
    subject, generation, flags = _BODY.unpack_from(body)
    return LiveClaim(subject, generation, minute, name, flags)


def _decode(text: str) -> bytes:
    if not text.startswith(PREFIX):
        if text.startswith(FAMILY) and ":" in text[len(FAMILY) : len(FAMILY) + 4]:
            raise UpdateNeeded("this live code is of a version that this release does not know")
        raise Unreadable("this is not a live code")
    if len(text) > _LONGEST_TEXT:
        raise Unreadable(f"a live code has at most {_LONGEST_TEXT} characters")
    try:
        data = base45_decode(text[len(PREFIX) :])
    except Base45Error as error:
        raise Unreadable(f"the code cannot be read: {error}") from None
    if not _SHORTEST <= len(data) <= _LONGEST:
        raise Unreadable(f"a live code has {_SHORTEST} to {_LONGEST} bytes, this has {len(data)}")
    return data


def _unseal(keys: EpochKeys, data: bytes, epoch: int, minute: Minute, now_s: float) -> bytes:
    try:
        key = keys.get(epoch)
        if not key.valid_from <= minute < key.valid_until:
            raise Forged("no edge seals this minute with that epoch's key")
        cipher = keys.cipher(epoch, _PURPOSE, minute)
        nonce_end = _HEADER.size + NONCE_BYTES
        return cipher.open(data[_HEADER.size : nonce_end], data[nonce_end:], _AAD + data[: _HEADER.size])
    except Tampered:
        raise Forged("the seal does not hold") from None
    except EpochMissing:
        if minute * 60 > now_s:
            raise NotYet("this code is of an epoch that has not begun here") from None
        raise Expired("this code is of an epoch that is over") from None
