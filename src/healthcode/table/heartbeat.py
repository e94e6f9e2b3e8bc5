"""The heartbeat: control's time and the last number of each lane, signed each second. Freshness is computed from it.

version u8 | suite u8 | region u32 | at_ms u64 | count of lanes u8 | (lane u8, last u64) each | signature 64;
big-endian, lanes ascending. The signature covers `healthcode/heartbeat/1` and everything before it.
"""

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from healthcode.crypto.errors import BadSignature
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.crypto.suites import SIGNATURE_BYTES, suite

_VERSION: Final = 1
_CONTEXT: Final = b"healthcode/heartbeat/1"
_HEAD: Final = struct.Struct(">BBIQB")
_LANE: Final = struct.Struct(">BQ")


class HeartbeatError(ValueError):
    """A heartbeat that is not whole, not signed by control, or of another region or a later release."""


class Heartbeat(NamedTuple):
    """At `at_ms` (since 1970, control's clock) the last number of each lane was `last`."""

    region: int
    at_ms: int
    last: Mapping[int, int]


def heartbeat_sign(key: SigningKey, beat: Heartbeat) -> bytes:
    """Return the signed bytes of a heartbeat."""
    head = _HEAD.pack(_VERSION, suite(key.suite).id, beat.region, beat.at_ms, len(beat.last))
    body = head + b"".join(_LANE.pack(lane, beat.last[lane]) for lane in sorted(beat.last))
    return body + key.sign(_CONTEXT + body)


def heartbeat_verify(public: VerifyKey, data: bytes, *, region: int) -> Heartbeat:
    """Return the heartbeat if control signed it for this region; raises `HeartbeatError`."""
    body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if len(body) < _HEAD.size:
        raise HeartbeatError("a heartbeat is longer than this")
    version, suite_id, made_in, at_ms, lanes = _HEAD.unpack_from(body)
    if version != _VERSION or suite_id != suite(public.suite).id:
        raise HeartbeatError(f"heartbeats of version {version}, suite {suite_id} are not expected here: update needed")
    try:
        public.verify(_CONTEXT + body, signature)
    except BadSignature:
        raise HeartbeatError("this heartbeat is not signed by control's feed key") from None
    if made_in != region:
        raise HeartbeatError(f"this heartbeat is of region {made_in}, this edge of {region}")
    if len(body) != _HEAD.size + lanes * _LANE.size:
        raise HeartbeatError("the lanes of this heartbeat are not as many as it says")
    return Heartbeat(made_in, at_ms, dict(_LANE.iter_unpack(body[_HEAD.size :])))
