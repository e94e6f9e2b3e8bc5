"""A province for measuring: a table of many people, venues, keys, and the requests that gates and phones send."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from healthcode.adapters.edge_files import (
    SIDE,
    StatusFile,
    boot_name,
    identity_name,
    identity_open,
    identity_public,
    moment_now,
)
from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.adapters.table_files import CURRENT, TableFile
from healthcode.codes.epoch import EpochKeys, epoch_key
from healthcode.codes.live import LiveClaim, live_mint
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.codes.venue import VenueClaim, venue_static
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.sealed_box import seal_to
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_of, day_start
from healthcode.edge.notes import EPOCH_CONTEXT
from healthcode.edge.status import Status
from healthcode.table.messages import FeedKind, SideChange, key_from_bytes
from healthcode.table.payloads import (
    ColorEntry,
    ColorsNote,
    EpochNote,
    Note,
    PoliciesNote,
    PolicyEntry,
    TrustNote,
    VenueEntry,
    note_encode,
)
from healthcode.table.record import Record, Transition, record_encode

REGION = 140000
ORIGIN = "http://127.0.0.1:8001"
MASTER = bytes(range(32))
VENUES = 500
DEVICES = 2_000
"""Inspecting devices: at 15,000 checks a second each passes 8 people a second."""
KID = b"bench-01"
CHUNK = 65_536


@dataclass
class Province:
    """The files in `folder` and the keys to make requests with."""

    folder: Path
    people: int
    keys: EpochKeys

    def status_write(self) -> None:
        """Say that everything is applied as of now, as an updater does each second."""
        moment = moment_now()
        now_ms = int(moment.wall_s * 1000)
        boot_ms = int(moment.boot_s * 1000)
        status = Status(REGION, "bench", {0: 1, 1: 1}, now_ms, now_ms, boot_ms, boot_name())
        StatusFile(self.folder).write(status)


def province_build(folder: Path, people: int, *, record_visits: bool) -> Province:
    """Write table and side files for `people` subjects: 97 % green, some yellow and red, many with a transition."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = identity_open(folder)
    now = int(time.time()) // 60
    table_fill(folder / CURRENT, people, now)
    side = SideStoreLmdb(folder / SIDE, writer=True)
    changes = [*_standing(now, identity), *_venues(record_visits=record_visits)]
    side.apply([SideChange(kind, key, note_encode(note)) for kind, key, note in changes], {0: 1, 1: 1})
    side.close()
    province = Province(folder, people, EpochKeys.from_master(MASTER, range(day_of(now) - 1, day_of(now) + 2)))
    province.status_write()
    return province


def table_fill(path: Path, people: int, now: int) -> None:
    """A table of `people` records, written in runs."""
    table = TableFile.create(path, region=REGION, capacity=people + 1)
    picked = random.Random(1)  # noqa: S311 - the same province each time
    kinds = [record_encode(_record(picked, now)) for _ in range(4096)]
    run = b"".join(picked.choices(kinds, k=CHUNK))
    for first in range(0, people + 1, CHUNK):
        table.editor.put_many(first, run[: 32 * min(CHUNK, people + 1 - first)])
    table.close()


def checks_requests(province: Province, minutes: int, count: int) -> dict[int, list[bytes]]:
    """`count` checks for each of the coming minutes: a random gate meets a random person's live code."""
    picked = random.Random(2)  # noqa: S311
    now = int(time.time()) // 60
    tokens = [_inspector(province, device, now) for device in range(DEVICES)]
    requests: dict[int, list[bytes]] = {}
    for minute in range(now, now + minutes):
        subjects = picked.sample(range(1, province.people), count)
        codes = [live_mint(province.keys, LiveClaim(s, 1, minute, "林*", 0), region=REGION) for s in subjects]
        requests[minute] = [_post("/v1/checks", picked.choice(tokens), {"code": code}) for code in codes]
    requests[0] = next(iter(requests.values()))
    return requests


def visits_requests(province: Province, people: int) -> dict[int, list[bytes]]:
    """One scan of a poster for each of `people` residents, `KEY` standing for the visit key."""
    now = int(time.time()) // 60
    issuer = _issuer()
    posters = [
        venue_static(issuer, KID, VenueClaim(venue, 1), region=REGION, base_url=ORIGIN) for venue in range(1, VENUES)
    ]
    requests = []
    for subject in range(1, people + 1):
        claim = SessionClaim("resident", subject, 1, "林*", 0, 0, os.urandom(16), now, now + 10_000)
        token = session_seal(province.keys, claim, region=REGION, now=now)
        body = {"key": "KEY" + "-" * 33, "code": posters[subject % len(posters)]}
        requests.append(_post("/v1/visits", token, body))
    return {0: requests}


def requests_write(path: Path, requests: dict[int, list[bytes]]) -> None:
    """Hand requests to the load generator."""
    path.write_bytes(msgspec.msgpack.encode(requests))


def _record(picked: random.Random, now: int) -> Record:
    state = picked.choices((2, 3, 4), weights=(97, 2, 1))[0]
    later = picked.sample(range(now + 60, now + 14_400), picked.randrange(3))
    steps = tuple(Transition(minute, 2) for minute in sorted(later))
    tested = now - picked.randrange(1, 4_000)
    return Record(state, 3, 0, 1, tested, 1, steps)


def _inspector(province: Province, device: int, now: int) -> str:
    claim = SessionClaim(
        "inspector", 0, 0, "", 1 + device % (VENUES - 1), 1, device.to_bytes(16, "big"), now, now + 10_000
    )
    return session_seal(province.keys, claim, region=REGION, now=now)


def request(method: str, path: str, token: str, *, body: bytes = b"", **more: str) -> bytes:
    """A request as a phone's browser sends it, headers included; `more` are further ones."""
    headers = {
        "host": "127.0.0.1",
        "user-agent": "Mozilla/5.0 (Linux; Android 12)",
        "accept": "application/json",
        "accept-language": "zh",
        "authorization": f"Bearer {token}",
        **({"content-type": "application/json", "content-length": str(len(body))} if body else {}),
        **more,
    }
    lines = (f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
    return "\r\n".join((*lines, "", "")).encode() + body


def _post(path: str, token: str, content: dict[str, str]) -> bytes:
    return request("POST", path, token, body=msgspec.json.encode(content))


def _standing(now: int, identity: bytes) -> list[tuple[int, int, Note]]:
    colors = [
        ColorEntry(id=name, state=state, severity=state - 2, word={"zh": name, "en": name})
        for state, name in ((2, "green"), (3, "yellow"), (4, "red"))
    ]
    policy = PolicyEntry(id="green-only", colors=["green"], basis="Art. 9", authority="140000")
    point = _issuer().public.to_bytes()
    notes: list[tuple[int, int, Note]] = [
        (FeedKind.COLORS, 0, ColorsNote(colors=colors)),
        (FeedKind.POLICIES, 0, PoliciesNote(default=policy)),
        (FeedKind.TRUST, key_from_bytes(KID), TrustNote(kid=KID, suite="intl", public=point, purpose="venue")),
    ]
    for day in range(day_of(now) - 1, day_of(now) + 2):
        sealed = seal_to(identity_public(identity), epoch_key(MASTER, day % 65536), context=EPOCH_CONTEXT)
        note = EpochNote(
            epoch=day % 65536,
            valid_from=day_start(day),
            valid_until=day_start(day + 1),
            sealed={identity_name(identity): sealed},
        )
        notes.append((FeedKind.EPOCHS, day % 65536, note))
    return notes


def _venues(*, record_visits: bool) -> list[tuple[int, int, Note]]:
    return [
        (
            FeedKind.VENUE,
            number,
            VenueEntry(
                name=f"Market {number}",
                address=f"Yingze Street {number}",
                type="market",
                division="140106",
                checkpoints={1: "south gate"},
                record_visits=record_visits,
            ),
        )
        for number in range(1, VENUES)
    ]


def _issuer() -> SigningKey:
    return suite("intl").private_from_bytes((12345).to_bytes(32, "big"))
