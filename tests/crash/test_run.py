"""`healthcode run`: one command gives a working province, and it survives what is done to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthcode.adapters.embedded_postgres import postmaster_pid

pytestmark = pytest.mark.slow


class Province:
    """A `healthcode run` of its own, on ports and in a folder of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.edge_port = free_ports(2)
        self.said = data.parent / "said.txt"
        self.run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it has printed what to open."""
        command = [sys.executable, "-m", "healthcode.cli.main", "run", "--data", str(self.data), "--people", "60"]
        command += ["--port", str(self.port), "--edge-port", str(self.edge_port)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCODE_")}
        with self.said.open("wb") as output:
            self.run = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        assert eventually(lambda: "Ctrl-C" in self.words() or self.ended(), 120), self.words()
        assert not self.ended(), self.words()

    def words(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def ended(self) -> bool:
        return self.run is not None and self.run.poll() is not None

    def pid(self, name: str) -> int:
        if name == "postgres":
            return postmaster_pid(self.data / "postgres" / "data") or 0
        return int((self.data / "run" / f"{name}.pid").read_text().split()[0])

    def get(self, path: str, port: int | None = None) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.edge_port}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def ready(self) -> bool:
        """Whether control reaches its database and the edge answers with fresh data."""
        status, body = self.get("/readyz")
        return status == 200 and bool(json.loads(body)["ready"]) and self.get("/readyz", self.port)[0] == 200

    def end(self) -> int:
        """Ask it to stop, as Ctrl-C does; returns its exit code."""
        assert self.run is not None
        self.run.send_signal(signal.SIGINT)
        return self.run.wait(60)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def province() -> Iterator[Province]:
    """A running province; whatever a test did to it, nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="healthcode-run-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        made = Province(Path(folder) / "data")
        made.start()
        yield made
        if not made.ended():
            made.end()
        shutil.rmtree((made.data / "postgres").resolve(), ignore_errors=True)


def test_one_command_gives_a_province_that_survives_kills_and_stops_cleanly(province: Province) -> None:
    assert eventually(province.ready, 30)
    assert [province.get(path)[0] for path in ("/", "/inspect", "/demo/", "/console/", "/v1/openapi.json")] == [200] * 5
    for name in ("edge", "control", "postgres"):
        before = province.pid(name)
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda name=name, before=before: province.pid(name) not in {0, before}, 30), name
        assert eventually(province.ready, 30), name
    assert province.end() == 0
    assert "everything is on disk" in province.words()
    assert province.pid("postgres") == 0


def test_after_a_kill_of_the_supervisor_nothing_is_left_but_postgres_and_the_next_start_adopts_it(
    province: Province,
) -> None:
    assert province.run is not None
    children = [province.pid(name) for name in ("relay", "updater", "worker-jobs", "control", "edge")]
    postgres = province.pid("postgres")
    province.run.kill()
    province.run.wait()
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 20)
    province.start()
    assert "adopted the PostgreSQL" in province.words()
    assert province.pid("postgres") == postgres
    assert eventually(province.ready, 30)
