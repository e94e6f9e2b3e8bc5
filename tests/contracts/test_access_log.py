"""Two access logs keep the same promise: the host's own files, and the database that they are shipped to."""

from __future__ import annotations

import asyncio
import os
import uuid

import pytest

from healthcode.adapters.access_log_files import AccessLogFiles
from healthcode.adapters.access_log_postgres import AccessPostgres
from healthcode.adapters.visits_postgres import connector
from healthcode.edge.document_limits import ASKS, Budget
from healthcode.visits.access import AccessRow, AccessUnavailable

NOW_S = 1_665_360_000.0
DEVICE = b"device-of-kong-1"


def row(n: int, said: str = "found") -> AccessRow:
    return AccessRow(uuid.UUID(int=n), int(NOW_S * 1000) + n, n if said == "found" else 0, DEVICE, 10, 1, said)


class Files:
    """A log in a folder; `read` is a process that starts anew."""

    def __init__(self, folder):
        self.folder = folder
        self.log = self.begun()

    def begun(self):
        return AccessLogFiles(self.folder, bytes(32), lambda: NOW_S)

    async def keep(self, rows):
        await self.log.keep(rows)

    def read(self):
        return {kept.id for kept in self.begun().open()}


class Database:
    """The table of a real PostgreSQL, by the edge's role."""

    def __init__(self, database):
        self.database = database

    async def keep(self, rows):
        log = AccessPostgres(connector(lambda: self.database.dsn("edge")))
        await log.keep(rows)
        await log.close()

    def read(self):
        with self.database.connect("postgres") as reader:
            return {found for (found,) in reader.execute("SELECT id FROM document_check").fetchall()}


@pytest.fixture(params=["files", "database"])
def log(request, tmp_path):
    if request.param == "files":
        made = Files(tmp_path)
        made.log.open()
        return made
    return Database(request.getfixturevalue("database"))


def test_what_was_kept_is_there_for_whoever_comes_next(log) -> None:
    asyncio.run(log.keep([row(1), row(2, "unknown")]))
    assert log.read() == {row(1).id, row(2).id}


def test_the_same_row_twice_is_one_row(log) -> None:
    asyncio.run(log.keep([row(1)]))
    asyncio.run(log.keep([row(1), row(3)]))
    assert log.read() == {row(1).id, row(3).id}


def test_many_who_ask_at_once_are_all_kept(log) -> None:
    async def many():
        await asyncio.gather(*(log.keep([row(n)]) for n in range(1, 60)))

    asyncio.run(many())
    assert log.read() == {row(n).id for n in range(1, 60)}


def test_a_torn_record_at_the_end_of_a_file_was_never_acknowledged(tmp_path) -> None:
    files = Files(tmp_path)
    files.log.open()
    asyncio.run(files.keep([row(1), row(2)]))
    (path,) = tmp_path.glob("*.rows")
    os.truncate(path, path.stat().st_size - 3)
    assert files.read() == {row(1).id}


def test_a_full_disk_keeps_nothing_and_says_so(tmp_path, monkeypatch) -> None:
    files = Files(tmp_path)
    files.log.open()
    monkeypatch.setattr(os, "write", lambda handle, data: 0)
    with pytest.raises(AccessUnavailable):
        asyncio.run(files.keep([row(1)]))
    monkeypatch.undo()
    asyncio.run(files.keep([row(2)]))
    assert files.read() == {row(2).id}


def test_the_files_say_nothing_to_whoever_steals_them(tmp_path) -> None:
    files = Files(tmp_path)
    files.log.open()
    asyncio.run(files.keep([row(1)]))
    (path,) = tmp_path.glob("*.rows")
    assert DEVICE not in path.read_bytes()
    assert AccessLogFiles(tmp_path, b"\1" * 32, lambda: NOW_S).open() == []


def test_shipped_rows_leave_the_disk_when_their_hour_is_over(tmp_path) -> None:
    files = Files(tmp_path)
    files.log.open()
    asyncio.run(files.keep([row(1)]))
    files.log.shipped(len(files.log.to_ship(10)))
    assert len(list(tmp_path.glob("*.rows"))) == 1
    later = AccessLogFiles(tmp_path, bytes(32), lambda: NOW_S + 7200)
    assert later.open() == []
    later.shipped(len(later.to_ship(10)))
    assert list(tmp_path.glob("*.rows")) == []


def test_the_database_that_is_away_is_said_to_be_away() -> None:
    away = AccessPostgres(connector(lambda: "postgresql://edge@127.0.0.1:1/none"))
    with pytest.raises(AccessUnavailable):
        asyncio.run(away.keep([row(1)]))
    assert asyncio.run(away.claim("asks", DEVICE, 1, 20, 300)) == 0


def test_hosts_on_one_database_never_grant_a_device_more_than_its_budget(database) -> None:
    """Three hosts claim at the same time: 300 of shares, 300 of the pool, and not one more."""

    async def run():
        pools = [AccessPostgres(connector(lambda: database.dsn("edge"))) for _ in range(3)]
        hosts = [Budget("asks", ASKS, pool) for pool in pools]

        async def busy(host):
            return [await host.take(DEVICE, NOW_S, 3) for _ in range(ASKS)]

        took = await asyncio.gather(*map(busy, hosts))
        for pool in pools:
            await pool.close()
        return sum(one.count(True) for one in took)

    assert asyncio.run(run()) == ASKS
