"""Proof that a session is used on the phone it was made for: a signature by the phone's own P-256 key."""

import base64
import binascii

from healthcode.codes.session import SessionClaim
from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.errors import CryptoError
from healthcode.crypto.suites import suite
from healthcode.domain.time import Minute
from healthcode.edge.answers import HolderProof
from healthcode.edge.http import Problem

_P256 = suite("intl")  # the holder's key is always P-256, whatever the region's suite
SKEW_MINUTES = 2


def holder_check(claim: SessionClaim, session: str, proof: HolderProof | None, now: Minute) -> None:
    """Return if the session is not bound to a key, or `proof` is by that key and of this minute (two minutes' grace).

    Raises Problem `device_signature`.
    """
    if claim.key_thumb is None:
        return
    if proof is None or abs(proof.at_minute - now) > SKEW_MINUTES:
        raise Problem("device_signature")
    try:
        key = base64.b64decode(proof.key, validate=True)
        signature = base64.b64decode(proof.signature, validate=True)
        if not constant_time_equal(_P256.hash(key), claim.key_thumb):
            raise Problem("device_signature")
        _P256.public_from_bytes(key).verify(f"codes.{proof.at_minute}.{session}".encode(), signature)
    except (binascii.Error, CryptoError):
        raise Problem("device_signature") from None
