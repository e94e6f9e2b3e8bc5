"""Interleaved A/B measurement of two servers on one core, driven from the other (design: one core each, pinned)."""

from __future__ import annotations

import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 64
GOOD = 0.99
"""Part of the answers of a run that must be 200 or 304; only those count."""


class Run(NamedTuple):
    """One drive of the generator against one server."""

    answers: int
    """All of them, those while the server warmed up too."""
    per_s: float
    cpu_us: float
    """Processor time of the server per answer: what remains comparable when the machine is not ours alone."""
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]
    sample: str


@contextmanager
def server(how: str, *options: str) -> Iterator[tuple[int, int]]:
    """A server pinned to its core, as (port, pid); it is up when the context begins and gone when it ends."""
    port = free_port()
    command = [sys.executable, "-m", "bench.serve", how, "--port", str(port), "--core", str(SERVER_CORE), *options]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _await(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def drive(
    address: tuple[int, int],
    requests: Path,
    *,
    seconds: float,
    rate: float = 0.0,
    phones: int = CONNECTIONS,
    tls: Path | None = None,
) -> Run:
    """Drive the server at (port, pid) with prepared requests, over TLS where its certificate is named.

    Raises RuntimeError where answers were no success.
    """
    port, pid = address
    before = cpu_s(pid)
    command = [
        *(sys.executable, "-m", "bench.load", "--port", str(port), "--requests", str(requests)),
        *("--seconds", str(seconds), "--connections", str(phones), "--rate", str(rate)),
        *("--core", str(LOAD_CORE), "--tls", str(tls or "")),
    ]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    told = json.loads(out)
    good = sum(told["statuses"].get(status, 0) for status in ("200", "304"))
    if not good or good < GOOD * sum(told["statuses"].values()):
        raise RuntimeError(f"answers were {told['statuses']}; the first one: {told['sample']}")
    cpu_us = (cpu_s(pid) - before) / told["all"] * 1e6
    return Run(told["all"], good / seconds, cpu_us, told["p50_ms"], told["p99_ms"], told["statuses"], told["sample"])


def interleaved(
    servers: list[tuple[int, int]],
    requests: Path,
    *,
    pairs: int,
    seconds: float,
    say: Callable[[str], None],
    phones: int = CONNECTIONS,
) -> list[list[Run]]:
    """Drive the servers in turn, `pairs` times; one list of runs per server."""
    runs: list[list[Run]] = [[] for _ in servers]
    for pair in range(pairs):
        for index, address in enumerate(servers):
            runs[index].append(drive(address, requests, seconds=seconds, phones=phones))
        say(
            f"pair {pair + 1} of {pairs}: "
            + ", ".join(f"{found[-1].per_s:,.0f}/s ({found[-1].cpu_us:.1f} µs of CPU)" for found in runs)
        )
    return runs


def median(runs: list[Run]) -> float:
    """The median rate of some runs."""
    return statistics.median(run.per_s for run in runs)


def median_cpu_us(runs: list[Run]) -> float:
    """The median processor time per answer of some runs, in µs."""
    return round(statistics.median(run.cpu_us for run in runs), 1)


def ratios(runs: list[Run], floor: list[Run]) -> tuple[float, float, float]:
    """Median, least and greatest ratio of paired runs to their floors."""
    found = [run.per_s / base.per_s for run, base in zip(runs, floor, strict=True)]
    return statistics.median(found), min(found), max(found)


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """The most memory of a process so far, mapped table pages included, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def cpu_name() -> str:
    """The machine's processor and how many cores we have."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return f"{line.split(':', 1)[1].strip()} x {os.cpu_count()}"
    return f"{platform.machine()} x {os.cpu_count()}"


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}; see above")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start within 20 s")


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Result = dict[str, Any]
"""What a measurement prints on its last line."""
