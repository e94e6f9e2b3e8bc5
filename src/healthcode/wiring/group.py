"""`healthcode run`: one machine, one data folder, the whole province as a supervised group of processes.

Order of starting: PostgreSQL, relay, updater, documents, workers, control, edge; of stopping: the opposite, so that
whoever takes requests goes first and whoever keeps records goes last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from healthcode.adapters.secret_files import Secrets
from healthcode.adapters.supervisor import Process, Supervisor, SupervisorError, leftovers_end, lock_take, port_check
from healthcode.wiring.database import DatabasePart, database_open, database_server
from healthcode.wiring.queues import SHARES
from healthcode.wiring.settings import PREFIX, Settings, settings_environment

PROCESSES = {
    "relay": ("relay",),
    "updater": ("updater",),
    "documents": ("documents",),
    **{f"worker-{share}": ("worker", "--share", share) for share in SHARES},
    "control": ("control",),
    "edge": ("edge",),
}
"""What runs, by the name of its log, in the order of starting."""
_READY_SECONDS = 90.0
_HOPELESS = 3  # a process that ended so often before it answered will not
_PLAIN = {"PYTHONUNBUFFERED": "1", "TYPER_STANDARD_TRACEBACK": "1"}  # logs are read as text, and at once


class Group:
    """The processes of one data folder. Use: `prepare`, `seed` where wanted, `start`, `watch`, always `stop`."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self._say = say
        self._run = settings.data / "run"
        self._logs = settings.data / "logs"
        self._supervisor = Supervisor(say)
        self._lock: IO[str] | None = None

    def prepare(self) -> Secrets:
        """Lock the data folder, end what a killed run left, make secrets, start and migrate the database.

        Raises SupervisorError, SecretsError, SettingsError or PostgresError; each says what to do.
        """
        self._lock = lock_take(self._run / "lock")
        for name in leftovers_end(self._run):
            self._say(f"ended {name}, left over from a run that was killed")
        port_check(self.settings.host, self.settings.port, "--port")
        port_check(self.settings.host, self.settings.edge_port, "--edge-port")
        self._supervisor.stop_on_signals()
        secrets = self.settings.secrets(create=True)
        server = database_server(self.settings, secrets)
        if server is not None:
            part = DatabasePart(server, self.settings)
            self._say("starting PostgreSQL")
            self._supervisor.add(part)
            if server.adopted:
                self._say("adopted the PostgreSQL that an earlier run left")
        database_open(self.settings, secrets, server)
        self._say("bringing the schema up to date")
        self.once("control", "migrate")
        return secrets

    def once(self, *command: str) -> None:
        """Run one `healthcode` command to its end, its output on ours. Raises SupervisorError where it fails."""
        done = subprocess.run(self._command(*command), env=self._environment(), check=False)
        if done.returncode != 0:
            raise SupervisorError(f"`healthcode {' '.join(command)}` failed (exit code {done.returncode}); see above.")

    def start(self) -> None:
        """Start the processes and wait until control and edge answer. Raises SupervisorError naming the silent one."""
        for name, command in PROCESSES.items():
            self._supervisor.add(self._process(name, *command))
        host = self.settings.host
        self._await("control", f"http://{host}:{self.settings.port}/healthz")
        self._await("edge", f"http://{host}:{self.settings.edge_port}/healthz")

    def watch(self) -> None:
        """Keep everything running until a signal asks to stop."""
        self._supervisor.watch()

    def stop(self) -> None:
        """Stop everything in order and release the data folder. Harmless to repeat."""
        self._supervisor.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def running(self) -> bool:
        """Whether anything of the group was started."""
        return self._supervisor.running

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked to stop."""
        return self._supervisor.stopping

    def _process(self, name: str, *command: str) -> Process:
        return Process(
            name=name,
            command=self._command(*command),
            environment=self._environment(),
            log=self._logs / f"{name}.log",
            pid_file=self._run / f"{name}.pid",
        )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "healthcode.cli.main", *words]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        return {**kept, **settings_environment(self.settings), **_PLAIN}

    def _await(self, name: str, url: str) -> None:
        """Watch over the group until `url` answers 200, for as long as there is hope."""
        deadline = time.monotonic() + _READY_SECONDS

        def settled() -> bool:
            return _answers(url) or self._supervisor.ended(name) >= _HOPELESS or time.monotonic() > deadline

        self._supervisor.watch(until=settled)
        if not self.stopping and not _answers(url):
            log = self._logs / f"{name}.log"
            raise SupervisorError(f"{name} does not answer at {url}. Its last words, from {log}:\n{_tail(log)}")


def _answers(url: str) -> bool:
    with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - ours
        return bool(answer.status == 200)
    return False


def _tail(log: Path, lines: int = 3, letters: int = 1200) -> str:
    """The end of a log for a terminal: the last events, of each no more than its end."""
    with suppress(FileNotFoundError):
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        return "\n".join(_event(line)[-letters:] for line in last)
    return "(no log)"


def _event(line: str) -> str:
    """What a log line says, without the fields around it."""
    with suppress(ValueError, AttributeError):
        said = json.loads(line)
        return str(said.get("exception") or said["event"])
    return line
