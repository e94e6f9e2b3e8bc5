"""The measurement `mix`: what a province's phones and gates ask of an edge at the morning peak, on one core.

Showing a code costs nothing: it was minted ahead. So of a hundred requests 45 are phones that look whether anything
changed (mostly 304), 5 are phones that fetch the next half hour of codes, proving their key, 30 are gates that check
and 20 are scans, durable before the answer. Each kind is also measured alone, so that other mixes can be computed.
"""

from __future__ import annotations

import base64
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from bench.edge import VISIT_PHONES, Say, _heartbeats, _postgres, _result
from bench.measure import Result, drive, interleaved, median, median_cpu_us, peak_mb, ratios, server
from bench.province import REGION, Province, checks_requests, province_build, request, requests_write, visits_requests
from bench.serve import edge_app
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.crypto.suites import suite
from healthcode.edge.http import Response

PEOPLE: Final = 60_000
SHARES: Final = {"state": 45, "codes": 5, "checks": 30, "visits": 20}
"""Of a hundred requests."""
MINUTES: Final = 30
"""Codes that a phone fetches at once."""
HAINAN_PER_S: Final = 60_000
"""The highest rate ever published for such a system."""
LOADED: Final = 0.8
"""How busy a core may be."""
_CYCLE: Final = 120_000
"""Requests of one round of the mix: so many that no phone meets a limit of requests a minute."""
_MINTS: Final = 10_000
"""Phones that fetch codes alone: each may ten times a minute."""
_KEYS: Final = 64
"""Phones' keys; the server does not know that some are shared."""


def mix(folder: Path, *, seconds: float, pairs: int, say: Say) -> Result:
    """The mix against the floor, then each kind alone, then the latency at 80 % of the mix's rate."""
    say("PostgreSQL, with fsync, on the generator's core")
    with ExitStack() as stack:
        url, _ = stack.enter_context(_postgres(folder))
        province = province_build(folder / "edge", PEOPLE, record_visits=False)
        minutes = 4 + int((2 * pairs + len(SHARES) + 4) * (seconds + 2)) // 60
        kinds = _kinds(province, minutes)
        for name, requests in kinds.items():
            requests_write(folder / name, requests)
        requests_write(folder / "mix", _mixed(kinds))
        options = ("--folder", str(province.folder), "--url", url)
        stack.enter_context(_heartbeats(province))
        servers = [stack.enter_context(server(*how)) for how in (("floor",), ("edge", *options))]
        drive(servers[1], folder / "visits", seconds=1, phones=VISIT_PHONES)
        floor, edge = interleaved(servers, folder / "mix", pairs=pairs, seconds=seconds, say=say, phones=VISIT_PHONES)
        alone = {}
        for name in SHARES:
            say(f"{name} alone")
            alone[f"{name}_cpu_us"] = round(
                drive(servers[1], folder / name, seconds=seconds, phones=VISIT_PHONES).cpu_us, 1
            )
        say("open loop at 80 % of that rate")
        rate = LOADED * median(edge)
        open_loop = drive(servers[1], folder / "mix", seconds=max(seconds, 5), rate=rate, phones=VISIT_PHONES)
        ratio, least, most = ratios(edge, floor)
        cpu_us = median_cpu_us(edge)
        return _result(
            "mix",
            value=round(median(edge)),
            unit="requests/s per server core",
            floor=round(median(floor)),
            ratio=round(ratio, 3),
            ratio_least=round(least, 3),
            ratio_most=round(most, 3),
            cpu_us=cpu_us,
            **alone,
            cores_for_hainan=round(HAINAN_PER_S * cpu_us / 1e6 / LOADED, 2),
            shares=SHARES,
            p50_ms=open_loop.p50_ms,
            p99_ms=open_loop.p99_ms,
            peak_mb=peak_mb(servers[1][1]),
            people=PEOPLE,
        )


def _kinds(province: Province, minutes: int) -> dict[str, dict[int, list[bytes]]]:
    """The requests of each kind, by the minute in which they are sent."""
    now = int(time.time()) // 60
    counts = {name: _CYCLE * share // 100 for name, share in SHARES.items()}
    return {
        "state": {0: list(_states(province, now, counts["state"]))},
        "codes": {minute: list(_mints(province, minute, _MINTS)) for minute in (0, *range(now, now + minutes))},
        "checks": checks_requests(province, minutes, counts["checks"]),
        "visits": visits_requests(province, PEOPLE),
    }


def _mixed(kinds: dict[str, dict[int, list[bytes]]]) -> dict[int, list[bytes]]:
    """All kinds by their shares, shuffled, for each minute."""
    picked = random.Random(5)  # noqa: S311 - the same order each time
    mixed = {}
    for minute in kinds["checks"]:
        requests = []
        for name, by_minute in kinds.items():
            requests += picked.sample(by_minute.get(minute) or by_minute[0], _CYCLE * SHARES[name] // 100)
        picked.shuffle(requests)
        mixed[minute] = requests
    return mixed


def _states(province: Province, now: int, count: int) -> Iterator[bytes]:
    """A phone asks whether its state is still so: it names the ETag, here learned from an edge over the same files."""
    edge = edge_app(province.folder, "", "edge")
    for subject in range(1, count + 1):
        token = _session(province, subject, now, None)
        bearer = (b"authorization", f"Bearer {token}".encode())
        answer = edge.direct(b"GET", b"/v1/state", [bearer], b"")
        if not isinstance(answer, Response):
            raise TypeError("a state is answered at once")
        yield request("GET", "/v1/state", token, **{"if-none-match": dict(answer.headers)[b"etag"].decode()})


def _mints(province: Province, minute: int, count: int) -> Iterator[bytes]:
    """Phones that fetch codes and prove their keys."""
    now = minute or int(time.time()) // 60
    keys = [suite("intl").generate_signing_key() for _ in range(_KEYS)]
    points = [key.public.to_bytes() for key in keys]
    for number in range(count):
        key, point = keys[number % _KEYS], points[number % _KEYS]
        token = _session(province, 20_000 + number, now, suite("intl").hash(point))
        signature = key.sign(f"codes.{now}.{token}".encode())
        holder = {
            "key": base64.b64encode(point).decode(),
            "signature": base64.b64encode(signature).decode(),
            "at_minute": now,
        }
        body = msgspec.json.encode({"minutes": MINUTES, "holder": holder})
        yield request("POST", "/v1/codes", token, body=body)


def _session(province: Province, subject: int, now: int, thumb: bytes | None) -> str:
    claim = SessionClaim("resident", subject, 1, "林*", 0, 0, os.urandom(16), now, now + 10_000, thumb)
    return session_seal(province.keys, claim, region=REGION, now=now)
