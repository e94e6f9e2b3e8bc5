"""The measurement `tls`: what HTTPS adds at the proxy, which every phone needs and no other measurement has.

The same checks go to an edge directly and through nginx with the deployed configuration, over kept connections; and
handshakes are counted alone, whole and resumed, since after an outage every phone comes with one.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from bench.edge import CHECK_REQUESTS, NoRoom, Say, _heartbeats, _result
from bench.measure import LOAD_CORE, SERVER_CORE, Result, Run, cpu_s, drive, free_port, median, peak_mb, server
from bench.province import checks_requests, province_build, requests_write
from bench.proxy import Proxy, nginx, nginx_there

PEOPLE: Final = 1_000_000
_HANDSHAKES: Final = {"whole": ("-new",), "whole_tls12": ("-new", "-tls1_2"), "resumed_tls12": ("-reuse", "-tls1_2")}
"""What `openssl s_time` is told; it resumes TLS 1.2 alone."""
_SECONDS: Final = 3


class Through(NamedTuple):
    """One run through the proxy, and the proxy's own processor time per answer."""

    run: Run
    proxy_us: float


def tls(folder: Path, *, seconds: float, pairs: int, say: Say) -> Result:
    """Checks through nginx over TLS against the same edge without it; then handshakes."""
    if not nginx_there():
        raise NoRoom("nginx was not found; on Debian and Ubuntu: apt-get install nginx-light")
    province = province_build(folder / "edge", PEOPLE, record_visits=False)
    requests, minutes = folder / "requests", 3 + int(2 * pairs * (seconds + 2)) // 60
    requests_write(requests, checks_requests(province, minutes, CHECK_REQUESTS))
    with ExitStack() as stack:
        stack.enter_context(_heartbeats(province))
        edge = stack.enter_context(server("edge", "--folder", str(province.folder)))
        port = free_port()
        addresses = [f"127.0.0.1:{edge[0]}"], f"127.0.0.1:{edge[0]}"
        proxy = stack.enter_context(nginx(folder / "nginx", *addresses, (free_port(), port)))
        os.sched_setaffinity(proxy.worker, {SERVER_CORE})
        direct: list[Run] = []
        through: list[Through] = []
        for pair in range(pairs):
            direct.append(drive(edge, requests, seconds=seconds))
            through.append(_through((port, edge[1]), proxy, requests, seconds))
            say(f"pair {pair + 1} of {pairs}: {direct[-1].per_s:,.0f}/s, {through[-1]}")
        say("handshakes")
        handshakes = {
            f"handshake_{name}_us": _handshake_us(port, proxy.worker, how) for name, how in _HANDSHAKES.items()
        }
        proxy_us = statistics.median(each.proxy_us for each in through)
        edge_us = statistics.median(run.cpu_us for run in direct)
        return _result(
            "tls",
            value=round(proxy_us, 1),
            unit="µs of nginx's processor time per check over TLS",
            floor=round(edge_us, 1),
            ratio=round(proxy_us / edge_us, 3),
            edge_behind_us=round(statistics.median(each.run.cpu_us for each in through), 1),
            through_per_s=round(median([each.run for each in through])),
            direct_per_s=round(median(direct)),
            p50_ms=statistics.median(each.run.p50_ms for each in through),
            p99_ms=statistics.median(each.run.p99_ms for each in through),
            **handshakes,
            peak_mb=peak_mb(proxy.worker),
            people=PEOPLE,
        )


def _through(address: tuple[int, int], proxy: Proxy, requests: Path, seconds: float) -> Through:
    before = cpu_s(proxy.worker)
    run = drive(address, requests, seconds=seconds, tls=proxy.certificate)
    return Through(run, round((cpu_s(proxy.worker) - before) / run.answers * 1e6, 1))


def _handshake_us(port: int, worker: int, how: tuple[str, ...]) -> float:
    """nginx's processor time per connection that was made, shook hands and was closed."""
    command = ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-time", str(_SECONDS), *how]
    before = cpu_s(worker)
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE})
    )
    counted = re.findall(r"(\d+) connections in \d+ real seconds", done.stdout)
    return round((cpu_s(worker) - before) / int(counted[-1]) * 1e6, 1)
