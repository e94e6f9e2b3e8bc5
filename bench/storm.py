"""The measurement `storm`: ten times as many scans at once, phones that repeat what was refused, and gates beside them.

The edge stands behind nginx with the deployed configuration, which is what turns most of them away. Open loop: phones
come at fixed times whatever the server does, each to store one visit, on one of many kept connections. A phone that is
refused comes again: patient ones after the time that the server names, impatient ones at once, and then give up. All
the while gates check codes: the color is what is given up last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench.edge import VISIT_PEOPLE, VISIT_PHONES, NoRoom, _heartbeats, _postgres
from bench.load import Load
from bench.measure import LOAD_CORE, ROOT, SERVER_CORE, Result, cpu_name, drive, free_port, peak_mb, server
from bench.province import checks_requests, province_build, requests_write, visits_requests
from bench.proxy import nginx, nginx_there

SPINNERS = 3
"""Processes that only burn the server's core: the edge gets a quarter of what nginx leaves, the generator is quick."""
BEHIND = 5
"""How much nicer edge and spinners are than nginx, which at a province has hosts of its own."""
CONNECTIONS = 12_000
"""Phones at the same time, each with a connection to nginx."""
GATES = 400
"""Connections that only gates use."""
PATIENCE_S = 10.0
"""After so long our page gives up (`web/src/http.ts`)."""
BASE = 0.3
"""Of the server's full rate: ten times as much is three times what it can do."""
PHASES = (("before", 4.0, 1.0), ("step", 8.0, 10.0), ("after", 16.0, 1.0))
"""Name, seconds, times the base rate."""
GATES_PER_S = 300
"""Checks beside the scans, all the time."""
_CHECKS = 1_024
SOON_S = 0.05
"""An answer within this time is as if there were no storm."""


def storm(folder: Path, *, seconds: float, say: Callable[[str], None]) -> Result:
    """Drive one edge behind nginx through the step, with patient and with impatient phones."""
    if not nginx_there():
        raise NoRoom("nginx was not found; on Debian and Ubuntu: apt-get install nginx-light")
    _files(CONNECTIONS + GATES + 4_000)
    say("PostgreSQL, with fsync, on the generator's core")
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        url, _ = stack.enter_context(_postgres(folder))
        province = province_build(folder / "edge", VISIT_PEOPLE, record_visits=False)
        visits, checks = folder / "visits", folder / "checks"
        requests_write(visits, visits_requests(province, VISIT_PEOPLE))
        requests_write(checks, checks_requests(province, 6, _CHECKS))
        stack.enter_context(_heartbeats(province))
        edge = stack.enter_context(server("edge", "--folder", str(province.folder), "--url", url))
        port, here = free_port(), f"127.0.0.1:{edge[0]}"
        proxy = stack.enter_context(nginx(folder / "nginx", [here], here, (free_port(), port), tls=False))
        os.sched_setaffinity(proxy.worker, {SERVER_CORE})
        for thread in Path(f"/proc/{edge[1]}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), BEHIND)
        stack.enter_context(_spinning())
        address = port, edge[1]
        drive(address, visits, seconds=1, phones=VISIT_PHONES)
        full = drive(address, visits, seconds=seconds, phones=VISIT_PHONES).per_s
        for kind in ("patient", "impatient"):
            say(f"{kind} phones: {BASE * full:,.0f}/s, then ten times as many, then again as before")
            told = _driven(address[0], visits, checks, BASE * full, kind)
            found |= {f"{kind}_{name}": value for name, value in told.items()}
        peak = peak_mb(address[1])
    return {
        "name": "storm",
        "value": found["patient_step_answered_per_s"],
        "unit": "scans/s stored of those that came during the step",
        "floor": None,
        "ratio": round(found["patient_step_answered_per_s"] / full, 3),
        "full_per_s": round(full),
        **found,
        "peak_mb": peak,
        "people": VISIT_PEOPLE,
        "cpu": cpu_name(),
        "load": round(os.getloadavg()[0], 2),
    }


@contextmanager
def _spinning() -> Iterator[None]:
    """Leave the server a part of its core."""
    code = f"import os; os.sched_setaffinity(0, {{{SERVER_CORE}}}); os.nice({BEHIND})\nwhile True: pass"
    spinners = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(SPINNERS)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def _files(wanted: int) -> None:
    """Let this process and what it starts open so many files; raises NoRoom where the account may not."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        raise NoRoom(f"{wanted} open files are needed: raise `ulimit -Hn`, or measure as root") from None


def _driven(port: int, visits: Path, checks: Path, rate: float, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.storm", str(port), str(visits), str(checks), str(rate), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@dataclass
class Phone:
    """One person who wants one visit stored, or one check at a gate."""

    phase: str
    check: bool = False
    tries: int = 0


@dataclass
class Count:
    """What happened to the phones of one phase."""

    came: int = 0
    served: int = 0
    at_once: int = 0
    refusals: int = 0
    gave_up: int = 0
    answers_s: list[float] = field(default_factory=list)
    """How long each answered try took."""
    refused_s: list[float] = field(default_factory=list)


class Crowd:
    """All phones, and the connections they share."""

    def __init__(self, visits: Load, checks: Load, *, patient: bool) -> None:
        self._visits = visits
        self._checks = checks
        self._patient = patient
        self.free: dict[bool, deque[Line]] = {False: deque(), True: deque()}
        """Connections that nobody uses: of phones, and of gates."""
        self.waiting: dict[bool, deque[tuple[Phone, float]]] = {False: deque(), True: deque()}
        self.counts = {kind + name: Count() for name, _, _ in PHASES for kind in ("", "check_")}
        self.late_s: list[float] = []
        """How late this generator came to each of its own rounds."""
        self.calm_at = 0.0
        """When the last answer came that was not soon."""

    def request(self, phone: Phone) -> bytes:
        """What the phone sends."""
        return (self._checks if phone.check else self._visits).next_request()

    def come(self, phone: Phone) -> None:
        """A phone tries now; without a free connection its time runs."""
        due = time.perf_counter()
        if self.free[phone.check]:
            self.free[phone.check].popleft().ask(phone, due)
        else:
            self.waiting[phone.check].append((phone, due))

    def answered(self, line: Line, phone: Phone, due: float, status: bytes, again_s: float) -> None:
        """Count one answer, and let the phone come again where it was refused."""
        now = time.perf_counter()
        count = self.counts[phone.phase]
        took = now - due
        if took > SOON_S:
            self.calm_at = now
        if took > PATIENCE_S:
            count.gave_up += 1
        elif status == b"200":
            count.served += 1
            count.at_once += phone.tries == 0
            count.answers_s.append(took)
        else:
            count.refusals += 1
            count.refused_s.append(took)
            self._again(phone, count, again_s)
        while self.waiting[phone.check]:
            waiting, since = self.waiting[phone.check].popleft()
            if now - since < PATIENCE_S:
                line.ask(waiting, since)
                return
            self.counts[waiting.phase].gave_up += 1
        self.free[phone.check].append(line)

    def _again(self, phone: Phone, count: Count, again_s: float) -> None:
        phone.tries += 1
        if self._patient:
            asyncio.get_running_loop().call_later(again_s, self.come, phone)
        elif phone.tries == 1:
            self.come(phone)
        else:
            count.gave_up += 1


class Line(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._data = b""
        self._asking: tuple[Phone, float] | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, phone: Phone, due: float) -> None:
        """Send a phone's check."""
        self._asking = phone, due
        self._transport.write(self._crowd.request(phone))

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, mark, body = self._data.partition(b"\r\n\r\n")
        if not mark or len(body) < int(_header(head, b"content-length")) or self._asking is None:
            return
        (phone, due), self._asking, self._data = self._asking, None, b""
        status = head[9:12]
        self._crowd.answered(
            self, phone, due, status, 0.0 if status == b"200" else float(_header(head, b"retry-after"))
        )


def _header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(name + b": ") + len(name) + 2
    return head[at : (head + b"\r\n").find(b"\r\n", at)]


async def _run(port: int, visits: Load, checks: Load, rate: float, *, patient: bool) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    crowd = Crowd(visits, checks, patient=patient)
    for gate, count in ((False, CONNECTIONS), (True, GATES)):
        for _ in range(count):
            crowd.free[gate].append((await loop.create_connection(lambda: Line(crowd), "127.0.0.1", port))[1])
    ended = {}
    for name, seconds, times in PHASES:
        await _phase(crowd, name, seconds, rate * times)
        ended[name] = time.perf_counter()
    await asyncio.sleep(1)
    told: dict[str, Any] = {
        "calm_s_after_step": round(max(0.0, crowd.calm_at - ended["step"]), 2),
        "generator_late_p99_ms": _percentile(crowd.late_s, 0.99),
    }
    for name, seconds, _ in PHASES:
        told |= _told(crowd.counts[name], name, seconds) | _told(
            crowd.counts["check_" + name], "check_" + name, seconds
        )
    return told


async def _phase(crowd: Crowd, name: str, seconds: float, rate: float) -> None:
    start, counts = time.perf_counter(), {False: 0, True: 0}
    while (now := time.perf_counter()) < start + seconds:
        for check, per_s in ((True, GATES_PER_S), (False, rate)):
            while start + counts[check] / per_s <= now:
                counts[check] += 1
                phone = Phone(("check_" if check else "") + name, check)
                crowd.counts[phone.phase].came += 1
                crowd.come(phone)
        await asyncio.sleep(0.001)
        crowd.late_s.append(time.perf_counter() - now - 0.001)


def _told(count: Count, name: str, seconds: float) -> dict[str, Any]:
    return {
        f"{name}_came_per_s": round(count.came / seconds),
        f"{name}_answered_per_s": round(count.served / seconds),
        f"{name}_at_the_first_try": round(count.at_once / max(1, count.came), 3),
        f"{name}_served_in_the_end": round(count.served / max(1, count.came), 3),
        f"{name}_refusals": count.refusals,
        f"{name}_gave_up": count.gave_up,
        f"{name}_p50_ms": _percentile(count.answers_s, 0.5),
        f"{name}_p99_ms": _percentile(count.answers_s, 0.99),
        f"{name}_refusal_p99_ms": _percentile(count.refused_s, 0.99),
    }


def _percentile(values: list[float], part: float) -> float | None:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000, 1) if ordered else None


def main() -> None:
    """Drive one server and print what happened as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("visits", type=Path)
    parser.add_argument("checks", type=Path)
    parser.add_argument("rate", type=float)
    parser.add_argument("kind", choices=("patient", "impatient"))
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE})
    visits, checks = (
        Load(msgspec.msgpack.decode(path.read_bytes(), type=dict[int, list[bytes]]))
        for path in (options.visits, options.checks)
    )
    told = uvloop.run(_run(options.port, visits, checks, options.rate, patient=options.kind == "patient"))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
