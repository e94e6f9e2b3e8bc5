"""The paper code: a random handle that an issuer signed. It opens nothing but a check (spec/code-format.md section 7).

It says no color and no name but the mask, so a lost sheet tells nothing; an edge finds the subject by the handle, a
reader without network only that the sheet is genuine and not recalled.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from healthcode.codes.errors import Expired, NotYet, UpdateNeeded, WrongRegion
from healthcode.codes.signed import CTI, EXP, IAT, OURS, map_open, map_sign, qr_bytes, qr_text
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.domain.time import Minute

PREFIX: Final = "HB1:"
FAMILY: Final = "HB"
VERSION: Final = 1
CONTEXT: Final = b"healthcode/paper/1"
HANDLE_BYTES: Final = 16
LIFE_MINUTES: Final = 180 * 24 * 60
"""180 days (Art. 10)."""
CLOCK_MINUTES: Final = 10
"""How far ahead of the reader's clock a paper may have been issued."""
_LONGEST: Final = 256


class PaperClaim(NamedTuple):
    """What a paper says: its handle, when it was issued and ends (minutes), the masked name."""

    handle: bytes
    issued: Minute
    expires: Minute
    masked_name: str


def paper_issue(issuer: SigningKey, kid: bytes, claim: PaperClaim, *, region: int) -> str:
    """Return the text of a paper's QR code. Raises ValueError for a handle that has not 16 bytes."""
    if len(claim.handle) != HANDLE_BYTES:
        raise ValueError(f"a handle has {HANDLE_BYTES} bytes, not {len(claim.handle)}")
    ours = [VERSION, region, claim.masked_name]
    payload = {CTI: claim.handle, IAT: claim.issued * 60, EXP: claim.expires * 60, OURS: ours}
    return qr_text(PREFIX, map_sign(issuer, kid, payload, context=CONTEXT))


def paper_open(trusted: Mapping[bytes, VerifyKey], text: str, *, region: int, now: Minute) -> PaperClaim:
    """Return the claim of a genuine paper of this region whose time has not passed; recall is the caller's to look up.

    Raises `Unreadable`, `UpdateNeeded`, `Forged`, `WrongRegion`, `NotYet`, `Expired`, in this order of examination.
    """
    payload = map_open(trusted, qr_bytes(text, prefix=PREFIX, family=FAMILY, longest=_LONGEST), context=CONTEXT)
    match payload.get(CTI), payload.get(IAT), payload.get(EXP), payload.get(OURS):
        case bytes(handle), int(issued), int(expires), [int(version), int(made_in), str(name), *_] if (
            version == VERSION and len(handle) == HANDLE_BYTES
        ):
            claim = PaperClaim(handle, issued // 60, expires // 60, name)
        case _:
            raise UpdateNeeded("this paper is of a version that this release does not know")
    if made_in != region:
        raise WrongRegion(made_in)
    if now < claim.issued - CLOCK_MINUTES:
        raise NotYet("this paper was issued later than now: a clock is wrong")
    if now >= claim.expires:
        raise Expired("this paper has passed its date")
    return claim
