"""A group of processes that starts in order, is watched, and stops in the opposite order.

Invariants:

* Each process leads a session of its own: a Ctrl-C in the terminal reaches the supervisor alone, which then decides.
* No orphans: the kernel tells a process when its supervisor dies (Linux), and the next start ends whoever is left, by
  pid file. A pid counts only together with its start time, so a recycled pid is never signalled. Workers whose own
  parent was killed too are known by a mark in their environment.
* A process that ends is started again, after a pause that doubles from half a second to half a minute and is forgotten
  once it has run for a minute.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

_FIRST_PAUSE, _LONGEST_PAUSE, _FORGIVEN_AFTER = 0.5, 30.0, 60.0
_LOG_BYTES = 20_000_000
_PR_SET_PDEATHSIG = 1
_MARK = "SUPERVISED_AS"
"""Names the pid file of the part in the environment of its processes, and of theirs."""


class SupervisorError(RuntimeError):
    """The group cannot start; the message says what to do."""


class Part(Protocol):
    """Something the supervisor keeps running."""

    name: str

    def start(self) -> None:
        """Start it; returns once it is launched, not once it is ready."""

    def alive(self) -> bool:
        """Whether it runs."""

    def stop(self) -> None:
        """End it and everything it started; returns when it is gone. Harmless where it does not run."""


@dataclass
class Process:
    """A command kept running, with its log and pid file. `environment` is complete: nothing else is inherited."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    pid_file: Path
    stop_seconds: float = 10.0
    _running: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Launch the command in a session of its own; what the last one left behind is killed first."""
        self._sweep()
        log_rotate(self.log)
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                list(self.command),
                env={**self.environment, _MARK: str(self.pid_file.absolute())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
            )
        self.pid_file.write_text(f"{self._running.pid} {_born(self._running.pid)}\n", encoding="utf-8")

    def alive(self) -> bool:
        """Whether the command runs."""
        return self._running is not None and self._running.poll() is None

    def stop(self) -> None:
        """SIGTERM, patience, then SIGKILL for the whole session."""
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._running.wait(self.stop_seconds)
        self._sweep()
        self.pid_file.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Kill what is left of the session: workers of a process that was itself killed."""
        if self._running is not None:
            _kill_session(self._running.pid)
            self._running.wait()
            self._running = None


@dataclass
class _Watch:
    part: Part
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    due: float | None = None  # when to start again
    ended: int = 0  # how often it ended


class Supervisor:
    """Keeps parts running until told to stop. `say` receives one line per event worth a human's eye."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watches: list[_Watch] = []
        self._stopping = False

    def add(self, part: Part) -> None:
        """Start `part` and keep it running; parts stop in the opposite order of being added."""
        part.start()
        self._watches.append(_Watch(part, started=time.monotonic()))

    def adopt(self, part: Part) -> None:
        """Keep `part`, which runs already."""
        self._watches.append(_Watch(part, started=time.monotonic()))

    def stop_on_signals(self) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP end `watch` instead of the program."""
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._asked_to_stop)

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked to stop."""
        return self._stopping

    @property
    def running(self) -> bool:
        """Whether there is anything to stop."""
        return bool(self._watches)

    def ended(self, name: str) -> int:
        """How often the part called `name` has ended by itself."""
        return sum(watch.ended for watch in self._watches if watch.part.name == name)

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what ends, until a signal asks to stop or `until` says so."""
        while not self._stopping and not until():
            for watch in self._watches:
                self._tend(watch)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop all parts, the last added first; further signals do not interrupt it."""
        for watch in reversed(self._watches):
            watch.part.stop()
        self._watches.clear()

    def _tend(self, watch: _Watch) -> None:
        now = time.monotonic()
        if watch.part.alive():
            if now - watch.started > _FORGIVEN_AFTER:
                watch.pause = _FIRST_PAUSE
        elif watch.due is None:
            watch.due = now + watch.pause
            watch.ended += 1
            self._say(f"{watch.part.name} ended; starting it again in {watch.pause:g} s")
            watch.pause = min(watch.pause * 2, _LONGEST_PAUSE)
        elif now >= watch.due:
            watch.due, watch.started = None, now
            try:
                watch.part.start()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must go on and this one is tried again
                self._say(f"{watch.part.name} did not start: {error}")

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True


def lock_take(path: Path) -> IO[str]:
    """Hold `path` for this process's life, so that one data folder has one supervisor.

    The kernel releases it however the process ends. Raises SupervisorError naming the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise SupervisorError(
            f"healthcode already runs on {path.parent.parent} (process {holder}). Stop it first, or choose another "
            "data folder: `healthcode run --data DIR --port P --edge-port Q`."
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def port_check(host: str, port: int, option: str) -> None:
    """Raise SupervisorError where somebody listens on `host:port` already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            variable = option.strip("-").replace("-", "_").upper()
            raise SupervisorError(
                f"Port {port} of {host} cannot be used: {error.strerror}. Stop the program that has it, or choose "
                f"another: `healthcode run {option} {port + 10}` (with make: `make run {variable}={port + 10}`)."
            ) from None


def leftovers_end(folder: Path) -> list[str]:
    """Kill processes that a killed supervisor left, by the pid files in `folder`; returns their names."""
    ended = []
    for pid_file in sorted(folder.glob("*.pid")):
        left = _marked(pid_file)
        with suppress(ValueError):
            pid, born = (int(word) for word in pid_file.read_text(encoding="utf-8").split())
            if _born(pid) == born:
                _kill_session(pid)
                left.append(pid)
        for worker in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(worker, signal.SIGKILL)
        if left:
            ended.append(pid_file.stem)
        pid_file.unlink()
    return ended


def log_rotate(log: Path) -> None:
    """Make room before a start: one older log of at most 20 MB is kept beside the new one."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


def _born(pid: int) -> int:
    """Start time of a process in clock ticks since boot, 0 where it does not run or the system cannot say."""
    with suppress(OSError, IndexError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return 0 if fields[0] == "Z" else int(fields[19])
    return 0


def _marked(pid_file: Path) -> list[int]:
    """Processes that were started as the part of this pid file, or by one that was, and still run (Linux)."""
    wanted = f"{_MARK}={pid_file.absolute()}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        pid = int(environment.parent.name)
        with suppress(OSError):
            if wanted in environment.read_bytes().split(b"\0") and _born(pid):
                found.append(pid)
    return found


def _kill_session(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _die_with(supervisor: int) -> Callable[[], None] | None:
    """For the child, between fork and exec: ask the kernel for SIGTERM when the supervisor dies (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:  # it died before we asked
            os._exit(1)

    return ask
