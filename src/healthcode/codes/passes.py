"""The pass: what a phone shows, and anyone with the trust list reads, when both sides are offline.

Two signatures (spec/code-format.md section 6): inside, an issuer's CWT that names the phone's key; around it, that
phone's key over the minute. So a stolen pass without its phone dies within the minute, and a phone without a pass says
nothing. The color ends with the pass: it never outlives the next change that was known when it was issued.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import cbor2

from healthcode.codes.epoch import EpochKeys, EpochMissing
from healthcode.codes.errors import Expired, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.codes.signed import CNF, CTI, EXP, IAT, OURS, map_open, map_sign, qr_bytes, qr_text
from healthcode.crypto.cose import key_id, payload_unverified
from healthcode.crypto.errors import BadKey, Tampered
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.crypto.suites import NONCE_BYTES, suite
from healthcode.domain.time import Minute

PREFIX: Final = "HP1:"
FAMILY: Final = "HP"
VERSION: Final = 1
ISSUER_CONTEXT: Final = b"healthcode/pass/1"
HOLDER_CONTEXT: Final = b"healthcode/holder/1"
HANDLE_BYTES: Final = 16
LIFE_MINUTES: Final = 4 * 60
SKEW_S: Final = 15.0
HOLDER_SUITE: Final = "intl"
"""The phone's key is always P-256: the one that browsers keep without letting it out (WebCrypto)."""

_PURPOSE: Final = b"pass"
_LONGEST: Final = 640
_FORMAT, _MINUTE, _PASS = range(3)  # labels of the holder's payload
_KTY, _EC2, _CRV, _P256, _X, _Y = 1, 2, -1, 1, -2, -3  # COSE_Key, RFC 9053 section 7.1


class Step(NamedTuple):
    """State and notices from a minute on, as in the color table."""

    minute: Minute
    state: int
    notices: int


class PassClaim(NamedTuple):
    """What an issuer says of one person. `timeline` begins with what held when it was issued; `holder` is 65 bytes.

    `locator` is the subject number sealed for the edges alone, which answer from their table.
    """

    handle: bytes
    generation: int
    timeline: tuple[Step, ...]
    masked_name: str
    issued: Minute
    expires: Minute
    holder: bytes
    locator: bytes

    def at(self, now: Minute) -> Step:
        """The state that holds at `now`."""
        return next((step for step in reversed(self.timeline) if step.minute <= now), self.timeline[0])


class Shown(NamedTuple):
    """A pass as its phone showed it: the claim and the minute that the phone signed."""

    claim: PassClaim
    minute: Minute


def pass_end(issued: Minute, timeline: Sequence[Step]) -> Minute:
    """When a pass issued now must end: after 4 hours, or at the next change that is known."""
    later = [step.minute for step in timeline if step.minute > issued]
    return min([issued + LIFE_MINUTES, *later])


def locator_seal(keys: EpochKeys, *, handle: bytes, subject: int, issued: Minute) -> bytes:
    """Return the sealed subject number of a pass. Raises `EpochMissing`.

    The nonce is the beginning of the handle, which is random and used once.
    """
    cipher = keys.cipher(keys.current(issued).id, _PURPOSE, issued)
    return cipher.seal(handle[:NONCE_BYTES], subject.to_bytes(4, "big"), handle)


def locator_open(keys: EpochKeys, claim: PassClaim) -> int:
    """Return the subject number of a pass that verified. Raises `Forged`, or `Expired` where its epoch is not held."""
    try:
        cipher = keys.cipher(keys.current(claim.issued).id, _PURPOSE, claim.issued)
        return int.from_bytes(cipher.open(claim.handle[:NONCE_BYTES], claim.locator, claim.handle), "big")
    except EpochMissing:
        raise Expired("this pass is of an epoch that is over") from None
    except Tampered:
        raise Forged("the locator of this pass does not hold") from None


def pass_issue(issuer: SigningKey, kid: bytes, claim: PassClaim, *, region: int) -> bytes:
    """Return the issuer's part, which the phone keeps. Raises ValueError, or BadKey for a holder key off the curve."""
    if len(claim.handle) != HANDLE_BYTES or not claim.timeline:
        raise ValueError(f"a pass has a handle of {HANDLE_BYTES} bytes and a timeline that begins with now")
    suite(HOLDER_SUITE).public_from_bytes(claim.holder)
    key = {_KTY: _EC2, _CRV: _P256, _X: claim.holder[1:33], _Y: claim.holder[33:]}
    steps = [[step.minute, step.state, step.notices] for step in claim.timeline]
    ours = [VERSION, region, claim.generation, steps, claim.masked_name, claim.locator]
    payload = {CTI: claim.handle, IAT: claim.issued * 60, EXP: claim.expires * 60, CNF: {1: key}, OURS: ours}
    return map_sign(issuer, kid, payload, context=ISSUER_CONTEXT)


def pass_show(holder: SigningKey, issued: bytes, *, minute: Minute) -> str:
    """Return what the phone shows during `minute` (phones do this in TypeScript: web/src/pass.ts)."""
    payload = {_FORMAT: VERSION, _MINUTE: minute, _PASS: issued}
    return qr_text(PREFIX, map_sign(holder, key_id(holder.public), payload, context=HOLDER_CONTEXT))


def pass_open(
    trusted: Mapping[bytes, VerifyKey], text: str, *, region: int, now_s: float, skew_s: float = SKEW_S
) -> Shown:
    """Return what a pass says if issuer, phone and minute hold. Recall and generation are the caller's to compare.

    `now_s` is seconds since 1970. Raises `Unreadable`, `UpdateNeeded`, `Forged`, `WrongRegion`, `Expired`, `NotYet`.
    The issuer is examined before the holder, whose key stands in the issuer's part.
    """
    outer = qr_bytes(text, prefix=PREFIX, family=FAMILY, longest=_LONGEST)
    minute, issued = _holder_part(outer)
    claim = _issuer_part(map_open(trusted, issued, context=ISSUER_CONTEXT), region)
    _holder_check(outer, claim.holder)
    if now_s >= claim.expires * 60:
        raise Expired("this pass has ended; the phone must be online once to renew it")
    if now_s >= minute * 60 + 60 + skew_s:
        raise Expired("this pass was shown at an earlier minute")
    if now_s < minute * 60 - skew_s or minute < claim.issued - 1:
        raise NotYet("this pass is for a later minute: a clock is wrong")
    return Shown(claim, minute)


def _holder_part(outer: bytes) -> tuple[Minute, bytes]:
    """What the phone says, not verified yet: the key to verify it by is in the issuer's part."""
    try:
        payload = cbor2.loads(payload_unverified(outer))
        minute, issued, version = payload[_MINUTE], payload[_PASS], payload[_FORMAT]
    except Exception:  # noqa: BLE001 - hostile bytes fail in many ways; all mean the same here
        raise Unreadable("this is not a pass") from None
    if not isinstance(version, int) or version != VERSION:
        raise UpdateNeeded("this pass is of a version that this release does not know")
    if not isinstance(minute, int) or isinstance(minute, bool) or not 0 <= minute < 1 << 32:
        raise Unreadable("a pass names its minute")
    if not isinstance(issued, bytes):
        raise Unreadable("a pass holds an issuer's part")
    return minute, issued


def _holder_check(outer: bytes, point: bytes) -> None:
    try:
        holder = suite(HOLDER_SUITE).public_from_bytes(point)
    except BadKey:
        raise Forged("the key in this pass is no key") from None
    map_open({key_id(holder): holder}, outer, context=HOLDER_CONTEXT)


def _issuer_part(payload: Mapping[object, object], region: int) -> PassClaim:
    match payload.get(CTI), payload.get(IAT), payload.get(EXP), payload.get(OURS):
        case (
            bytes(handle),
            int(issued),
            int(expires),
            [int(version), int(made_in), int(generation), [*steps], str(name), bytes(locator), *_],
        ) if version == VERSION and len(handle) == HANDLE_BYTES:
            timeline = tuple(_step(step) for step in steps)
        case _:
            raise UpdateNeeded("this pass is of a version that this release does not know")
    if made_in != region:
        raise WrongRegion(made_in)
    if not timeline:
        raise UpdateNeeded("this pass has no timeline")
    holder = _point(payload.get(CNF))
    return PassClaim(handle, generation, timeline, name, issued // 60, expires // 60, holder, locator)


def _step(step: object) -> Step:
    match step:
        case [int(minute), int(state), int(notices), *_]:
            return Step(minute, state, notices)
    raise UpdateNeeded("the timeline of this pass is not known to this release")


def _point(confirmation: object) -> bytes:
    """The holder's key, RFC 8747 section 3.2, as an uncompressed point."""
    key = confirmation.get(1) if isinstance(confirmation, Mapping) else None
    if isinstance(key, Mapping) and (key.get(_KTY), key.get(_CRV)) == (_EC2, _P256):
        x, y = key.get(_X), key.get(_Y)
        if isinstance(x, bytes) and isinstance(y, bytes) and len(x) == len(y) == 32:
            return b"\x04" + x + y
    raise UpdateNeeded("the holder's key of this pass is not known to this release")
