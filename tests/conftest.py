"""One fresh PostgreSQL for the session, migrated once; each test or module works on a clone of its own.

Of several workers (`make test` starts two, by pytest-xdist) each has a PostgreSQL, folders and a browser of its own.

`HEALTHCODE_TEST_POSTGRES=16` runs the tests on another major version that the wheel brings (default 18), and
`HEALTHCODE_TEST_DATABASE_URL` on a server of yours, whose user may create roles and databases.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from healthcode.adapters.database_roles import database_create, database_roles_ensure
from healthcode.adapters.embedded_postgres import EmbeddedPostgres
from healthcode.adapters.secret_files import Secrets, secrets_open
from tests.control_world import cast_database, control_ports, world

__all__ = ["cast_database", "control_ports", "world"]  # fixtures of their own file

REPOSITORY = Path(__file__).resolve().parents[1]
TEMPLATE = "healthcode_template"
MEMORY = Path("/dev/shm")
ON_A_PROVINCE = {f"tests/browser/test_{name}.py" for name in ("consoles", "rulesets", "stories")}
UNDER_FIRE = {f"tests/{name}.py" for name in (
    "browser/test_offline", "browser/test_story_nine", "crash/test_under_fire", "journeys/test_several_edges",
)}  # fmt: skip
"""Each burns both cores or waits for a browser on them: one after the other, by the same worker."""
ROOM = 4 << 30
"""Bytes that one worker may fill: the widest test imports 45,000 leads."""
_numbers = itertools.count(1)
settings.register_profile("side by side", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("side by side")  # how long an example takes says who else works on this machine


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL with the roles of the deployment, and the data folder whose secrets open it."""

    admin_dsn: str
    data: Path
    secrets: Secrets

    def dsn(self, role: str, database: str) -> str:
        """URL of `database` for a role, or for the superuser `postgres`."""
        parts = urlsplit(self.admin_dsn)
        if role == "postgres":
            return urlunsplit(parts._replace(path=f"/{database}"))
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{self.secrets.database[role]}@{address}", path=f"/{database}"))

    def environment(self, database: str) -> dict[str, str]:
        """The settings with which a process of ours works on `database`."""
        return {"HEALTHCODE_DATA": str(self.data), "HEALTHCODE_DATABASE_URL": self.dsn("postgres", database)}

    def clone(self, template: str) -> Database:
        """A new database with the tables and rows of `template`."""
        name = f"healthcode_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            database_create(connection, name, template=template)
        return Database(self, name)


@dataclass(frozen=True)
class Database:
    """One database of the cluster."""

    cluster: Cluster
    name: str

    def dsn(self, role: str) -> str:
        """URL for `migrate`, `app`, `edge`, `reader`, `auditor` or the superuser `postgres`."""
        return self.cluster.dsn(role, self.name)

    def connect(self, role: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection as `role`, each statement its own transaction unless the test opens one."""
        return psycopg.connect(self.dsn(role), autocommit=True)

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which a process of ours works on this database."""
        return self.cluster.environment(self.name)

    def drop(self) -> None:
        """Remove it, whoever is still connected."""
        with psycopg.connect(self.cluster.admin_dsn, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside another worker the files with slow tests begin first, so that neither ends alone; else all is random."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


class ByFile(LoadFileScheduling):
    """Whole files go to a worker; those that need a running province, and those that burn it, each all to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file in UNDER_FIRE:
            return "under fire"
        return "province" if file in ON_A_PROVINCE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """How tests are dealt to workers under `--dist loadfile`."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL with roles and secrets, gone when the session ends."""
    with tempfile.TemporaryDirectory(prefix="healthcode-test-", dir=_in_memory(), ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        data.chmod(0o711)  # the account PostgreSQL runs as passes through; what is inside stays closed
        secrets = secrets_open(data / "secrets", create=True)
        given = os.environ.get("HEALTHCODE_TEST_DATABASE_URL")
        server = None if given else _server(data, secrets)
        admin_dsn = given or (server.dsn() if server else "")
        database_roles_ensure(admin_dsn, secrets.database, database=TEMPLATE)
        yield Cluster(admin_dsn, data, secrets)
        if server is not None:
            server.stop()


def _in_memory() -> Path | None:
    """Where files cost no disk, if there is room: each clone of a database is some 800 files, for one test."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM * workers:
        return None
    told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    return MEMORY if int(told["MemAvailable"].split()[0]) << 10 > ROOM * workers else None


def _server(data: Path, secrets: Secrets) -> EmbeddedPostgres:
    server = EmbeddedPostgres(
        folder=data / "postgres",
        log=data / "postgres.log",
        password=secrets.database["postgres"],
        durable=False,
        major=int(os.environ.get("HEALTHCODE_TEST_POSTGRES", "18")),
    )
    server.start()
    return server


@pytest.fixture(scope="session")
def template_database(cluster: Cluster) -> str:
    """Name of the database that `migrate` has brought to the newest schema; nobody connects to it."""
    migrated = subprocess.run(
        [sys.executable, "-m", "healthcode.cli.main", "control", "migrate"],
        env={**os.environ, **cluster.environment(TEMPLATE)},
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert migrated.returncode == 0, f"the migrations failed:\n{migrated.stdout}\n{migrated.stderr}"
    return TEMPLATE


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def database(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """A migrated, empty database for one test."""
    clone = cluster.clone(template_database)
    yield clone
    clone.drop()


@pytest.fixture(scope="module")
def module_database(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """A migrated, empty database that the tests of a module share."""
    clone = cluster.clone(template_database)
    yield clone
    clone.drop()
