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
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.session import SessionClaim, session_seal
from healthcode.codes.venue import VenueClaim, venue_static
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_of
from healthcode.table.messages import FeedKind
from healthcode.table.payloads import GroundsNote, note_encode
from healthcode.table.record import UNKNOWN, Record, Transition, record_decode, record_encode
from healthcode.visits.record import visit_key
from healthcode.wiring.settings import Settings

REGION, GREEN, YELLOW = 140000, 2, 3
NAMES = {"green": GREEN, "yellow": YELLOW}
DECIDED = range(5_001, 5_021)
"""Subjects who are turned green and yellow again and again."""
SCANNING = range(10_001, 14_001)
"""Subjects who scan the poster; so many that nobody meets the limit of scans a minute."""
ROUNDING_MS = 350
"""An answer's age is given in tenths of a second, and is counted anew after 0.3 s at the latest."""


class Decision(NamedTuple):
    """What control committed: between two times (ms), certainly or, where the COMMIT had no reply, perhaps."""

    state: int
    version: int
    begun_ms: float
    ended_ms: float
    certain: bool


class Deployment:
    """A `healthcode run` of its own, with two edge workers."""

    def __init__(self, folder: Path, ports: list[int], **more: str) -> None:
        """`more` are settings beside the ones below."""
        self.data, self.said = folder / "data", folder / "said.txt"
        self.port, self.edge_port = ports
        self.spool = folder / "spool"
        self.spool.mkdir(mode=0o700)
        self.more = {"HEALTHCODE_EDGE_PROCESSES": "2", "HEALTHCODE_SPOOL": str(self.spool)} | more
        self.run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it has printed what to open."""
        command = [sys.executable, "-m", "healthcode.cli.main", "run", "--data", str(self.data), "--people", "60"]
        command += ["--port", str(self.port), "--edge-port", str(self.edge_port)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCODE_")}
        environment |= self.more
        with self.said.open("wb") as output:
            self.run = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        wait_until(lambda: "Ctrl-C" in self.words() or self.run.poll() is not None, 120)
        assert self.run.poll() is None, self.words()
        self.settings = Settings(data=self.data)
        self.secrets = self.settings.secrets()

    def words(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def settings_of_children(self) -> dict[str, str]:
        """The environment in which a command works on this deployment."""
        return {"HEALTHCODE_DATA": str(self.data), "HEALTHCODE_PORT": str(self.port), **self.more}

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

    def __init__(self, deployment: Deployment, origin: str = "") -> None:
        """`origin` is where the phones go; unsaid, to the deployment's own edge."""
        self.deployment = deployment
        self.acknowledged: set[UUID] = set()
        self.answers: Counter[str] = Counter()
        self.decisions: dict[int, list[Decision]] = defaultdict(list)
        self.wrong: list[str] = []
        self._before: dict[int, Record] = {}
        self._stop = threading.Event()
        self._origin = origin or f"http://127.0.0.1:{deployment.edge_port}"

    @contextmanager
    def running(self, phones: int = 4, *, office: bool = True):
        """Load for as long as the block lasts, with or without an office that decides and a gate that looks."""
        work = [self._scan] * phones + [self._decide, self._look] * office
        self._before = self._decided()
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

    def _decided(self) -> dict[int, Record]:
        """The records that there were before."""
        with self.deployment.connect() as connection:
            sql = "SELECT number, record FROM subject_state WHERE number = ANY(%s)"
            return {number: record_decode(record) for number, record in connection.execute(sql, [list(DECIDED)])}

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
            before = self._before.get(subject, UNKNOWN).version
            version = max((d.version for d in self.decisions[subject]), default=before) + 1
            begun = time.time() * 1000
            try:
                connection = connection or self.deployment.connect()
                commit(connection, subject, state, version)
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
            # not decided yet, as far as this answer promises
            allowed.add(self._before[subject].state if subject in self._before else None)
        if NAMES.get(state) not in allowed and (state != "unknown" or known):
            self.wrong.append(f"{subject} is {state}, {freshness}, after {decisions[-3:]}")

    def counted(self) -> tuple[int, int]:
        """Acknowledged visits that are missing, and visits stored twice."""
        with self.deployment.connect() as connection:
            stored = [row[0] for row in connection.execute("SELECT id FROM visit").fetchall()]
        return len(self.acknowledged - set(stored)), len(stored) - len(set(stored))


def commit(
    connection: psycopg.Connection, subject: int, state: int, version: int, steps: tuple[Transition, ...] = ()
) -> None:
    """What control commits when it decides: state and outbox rows in one transaction."""
    record = record_encode(Record(state, generation=1, version=version, transitions=steps))
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
