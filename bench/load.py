"""The load generator: one process, raw sockets on an event loop, keep-alive, no pipelining.

Closed loop: each connection sends its next request when it has the answer; the rate is what the server can do.
Open loop (`--rate`): requests fall due at fixed times whatever the server does, and latency counts from the due time,
so that waiting is not hidden (no coordinated omission).

Requests come from a msgpack file {minute: [request bytes]}: the requests of the present minute are used, because live
codes last one minute; minute 0 fits always.  Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import ssl
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import uvloop

KEY = b"KEY" + b"-" * 33
"""Stands in a request for a visit key to be made when it is sent."""
_LENGTH = b"ength: "
"""What is the same in `content-length` and in nginx's `Content-Length`."""


class Load:
    """One run against one server."""

    def __init__(self, requests: dict[int, list[bytes]]) -> None:
        self._requests = requests
        self._minute = -1
        self._current: Iterator[bytes] = iter(())
        self._numbers = itertools.count(time.time_ns())
        self.free: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.latencies: list[float] = []
        self.statuses: Counter[bytes] = Counter()
        self.all = 0
        self.sample = b""
        self.begun = self.ends = float("inf")
        self.open_loop = False

    def begin(self, seconds: float, warm_s: float) -> None:
        """Measure for `seconds` after `warm_s` from now."""
        self.begun = time.perf_counter() + warm_s
        self.ends = self.begun + seconds

    def next_request(self) -> bytes:
        """The next request of this minute, round and round."""
        minute = int(time.time()) // 60
        if minute != self._minute:
            self._minute = minute
            self._current = itertools.cycle(self._requests.get(minute) or self._requests[0])
        request = next(self._current)
        at = request.find(KEY)
        return request if at < 0 else request[:at] + self._key() + request[at + 36 :]

    def _key(self) -> bytes:
        """A new visit key (UUIDv7 of now)."""
        now_ms, number = time.time_ns() // 1_000_000, next(self._numbers)
        return b"%08x-%04x-7%03x-8%03x-%012x" % (
            now_ms >> 16,
            now_ms & 0xFFFF,
            number >> 52 & 0xFFF,
            number >> 40 & 0xFFF,
            number & 0xFFFFFFFFFF,
        )

    def answered(self, connection: Connection, status: bytes, due: float) -> None:
        """Count an answer and give its connection the next thing to do."""
        now = time.perf_counter()
        self.all += 1
        if self.begun <= due and now <= self.ends:
            self.latencies.append(now - due)
            self.statuses[status] += 1
        if now >= self.ends:
            return
        if not self.open_loop:
            connection.send(now)
        elif self.due:
            connection.send(self.due.popleft())
        else:
            self.free.append(connection)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way at most."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._data = b""
        self._due = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, due: float) -> None:
        """Send the next request; its latency counts from `due`."""
        self._due = due
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        if self._data:
            data = self._data + data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            at = data.find(_LENGTH) + len(_LENGTH)
            length = 0 if data[9:12] == b"304" else int(data[at : data.find(b"\r\n", at)])
            if len(data) >= end + 4 + length:
                self._data = b""
                if not self._load.sample:
                    self._load.sample = data[end + 4 :]
                self._load.answered(self, data[9:12], self._due)
                return
        self._data = data

    def connection_lost(self, _exc: Exception | None) -> None:
        self._load.statuses[b"lost"] += time.perf_counter() < self._load.ends


async def run(options: argparse.Namespace, requests: dict[int, list[bytes]]) -> dict[str, Any]:
    """Drive the server as the options say and return what was measured."""
    loop = asyncio.get_running_loop()
    load = Load(requests)
    tls = ssl.create_default_context(cafile=options.tls) if options.tls else None
    connections = [
        (await loop.create_connection(lambda: Connection(load), "127.0.0.1", options.port, ssl=tls))[1]
        for _ in range(options.connections)
    ]
    load.open_loop = options.rate > 0
    load.begin(options.seconds, options.warm)
    if load.open_loop:
        load.free.extend(connections)
        await _pace(load, options.rate)
    else:
        for connection in connections:
            connection.send(time.perf_counter())
    await asyncio.sleep(max(0.0, load.ends - time.perf_counter()) + 0.2)
    return _report(load, options.seconds)


async def _pace(load: Load, rate: float) -> None:
    """Let requests fall due evenly; the loop may be late, the due times are not."""
    count, start = 0, time.perf_counter()
    while (now := time.perf_counter()) < load.ends:
        while (due := start + count / rate) <= now:
            count += 1
            if load.free:
                load.free.popleft().send(due)
            else:
                load.due.append(due)
        await asyncio.sleep(0.0005)


def _report(load: Load, seconds: float) -> dict[str, Any]:
    latencies = sorted(load.latencies)
    return {
        "answers": len(latencies),
        "all": load.all,
        "per_s": len(latencies) / seconds,
        "p50_ms": _percentile(latencies, 0.50),
        "p99_ms": _percentile(latencies, 0.99),
        "statuses": {status.decode(): count for status, count in load.statuses.items() if count},
        "waiting": len(load.due),
        "cpu_s": time.process_time(),
        "sample": load.sample.decode("utf-8", "replace")[:600],
    }


def _percentile(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000, 3) if ordered else float("nan")


def main() -> None:
    """Read the options, pin to a core, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", required=True)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--warm", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=0.0, help="open loop at this many requests per second")
    parser.add_argument("--tls", default="", help="speak TLS, and trust this certificate")
    parser.add_argument("--core", type=int, default=-1)
    options = parser.parse_args()
    if options.core >= 0:
        os.sched_setaffinity(0, {options.core})
    requests = msgspec.msgpack.decode(Path(options.requests).read_bytes(), type=dict[int, list[bytes]])
    sys.stdout.write(json.dumps(uvloop.run(run(options, requests))) + "\n")


if __name__ == "__main__":
    main()
