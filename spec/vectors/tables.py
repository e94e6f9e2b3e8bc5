"""Vectors of spec/color-table.md, put together and judged byte by byte, without the product's format code."""

import hashlib
import struct
import zlib

import msgspec

ORIGIN = 26_297_280
SHANXI = 140000
GREEN, YELLOW, RED = 2, 3, 4
START = 28_799_520  # local midnight of day 20,000
DAY = 1440
SEVERITY = {GREEN: 1, YELLOW: 2, RED: 3}


def crc16(data):
    """CRC-16/XMODEM, bit by bit: polynomial 0x1021, initial value 0, no reflection."""
    register = 0
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return register


def body(*, version=9, generation=2, state=RED, doses=3, notices=5, last=START - 600, transitions=()):
    """The first 30 bytes of a record."""
    data = struct.pack("<IHBH", version, generation, state << 4 | doses, notices)
    data += (last - ORIGIN if last else 0).to_bytes(3, "little")
    for minute, new_state, new_notices in transitions:
        data += (minute - ORIGIN).to_bytes(3, "little") + struct.pack("<BH", new_state, new_notices)
    return data.ljust(30, b"\0")


def whole(data):
    """A record with its CRC."""
    return data + crc16(data).to_bytes(2, "little")


def records():
    """Valid records with what they mean at moments, and bytes that are no record."""
    zhao = [(START + 8 * DAY, YELLOW, 4), (START + 11 * DAY, GREEN, 0)]
    good = whole(body(transitions=zhao))
    claim = {
        "state": RED,
        "doses": 3,
        "notices": 5,
        "generation": 2,
        "last_negative": START - 600,
        "version": 9,
        "transitions": [list(step) for step in zhao],
    }
    empty = {key: None if key == "last_negative" else 0 for key in claim} | {"transitions": []}
    valid = [
        {"name": "red, then yellow, then green", "hex": good.hex(), "record": claim, "effective": effective(zhao)},
        {"name": "zeros are unknown", "hex": bytes(32).hex(), "record": empty, "effective": []},
        {
            "name": "no transition",
            "hex": whole(body(last=None)).hex(),
            "record": claim | {"last_negative": None, "transitions": []},
            "effective": [{"now": START, "skew": "none", "trusted": None, "state": RED, "notices": 5}],
        },
    ]
    three = [*zhao, (START + 12 * DAY, RED, 0)]
    invalid = {
        "a wrong CRC": good[:-1] + bytes([good[-1] ^ 1]),
        "an altered state under an old CRC": good[:6] + b"\x23" + good[7:],
        "31 bytes": good[:31],
        "33 bytes": good + b"\0",
        "transitions that do not ascend": whole(body(transitions=[three[1], three[0]])),
        "two transitions at one minute": whole(body(transitions=[three[0], three[0]])),
        "a transition after an empty one": whole(body(transitions=[(ORIGIN, 0, 0), three[0]])),
        "a state in a transition without minute": whole(body(transitions=[(ORIGIN, RED, 0)])),
        "a state above 15": whole(body(transitions=[(START, 16, 0)])),
        "all bits set": b"\xff" * 32,
    }
    return {
        "severity": {str(state): value for state, value in SEVERITY.items()},
        "valid": valid,
        "invalid": [{"name": name, "hex": data.hex()} for name, data in invalid.items()],
    }


def effective(steps):
    """The state at moments, by trusted and distrusted clocks; written down by hand, not computed."""
    yellow_from, green_from = steps[0][0], steps[1][0]
    rows = [
        (START, "none", None, RED, 5),
        (yellow_from - 1, "none", None, RED, 5),
        (yellow_from, "none", None, YELLOW, 4),
        (green_from, "none", None, GREEN, 0),
        (green_from, "withhold_improving", None, RED, 5),
        (green_from, "withhold_improving", yellow_from, YELLOW, 4),
        (yellow_from - 1, "withhold_improving", green_from, RED, 5),
        (green_from, "withhold_improving", green_from, GREEN, 0),
    ]
    return [dict(zip(("now", "skew", "trusted", "state", "notices"), row, strict=True)) for row in rows]


def timelines():
    """Timelines and what is left of them; written down by hand."""
    cases = [
        (
            "kept whole",
            [(0, RED, 0), (8, YELLOW, 0), (11, GREEN, 0)],
            [(0, RED, 0), (8, YELLOW, 0), (11, GREEN, 0)],
            None,
        ),
        (
            "notices go first",
            [(0, RED, 0), (1, RED, 1), (3, RED, 2), (8, YELLOW, 4), (11, GREEN, 0)],
            [(0, RED, 0), (1, RED, 3), (8, YELLOW, 4), (11, GREEN, 0)],
            1,
        ),
        (
            "the rest becomes its worst",
            [(0, RED, 0), (1, YELLOW, 0), (2, GREEN, 0), (3, YELLOW, 1), (4, RED, 0), (5, GREEN, 2)],
            [(0, RED, 0), (1, YELLOW, 0), (2, GREEN, 0), (3, RED, 3)],
            3,
        ),
        ("a step that changes nothing", [(0, RED, 0), (1, RED, 0), (2, GREEN, 0)], [(0, RED, 0), (2, GREEN, 0)], None),
    ]
    return {
        "severity": {str(state): value for state, value in SEVERITY.items()},
        "vectors": [
            {
                "name": name,
                "timeline": _placed(timeline),
                "cut": _placed(cut),
                "exact_until": None if until is None else START + until * DAY,
            }
            for name, timeline, cut, until in cases
        ],
    }


def _placed(steps):
    return [[START + day * DAY, state, notices] for day, state, notices in steps]


def heartbeats(key):
    """Heartbeats by `key`, one good."""

    def beat(
        *, version=1, suite_id=1, region=SHANXI, lanes=((0, 7), (1, 9)), count=None, context=b"healthcode/heartbeat/1"
    ):
        head = struct.pack(">BBIQB", version, suite_id, region, START * 60_000, len(lanes) if count is None else count)
        data = head + b"".join(struct.pack(">BQ", lane, last) for lane, last in lanes)
        return data + key.sign(context + data)

    good = beat()
    invalid = {
        "nothing": b"",
        "cut": good[:-1],
        "a later version": beat(version=2),
        "another suite": beat(suite_id=2),
        "another region": beat(region=410000),
        "an altered number": good[:20] + bytes([good[20] ^ 1]) + good[21:],
        "signed for another purpose": beat(context=b""),
        "more lanes than it says": beat(count=1),
    }
    return {
        "public": key.public.to_bytes().hex(),
        "region": SHANXI,
        "valid": [{"hex": good.hex(), "at_ms": START * 60_000, "last": {"0": 7, "1": 9}}],
        "invalid": [{"name": name, "hex": data.hex()} for name, data in invalid.items()],
    }


def snapshots(key):
    """Snapshots by `key`, one good."""

    def frame(kind, data):
        return struct.pack(">BI", kind, len(data)) + data + zlib.crc32(data).to_bytes(4, "big")

    head = msgspec.msgpack.encode(
        {"region": SHANXI, "applied": {0: 7, 1: 9}, "made_ms": 1, "capacity": 10, "valid_from": 0, "format": 1}
    )
    run = struct.pack(">I", 5) + whole(body())
    before = b"HCSNAP1\n" + frame(1, head) + frame(2, run) + frame(3, struct.pack(">Hq", 3, -5) + b"market")

    def tail(count=1, data=before):
        digest = hashlib.sha256(data).digest()
        signature = key.sign(b"healthcode/snapshot/1" + digest)
        return frame(
            4, msgspec.msgpack.encode({"records": count, "sides": 1, "digest": digest, "signature": signature})
        )

    good = before + tail()
    invalid = {
        "cut before the tail": before,
        "cut in the tail": good[:-3],
        "a record altered under its CRC": before[:-40] + bytes([before[-40] ^ 1]) + before[-39:] + tail(),
        "a frame left out": b"HCSNAP1\n" + frame(1, head) + frame(2, run) + tail(),
        "a wrong count": before + tail(count=2),
        "an unknown frame": before + frame(9, b"x") + tail(data=before + frame(9, b"x")),
        "another format": b"HCSNAP2\n" + good[8:],
    }
    return {
        "public": key.public.to_bytes().hex(),
        "region": SHANXI,
        "valid": [
            {
                "hex": good.hex(),
                "applied": {"0": 7, "1": 9},
                "records": [[5, whole(body()).hex()]],
                "sides": [[3, -5, b"market".hex()]],
            }
        ],
        "invalid": [{"name": name, "hex": data.hex()} for name, data in invalid.items()],
    }
