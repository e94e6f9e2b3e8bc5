"""Hosts of their own on loopback addresses, each with a data folder, an updater and an edge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from healthcode.codes.epoch import EpochKeys
from healthcode.codes.live import LiveClaim, live_mint
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.domain.time import day_of
from tests.crash_world import REGION, Deployment
from tests.stepped_clock import clock_set

REPOSITORY = Path(__file__).resolve().parents[1]


class EdgeHost:
    """One further host: what an operator there does, by the commands that he has."""

    def __init__(self, folder: Path, address: str, center: Deployment, **settings: str) -> None:
        self.data, self.address = folder / address, address
        self.origin = f"http://{address}:{settings['HEALTHCODE_EDGE_PORT']}"
        self.center = center
        self.environment = _without_settings() | settings | {
            "HEALTHCODE_DATA": str(self.data),
            "HEALTHCODE_HOST": address,
            "HEALTHCODE_PROXY_CONTROL": "false",
        }  # fmt: skip
        self.clock = self.data / "clock"
        self.environment["STEPPED_CLOCK"] = str(self.clock)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, *words: str) -> str:
        """What a command prints on this host."""
        return _command(self.environment, *words)

    def prepare(self) -> str:
        """Bring the kit from the center and let the center enrol this host; returns its id."""
        center = _without_settings() | self.center.settings_of_children()
        _command(center, "edge", "kit", str(self.data / "secrets"))
        name, public_key = self.command("edge", "key").split()
        _command(center, "edge", "enrol", public_key)
        return name

    def start(self) -> None:
        """Start updater and edge, their clock right."""
        clock_set(self.clock, 0)
        for part in ("updater", "edge"):
            self.start_part(part)

    def start_part(self, part: str) -> None:
        """Start one of them, again where it was killed."""
        line = [sys.executable, "-m", "tests.stepped_clock", part]
        with (self.data / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(line, env=self.environment, stdout=log, stderr=log, cwd=REPOSITORY)

    def ready(self) -> dict:
        """What `/readyz` says; empty where nobody answers or it is not."""
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{self.origin}/readyz", timeout=3)
            return answer.json() if answer.status_code == 200 else {}
        return {}

    def fresh(self) -> bool:
        """Whether it answers with data of the last seconds."""
        return (self.ready().get("data_age_s") or 99) < 5

    def check(self, session: str, code: str) -> dict:
        """What a gate is told here about a live code."""
        headers = {"authorization": f"Bearer {session}"}
        return httpx.post(f"{self.origin}/v1/checks", json={"code": code}, headers=headers, timeout=5).json()

    def kill(self, part: str) -> None:
        """kill -9."""
        self.processes[part].kill()
        self.processes[part].wait()

    def stop(self) -> None:
        """Stop what runs."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()


def gate_and_code(center: Deployment, subject: int) -> tuple[str, str]:
    """The session of an inspector, and a live code of this minute, by keys that every enrolled edge has."""
    now = int(time.time()) // 60
    keys = EpochKeys.from_master(center.secrets.epoch_master, [day_of(now)])
    claim = SessionClaim("inspector", 0, 0, "", 1, 1, os.urandom(16), now, now + 600)
    code = live_mint(keys, LiveClaim(subject, 1, now, "林*", 0), region=REGION)
    return session_seal(keys, claim, region=REGION, now=now), code


def _command(environment: dict[str, str], *words: str) -> str:
    line = [sys.executable, "-m", "healthcode.cli.main", *words]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCODE_")}
