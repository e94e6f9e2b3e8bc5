"""Hiding what the edges were told, by SQL as the application's own database role: each attempt must fail (trust.md)."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import Database

FEED = [(1, 9), (2, 8), (3, 3), (4, 9), (5, 9)]
"""Numbers, and how many days ago each says it was sent: the fourth and fifth lie."""
TRIM = "SELECT feed_trim(0::smallint, %s, 5000)"


@pytest.fixture
def fed(database: Database) -> Database:
    """A week and more of the single lane."""
    with database.connect("app") as connection:
        for number, days in FEED:
            connection.execute(
                "INSERT INTO feed_log (lane, seq, kind, key, payload, at)"
                " VALUES (0, %s, 1, 7, ''::bytea, now() - make_interval(days => %s))",
                [number, days],
            )
    return database


def numbers(database: Database) -> list[int]:
    with database.connect("app") as connection:
        return [row[0] for row in connection.execute("SELECT seq FROM feed_log WHERE lane = 0 ORDER BY seq")]


@pytest.mark.parametrize(
    "sql", ["DELETE FROM feed_log", "UPDATE feed_log SET payload = ''", "TRUNCATE feed_log"], ids=["one", "two", "all"]
)
def test_the_application_neither_removes_nor_changes_what_was_sent(fed: Database, sql: str) -> None:
    with fed.connect("app") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql)  # type: ignore[call-overload]
    assert len(numbers(fed)) == len(FEED)


def test_the_edges_role_trims_nothing(fed: Database) -> None:
    with fed.connect("edge") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(TRIM, [99])


def test_trimming_ends_at_the_first_message_of_the_last_week_whatever_the_next_ones_say(fed: Database) -> None:
    with fed.connect("app") as connection:
        assert connection.execute(TRIM, [99]).fetchone() == (2,)
    assert numbers(fed) == [3, 4, 5]


def test_the_last_number_stays_however_old(database: Database) -> None:
    with database.connect("app") as connection:
        connection.execute(
            "INSERT INTO feed_log (lane, seq, kind, key, payload, at)"
            " SELECT 0, n, 1, 7, ''::bytea, now() - interval '9 days' FROM generate_series(1, 3) n"
        )
        connection.execute(TRIM, [99])
    assert numbers(database) == [3]
