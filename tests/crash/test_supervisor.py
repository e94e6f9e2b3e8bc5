"""The supervised group: what ends is started again, and nothing outlives its supervisor unseen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from healthcode.adapters.supervisor import (
    Process,
    Supervisor,
    SupervisorError,
    leftovers_end,
    lock_take,
    port_check,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
WITH_WORKER = [
    sys.executable,
    "-c",
    """
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print(worker.pid, flush=True)
time.sleep(600)
""",
]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)",
]
SUPERVISED = """
import os, sys
from pathlib import Path
from healthcode.adapters.supervisor import Process, Supervisor
folder = Path(sys.argv[1])
group = Supervisor(say=print)
group.add(Process("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ,
                  folder / "sleeper.log", folder / "sleeper.pid"))
group.watch()
"""
LOCKING = """
import sys
from pathlib import Path
from healthcode.adapters.supervisor import lock_take
lock_take(Path(sys.argv[1]))
"""


def process(folder: Path, name: str, command: list[str], stop_seconds: float = 10.0) -> Process:
    return Process(name, command, os.environ, folder / f"{name}.log", folder / f"{name}.pid", stop_seconds)


def pid_of(folder: Path, name: str) -> int:
    return int((folder / f"{name}.pid").read_text().split()[0])


def runs(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_process_that_was_killed_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    group = Supervisor(said.append)
    group.add(process(tmp_path, "edge", SLEEP))
    first = pid_of(tmp_path, "edge")
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 20
    group.watch(until=lambda: pid_of(tmp_path, "edge") != first or time.monotonic() > deadline)
    second = pid_of(tmp_path, "edge")
    group.stop()
    assert second != first
    assert "edge ended" in said[0]


def test_workers_of_a_killed_process_do_not_stay_behind(tmp_path: Path) -> None:
    part = process(tmp_path, "control", WITH_WORKER)
    part.start()
    assert eventually(lambda: part.log.read_text().strip() != "")
    worker = int(part.log.read_text().split()[0])
    os.kill(pid_of(tmp_path, "control"), signal.SIGKILL)
    part.start()
    assert eventually(lambda: not runs(worker))
    part.stop()


def test_a_process_that_ignores_the_request_to_stop_is_ended_after_patience(tmp_path: Path) -> None:
    part = process(tmp_path, "deaf", STUBBORN, stop_seconds=0.3)
    part.start()
    assert eventually(lambda: "deaf" in part.log.read_text())
    pid = pid_of(tmp_path, "deaf")
    part.stop()
    assert not runs(pid)
    assert not part.pid_file.exists()


def test_the_last_started_stops_first(tmp_path: Path) -> None:
    class Told:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            order.append(f"start {self.name}")

        def alive(self) -> bool:
            return True

        def stop(self) -> None:
            order.append(f"stop {self.name}")

    order: list[str] = []
    group = Supervisor(say=order.append)
    group.add(Told("postgres"))
    group.add(Told("edge"))
    group.stop()
    assert order == ["start postgres", "start edge", "stop edge", "stop postgres"]


def test_killing_the_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISED, str(tmp_path)])
    assert eventually(lambda: (tmp_path / "sleeper.pid").exists() and (tmp_path / "sleeper.pid").read_text() != "")
    sleeper = pid_of(tmp_path, "sleeper")
    assert runs(sleeper)
    supervisor.kill()
    supervisor.wait()
    assert eventually(lambda: not runs(sleeper))


def test_the_next_start_ends_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    part = process(tmp_path, "relay", SLEEP)
    part.start()
    pid = pid_of(tmp_path, "relay")
    assert leftovers_end(tmp_path) == ["relay"]
    assert not part.alive() or eventually(lambda: not runs(pid))
    assert not part.pid_file.exists()
    part.stop()


def test_workers_whose_parent_and_supervisor_were_killed_are_ended_by_the_next_start(tmp_path: Path) -> None:
    part = process(tmp_path, "edge", WITH_WORKER)
    part.start()
    assert eventually(lambda: part.log.read_text().strip() != "")
    worker = int(part.log.read_text().split()[0])
    os.kill(pid_of(tmp_path, "edge"), signal.SIGKILL)
    assert eventually(lambda: not part.alive())
    assert runs(worker)
    assert leftovers_end(tmp_path) == ["edge"]
    assert eventually(lambda: not runs(worker))
    part.stop()


def test_a_recycled_pid_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as innocent:
        (tmp_path / "edge.pid").write_text(f"{innocent.pid} 12345\n")
        assert leftovers_end(tmp_path) == []
        assert innocent.poll() is None
        innocent.kill()


def test_a_second_group_on_the_same_folder_is_told_who_has_it(tmp_path: Path) -> None:
    with lock_take(tmp_path / "run" / "lock"), pytest.raises(SupervisorError, match=f"already runs.*{os.getpid()}"):
        lock_take(tmp_path / "run" / "lock")


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", LOCKING, str(tmp_path / "lock")], check=True)
    lock_take(tmp_path / "lock").close()


def test_a_port_in_use_is_named_with_a_way_out(free_port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(SupervisorError, match=f"Port {free_port} .*healthcode run --edge-port {free_port + 10}"):
            port_check("127.0.0.1", free_port, "--edge-port")
