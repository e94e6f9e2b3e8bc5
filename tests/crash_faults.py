"""What is done to a deployment, for tests that kill what they can reach."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

from healthcode.adapters.snapshot_files import snapshots_list
from tests.crash_world import Deployment


class Faults:
    """What is done to a deployment, by name."""

    PARTS = ("edge", "updater", "relay", "postgres", "worker-jobs", "control", "documents")

    def __init__(self, deployment: Deployment, chance: random.Random) -> None:
        self.deployment = deployment
        self.chance = chance
        self.done: Counter[str] = Counter()

    def kill(self, part: str) -> None:
        """kill -9 of one process of the group."""
        pid = self.deployment.pid(part)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.done[f"kill {part}"] += 1

    def kill_edge_worker(self) -> None:
        """kill -9 of one of uvicorn's workers; its parent starts another."""
        workers = [pid for pid in _children(self.deployment.pid("edge")) if b"spawn_main" in _command(pid)]
        if workers:
            os.kill(self.chance.choice(workers), signal.SIGKILL)
            self.done["kill edge worker"] += 1

    def kill_supervisor(self) -> None:
        """kill -9 of the supervisor alone, then `healthcode run` again."""
        self.deployment.run.kill()
        self.deployment.run.wait()
        self.done["kill supervisor"] += 1
        self._start_again()

    def kill_group(self) -> None:
        """kill -9 of everything at once, as a power cut does to processes, then `healthcode run` again."""
        for part in self.PARTS:
            pid = self.deployment.pid(part)
            for each in [pid, *_children(pid)] if pid else []:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
        self.deployment.run.kill()
        self.deployment.run.wait()
        self.done["kill group"] += 1
        self._start_again()

    def freeze(self, part: str, seconds: float) -> None:
        """A process that hangs, as on a slow disk: stopped with all its children, and let go again."""
        pid = self.deployment.pid(part)
        everybody = [pid, *_children(pid)] if pid else []
        _signal(everybody, signal.SIGSTOP)
        time.sleep(seconds)
        _signal(everybody, signal.SIGCONT)
        self.done[f"freeze {part}"] += 1

    def full_disk(self, seconds: float) -> None:
        """No room under the spool while PostgreSQL is dead: nothing may be acknowledged that is nowhere."""
        filler = self.deployment.spool / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        self.freeze("postgres", seconds)
        filler.unlink()
        self.done["full disk"] += 1

    def torn_snapshot(self) -> None:
        """The newest snapshot ends in the middle and the table is lost: the updater builds from what proves itself."""
        newest = snapshots_list(self.deployment.data / "snapshots")
        if newest:
            os.truncate(newest[0], newest[0].stat().st_size // 2)
        (self.deployment.data / "edge" / "table-current.bin").unlink(missing_ok=True)
        self.kill("updater")
        self.done["torn snapshot"] += 1

    def random_kill(self) -> None:
        """One of the kills: mostly a part, one in eight the supervisor or everything."""
        drawn = self.chance.random()
        if drawn < 0.06:
            self.kill_group()
        elif drawn < 0.12:
            self.kill_supervisor()
        elif drawn < 0.4:
            self.kill_edge_worker()
        else:
            self.kill(self.chance.choice(self.PARTS))

    @property
    def kills(self) -> int:
        return sum(count for name, count in self.done.items() if name.startswith("kill"))

    def _start_again(self) -> None:
        ends = time.monotonic() + 20  # orphans are asked to stop by the kernel; while one ends, its port is taken
        while time.monotonic() < ends and any(_runs(self.deployment.pid(part)) for part in ("edge", "control")):
            time.sleep(0.1)
        self.deployment.start()


@contextmanager
def small_disk(folder: Path, megabytes: int):
    """A file system of its own under `folder` where this account may mount one; tells whether it could."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        direct = [
            int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()
        ]
        return [grown for child in direct for grown in (child, *_children(child))]
    return []


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _signal(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)
