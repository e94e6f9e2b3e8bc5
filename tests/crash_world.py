"""A province under load, with a ledger of what its phones were told: for tests that kill what they can reach."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import httpx
import psycopg

from healthcode.adapters.embedded_postgres import postmaster_pid
from healthcode.adapters.snapshot_files import snapshots_list
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.codes.venue import VenueClaim, venue_static
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_of
from healthcode.table.messages import FeedKind
from healthcode.table.payloads import GroundsNote, note_encode
from healthcode.table.record import Record, record_encode
from healthcode.visits.record import visit_key
from healthcode.wiring.settings import Settings

REGION, GREEN, YELLOW = 140000, 2, 3
NAMES = {"green": GREEN, "yellow": YELLOW}
DECIDED = range(5_001, 5_021)
"""Subjects who are turned green and yellow again and again."""
SCANNING = range(10_001, 14_001)
"""Subjects who scan the poster; so many that nobody meets the limit of scans a minute."""
ROUNDING_MS = 300
"""An answer's age is given in tenths of a second, and its clock read a little later."""


class Decision(NamedTuple):
    """What control committed: between two times (ms), certainly or, where the COMMIT had no reply, perhaps."""

    state: int
    version: int
    begun_ms: float
    ended_ms: float
    certain: bool


class Deployment:
    """A `healthcode run` of its own, with two edge workers."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.data, self.said = folder / "data", folder / "said.txt"
        self.port, self.edge_port = ports
        self.spool = folder / "spool"
        self.spool.mkdir(mode=0o700)
        self.run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it has printed what to open."""
        command = [sys.executable, "-m", "healthcode.cli.main", "run", "--data", str(self.data), "--people", "60"]
        command += ["--port", str(self.port), "--edge-port", str(self.edge_port)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCODE_")}
        environment |= {"HEALTHCODE_EDGE_PROCESSES": "2", "HEALTHCODE_SPOOL": str(self.spool)}
        with self.said.open("wb") as output:
            self.run = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        wait_until(lambda: "Ctrl-C" in self.words() or self.run.poll() is not None, 120)
        assert self.run.poll() is None, self.words()
        self.settings = Settings(data=self.data)
        self.secrets = self.settings.secrets()

    def words(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.settings.dsn("postgres", self.secrets), autocommit=True, connect_timeout=3)

    def pid(self, name: str) -> int:
        """A process of the group; 0 where it does not run."""
        if name == "postgres":
            return postmaster_pid(self.data / "postgres" / "data") or 0
        with suppress(OSError, IndexError, ValueError):
            return int((self.data / "run" / f"{name}.pid").read_text().split()[0])
        return 0

    def ready(self) -> dict:
        """What an edge worker says of itself; empty where none answers."""
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"http://127.0.0.1:{self.edge_port}/readyz", timeout=3)
            return answer.json() if answer.status_code == 200 else {}
        return {}

    def settled(self) -> bool:
        """Whether data are fresh and nothing waits in any worker or in the spool."""
        told = [self.ready() for _ in range(3)]
        idle = all(t.get("ready") and t["spool_visits"] == 0 and t["visits_waiting"] == 0 for t in told)
        return idle and all((t["data_age_s"] or 99) < 5 for t in told)

    def end(self) -> None:
        """Stop it and leave nothing."""
        if self.run is not None and self.run.poll() is None:
            self.run.send_signal(signal.SIGINT)
            self.run.wait(60)
        shutil.rmtree((self.data / "postgres").resolve(), ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 on which nobody listens, each another one."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_until(seen, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.05)


class Load:
    """Phones that scan, an office that decides, and gates that look; everything they were told is kept."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.acknowledged: set[UUID] = set()
        self.answers: Counter[str] = Counter()
        self.decisions: dict[int, list[Decision]] = defaultdict(list)
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._origin = f"http://127.0.0.1:{deployment.edge_port}"

    @contextmanager
    def running(self, phones: int = 4):
        """Load for as long as the block lasts; what a thread could not bear is raised at the end."""
        work = [self._scan] * phones + [self._decide, self._look]
        threads = [threading.Thread(target=self._guarded, args=[each], daemon=True) for each in work]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)

    def _guarded(self, work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a dead thread must fail the test, not look like silence
            self.wrong.append(f"{work.__name__}: {error!r}")

    def session(self, subject: int) -> str:
        now = int(time.time()) // 60
        keys = EpochKeys.from_master(self.deployment.secrets.epoch_master, [day_of(now)])
        claim = SessionClaim("resident", subject, 1, "林*", 0, 0, os.urandom(16), now, now + 1000)
        return session_seal(keys, claim, region=REGION, now=now)

    def poster(self) -> str:
        with self.deployment.connect() as connection:
            row = connection.execute("SELECT min(key) FROM bridge_published WHERE kind = %s", [int(FeedKind.VENUE)])
            venue = row.fetchone()[0]
        secret = self.deployment.secrets.issuer_venue
        issuer = suite("intl").private_from_bytes(secret.private)
        return venue_static(issuer, secret.kid, VenueClaim(venue, 1), region=REGION, base_url=self._origin)

    def _scan(self) -> None:
        """One phone after another scans; who gets no answer asks again with the same key, as the page does."""
        with httpx.Client(base_url=self._origin, timeout=15) as phone:
            self._scan_with(phone, self.poster())

    def _scan_with(self, phone: httpx.Client, poster: str) -> None:
        key, headers = None, {}
        while not self._stop.is_set():
            if key is None:
                key = str(visit_key(int(time.time() * 1000), os.urandom(10)))
                headers = {"authorization": f"Bearer {self.session(random.choice(SCANNING))}"}
            try:
                answer = phone.post("/v1/visits", json={"key": key, "code": poster}, headers=headers)
            except httpx.HTTPError:
                self.answers["none"] += 1
                time.sleep(0.05)
                continue
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == 200:
                self.acknowledged.add(UUID(answer.json()["visit"]))
                key = None
            elif answer.status_code == 503:
                time.sleep(0.05)
            else:
                key = None

    def _decide(self) -> None:
        """Control commits record and outbox row together, some thirty times a second."""
        connection, turn = None, 0
        while not self._stop.is_set():
            subject, turn = DECIDED[turn % len(DECIDED)], turn + 1
            state = GREEN if turn // len(DECIDED) % 2 else YELLOW
            version = max((d.version for d in self.decisions[subject]), default=0) + 1
            begun = time.time() * 1000
            try:
                connection = connection or self.deployment.connect()
                _commit(connection, subject, state, version)
                certain = True
            except (psycopg.Error, OSError):
                if connection is not None:
                    connection.close()
                certain, connection = False, None
            self.decisions[subject].append(Decision(state, version, begun, time.time() * 1000, certain))
            time.sleep(0.03 if certain else 0.3)
        if connection is not None:
            connection.close()

    def _look(self) -> None:
        """Is any answer older than it says?"""
        with httpx.Client(base_url=self._origin, timeout=15) as gate:
            self._look_with(gate)

    def _look_with(self, gate: httpx.Client) -> None:
        sessions = {subject: self.session(subject) for subject in DECIDED}
        while not self._stop.is_set():
            subject = random.choice(DECIDED)
            try:
                answer = gate.get("/v1/state", headers={"authorization": f"Bearer {sessions[subject]}"})
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                said = answer.json()
                self._judge(subject, said["state"], said["freshness"], said["server_time_ms"])
            time.sleep(0.005)

    def _judge(self, subject: int, state: str, freshness: dict, at_ms: int) -> None:
        """An answer `age_s` old holds at least what was certainly committed so long ago."""
        self.answers[f"{state}, {freshness['level']}"] += 1
        decisions = list(self.decisions[subject])
        age = freshness["age_s"]
        as_of = 0 if age is None else at_ms - age * 1000 - ROUNDING_MS
        known = [i for i, d in enumerate(decisions) if d.certain and d.ended_ms <= as_of]
        allowed = {d.state for d in decisions[known[-1] if known else 0 :]}
        if not known:
            allowed.add(None)  # not decided yet, as far as this answer promises
        if NAMES.get(state) not in allowed and (state != "unknown" or known):
            self.wrong.append(f"{subject} is {state}, {freshness}, after {decisions[-3:]}")

    def counted(self) -> tuple[int, int]:
        """Acknowledged visits that are missing, and visits stored twice."""
        with self.deployment.connect() as connection:
            stored = [row[0] for row in connection.execute("SELECT id FROM visit").fetchall()]
        return len(self.acknowledged - set(stored)), len(stored) - len(set(stored))


def _commit(connection: psycopg.Connection, subject: int, state: int, version: int) -> None:
    record = record_encode(Record(state, generation=1, version=version))
    grounds = note_encode(GroundsNote(version=version))
    with connection.transaction():
        connection.execute(
            "INSERT INTO people_subject (number, holds_code, residence_division, present_division, created_at)"
            " VALUES (%s, true, '140106', '140106', now()) ON CONFLICT DO NOTHING",
            [subject],
        )
        connection.execute(
            "INSERT INTO subject_state (number, version, generation, color, ruleset, record, grounds, evaluated_at)"
            " VALUES (%s, %s, 1, '', '', %s, %s, now()) ON CONFLICT (number) DO UPDATE SET"
            " version = EXCLUDED.version, record = EXCLUDED.record, grounds = EXCLUDED.grounds, evaluated_at = now()",
            [subject, version, record, grounds],
        )
        outbox = "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, %s, %s, %s)"
        connection.execute(outbox, [FeedKind.RECORD, subject, record])
        connection.execute(outbox, [FeedKind.GROUNDS, subject, grounds])


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
