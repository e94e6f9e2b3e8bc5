"""What every visit sink promises, on PostgreSQL as the role `edge`."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from healthcode.adapters.visits_postgres import PostgresVisitSink, connector
from healthcode.domain.presence import Presence
from healthcode.visits.record import Visit, visit_key
from healthcode.visits.sink import SinkUnavailable, VisitsRefused

LIN, MARKET = 17, 10
COLORS = {"green": 2, "yellow": 3, "red": 4}


@pytest.fixture
def store(database):
    """The visits table with its partitions, as rows of (id, subject, outcome, verdict, grade)."""
    today = datetime.now(UTC).date()
    with database.connect("app") as connection:
        connection.execute("SELECT visit_partitions_ensure(%s, 4)", [today - timedelta(days=1)])

    def rows():
        with database.connect("postgres") as connection:
            return connection.execute("SELECT id, subject, outcome, verdict, grade FROM visit ORDER BY id").fetchall()

    rows.url = database.dsn("edge")
    return rows


def visit(number, *, at=None, **changes):
    at_ms = int((at or datetime.now(UTC)).timestamp() * 1000)
    fields = {
        "id": visit_key(at_ms, number.to_bytes(10, "big")), "venue": MARKET, "checkpoint": 1, "subject": LIN,
        "at_ms": at_ms, "grade": Presence.rotating, "device": bytes(16), "outcome": "green", "verdict": "pass",
    }  # fmt: skip
    return Visit(**(fields | changes))


def run(store, action, wrap=lambda connect: connect):
    async def body():
        sink = PostgresVisitSink(wrap(connector(lambda: store.url)), lambda: COLORS)
        try:
            return await action(sink)
        finally:
            await sink.close()

    return asyncio.run(body())


def test_stored_visits_are_there_with_their_numbers(store):
    visits = [visit(n, outcome=o) for n, o in enumerate(["green", "red", "unknown"])]
    run(store, lambda sink: sink.store(visits))
    assert {row[2] for row in store()} == {2, 4, 103}
    assert {row[1:] for row in store() if row[2] == 2} == {(LIN, 2, 1, 2)}


def test_storing_again_changes_nothing(store):
    one = visit(1)

    async def twice(sink):
        await sink.store([one])
        await sink.store([one, visit(2)])

    run(store, twice)
    assert len(store()) == 2


def test_calls_may_run_concurrently(store):
    async def many(sink):
        await asyncio.gather(*(sink.store([visit(100 * lane + n) for n in range(50)]) for lane in range(4)))

    run(store, many)
    assert len(store()) == 200


def test_a_poison_row_stands_alone_and_the_others_are_stored(store):
    nowhere = visit(7, at=datetime(2001, 1, 1, tzinfo=UTC))  # no partition of that day
    odd = visit(8, outcome="mauve")
    with pytest.raises(VisitsRefused) as refused:
        run(store, lambda sink: sink.store([visit(1), visit(2), nowhere, visit(3), odd]))
    assert refused.value.refused.keys() == {nowhere.id, odd.id}
    assert len(store()) == 3


@pytest.mark.parametrize("moment", ["not stored", "stored anyway"])
def test_a_connection_lost_around_commit_loses_and_doubles_nothing(store, moment):
    run(store, lambda sink: sink.store([visit(1), visit(2)]), wrap=lambda connect: _losing_once(connect, moment))
    assert len(store()) == 2


def test_a_dead_database_is_unavailable_and_never_a_lie(store):
    store.url = "postgresql://edge:x@127.0.0.1:9/none"
    with pytest.raises(SinkUnavailable):
        run(store, lambda sink: sink.store([visit(1)]))


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
