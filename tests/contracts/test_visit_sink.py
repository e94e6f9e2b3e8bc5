"""What every visit sink promises: PostgreSQL as the role `edge`, and the spool, of which counts what it hands on."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from healthcode.adapters.visit_spool import FileSpool
from healthcode.adapters.visits_postgres import PostgresVisitSink, connector
from healthcode.domain.presence import Presence
from healthcode.visits.numbers import visit_numbers
from healthcode.visits.record import Visit, visit_key
from healthcode.visits.sink import SinkUnavailable, VisitsRefused
from tests.edge_world import MemorySink

LIN, MARKET = 17, 10
COLORS = {"green": 2, "yellow": 3, "red": 4}


class InPostgres:
    """The visits table with its partitions."""

    def __init__(self, database):
        self.url = database.dsn("edge")
        self._database = database
        with database.connect("app") as connection:
            connection.execute("SELECT visit_partitions_ensure(current_date - 1, 3)")

    def open(self, wrap=lambda connect: connect):
        return PostgresVisitSink(wrap(connector(lambda: self.url)), lambda: COLORS)

    def rows(self):
        """(id, subject, outcome, verdict, grade) of every visit."""
        with self._database.connect("postgres") as connection:
            return connection.execute("SELECT id, subject, outcome, verdict, grade FROM visit ORDER BY id").fetchall()


class InSpool:
    """The spool of a host, and what the sink behind it would have been given."""

    def __init__(self, folder):
        self._folder = folder

    def open(self):
        return FileSpool(self._folder, bytes(32), lambda: COLORS)

    def rows(self):
        return asyncio.run(self._shipped())

    async def _shipped(self):
        spool, sink = self.open(), MemorySink()
        await spool.ship(sink, bound_s=5)
        await spool.close()
        visits = sorted(sink.visits.values(), key=lambda v: v.id)
        return [(v.id, v.subject, n[1], n[2], n[0]) for v in visits for n in [visit_numbers(v, COLORS)]]


@pytest.fixture(params=["postgres", "spool"])
def store(request, tmp_path):
    """A place for visits: `open` gives a sink to it, `rows` what is in it."""
    return InSpool(tmp_path) if request.param == "spool" else InPostgres(request.getfixturevalue("database"))


@pytest.fixture
def postgres(database):
    return InPostgres(database)


def visit(number, *, at=None, **changes):
    at_ms = int((at or datetime.now(UTC)).timestamp() * 1000)
    fields = {
        "id": visit_key(at_ms, number.to_bytes(10, "big")), "venue": MARKET, "checkpoint": 1, "subject": LIN,
        "at_ms": at_ms, "grade": Presence.rotating, "device": bytes(16), "outcome": "green", "verdict": "pass",
    }  # fmt: skip
    return Visit(**(fields | changes))


def run(store, action, **how):
    async def body():
        sink = store.open(**how)
        try:
            return await action(sink)
        finally:
            await sink.close()

    return asyncio.run(body())


def test_stored_visits_are_there_with_their_numbers(store):
    visits = [visit(n, outcome=o) for n, o in enumerate(["green", "red", "unknown"])]
    run(store, lambda sink: sink.store(visits))
    rows = store.rows()
    assert {row[2] for row in rows} == {2, 4, 103}
    assert {row[1:] for row in rows if row[2] == 2} == {(LIN, 2, 1, 2)}


def test_storing_again_changes_nothing(store):
    one = visit(1)

    async def twice(sink):
        await sink.store([one])
        await sink.store([one, visit(2)])

    run(store, twice)
    assert len(store.rows()) == 2


def test_calls_may_run_concurrently(store):
    async def many(sink):
        await asyncio.gather(*(sink.store([visit(100 * lane + n) for n in range(50)]) for lane in range(4)))

    run(store, many)
    assert len(store.rows()) == 200


def test_an_outcome_without_a_number_stands_alone_and_the_others_are_stored(store):
    odd = visit(8, outcome="mauve")
    with pytest.raises(VisitsRefused) as refused:
        run(store, lambda sink: sink.store([visit(1), odd, visit(2)]))
    assert refused.value.refused.keys() == {odd.id}
    assert len(store.rows()) == 2


def test_nothing_to_store_is_stored(store):
    run(store, lambda sink: sink.store([]))
    assert store.rows() == []


def test_a_visit_of_a_day_without_a_partition_stands_alone(postgres):
    nowhere = visit(7, at=datetime(2001, 1, 1, tzinfo=UTC))  # no partition of that day
    with pytest.raises(VisitsRefused) as refused:
        run(postgres, lambda sink: sink.store([visit(1), visit(2), nowhere, visit(3)]))
    assert refused.value.refused.keys() == {nowhere.id}
    assert len(postgres.rows()) == 3


@pytest.mark.parametrize("moment", ["not stored", "stored anyway"])
def test_a_connection_lost_around_commit_loses_and_doubles_nothing(postgres, moment):
    run(postgres, lambda sink: sink.store([visit(1), visit(2)]), wrap=lambda connect: _losing_once(connect, moment))
    assert len(postgres.rows()) == 2


def test_a_dead_database_is_unavailable_and_never_a_lie(postgres):
    postgres.url = "postgresql://edge:x@127.0.0.1:9/none"
    with pytest.raises(SinkUnavailable):
        run(postgres, lambda sink: sink.store([visit(1)]))


def _losing_once(connect, moment):
    """The first connection dies at COMMIT: before it is done, or after, when only the reply is lost."""
    lost = []

    async def losing():
        connection = await connect()
        return connection if lost else _Losing(connection, moment, lost)

    return losing


class _Losing:
    def __init__(self, connection, moment, lost):
        self._connection, self._moment, self._lost = connection, moment, lost

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def transaction(self):
        return self

    async def __aenter__(self):
        self._transaction = self._connection.transaction()
        await self._transaction.start()

    async def __aexit__(self, *_):
        self._lost.append(True)
        if self._moment == "stored anyway":
            await self._transaction.commit()
        self._connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
