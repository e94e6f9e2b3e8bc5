"""A deployment of one measurement: PostgreSQL, schema, offices, residents, and the processes that carry the feed."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from healthcode.crypto.suites import suite
from healthcode.wiring.control import control_configure
from healthcode.wiring.database import DatabasePart, database_open, database_server
from healthcode.wiring.settings import Settings, settings_environment, settings_load

_RESIDENTS = """
WITH s AS (
    INSERT INTO people_subject (created_at, holds_code, residence_division, present_division)
    SELECT now(), true, %(county)s, %(county)s FROM generate_series(1, %(people)s) RETURNING number
)
INSERT INTO subject_state (number, version, generation, color, ruleset, record, publications_known)
SELECT number, 1, 1, 'green', '', %(record)s, 0 FROM s
"""


@dataclass(frozen=True)
class Deployment:
    """A running database of its own and this process as control on it."""

    settings: Settings

    def superuser(self, query: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """Rows of a query past every policy."""
        with psycopg.connect(self.settings.dsn("postgres"), autocommit=True) as connection:
            cursor = connection.execute(query, values)  # type: ignore[arg-type] # the measurement's own SQL
            return cursor.fetchall() if cursor.description else []

    def residents(self, people: int, county: str, record: bytes) -> None:
        """Invented people with a code and a green record, without names or documents."""
        self.superuser(_RESIDENTS, {"people": people, "county": county, "record": record})
        self.superuser("ANALYZE")

    @contextmanager
    def processes(self, *names: str) -> Iterator[Sequence[int]]:
        """The named processes of `healthcode` beside this one, by their ids, until the block ends."""
        with ExitStack() as stack:
            found = [stack.enter_context(_process(self.settings, name)) for name in names]
            yield [process.pid for process in found]


@contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """Set up PostgreSQL with every office and the invented officers; this process works as role `app`."""
    settings = settings_load(data=folder)
    secrets = settings.secrets(create=True)
    server = database_server(settings, secrets)
    if server is None:
        raise RuntimeError("unset HEALTHCODE_DATABASE_URL: a measurement brings a database of its own")
    (folder / "logs").mkdir(mode=0o711, exist_ok=True)
    DatabasePart(server, settings).start()
    try:
        database_open(settings, secrets, server)
        subprocess.run([*_command("control", "migrate")], env=_environment(settings), check=True)
        control_configure(settings, role="migrate")
        offices: Any = importlib.import_module("healthcode.control.seed.offices")
        cast: Any = importlib.import_module("healthcode.control.seed.cast")
        offices.offices_seed(
            laboratory_key=suite("intl").generate_signing_key().public.to_bytes(),
            password="invented-county-2022",  # noqa: S106 # of invented officers, for minutes
            totp_secrets={officer.key: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" for officer in cast.OFFICERS},
            now=datetime(2022, 9, 1, tzinfo=UTC),
        )
        configuration: Any = importlib.import_module("healthcode.control.configuration")
        configuration.database_change(settings.dsn("app", secrets))
        yield Deployment(settings)
    finally:
        server.stop()


@contextmanager
def _process(settings: Settings, name: str) -> Iterator[subprocess.Popen[bytes]]:
    log = settings.data / "logs" / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(_command(name), env=_environment(settings), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "healthcode.cli.main", *words]


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("HEALTHCODE_")}
    return {**kept, **settings_environment(settings)}
