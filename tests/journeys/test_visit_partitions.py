"""Visits by the hour: written beside a small index, traced by person and by venue, gone after 28 days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthcode.visits.record import visit_key
from tests.control_world import World

LIN, MARKET = 17, 10


def leaf_of(world: World, at: datetime, number: int = 1) -> str:
    """Store a visit of that moment; the partition it went to."""
    world.superuser("SELECT visit_partitions_ensure(%s, 1)", [at.date()])
    key = visit_key(int(at.timestamp() * 1000), number.to_bytes(10, "big"))
    world.superuser("INSERT INTO visit VALUES (%s, %s, 1, %s, %s, 1, NULL, 2, 1)", [key, MARKET, LIN, at])
    return str(world.superuser("SELECT tableoid::regclass::text FROM visit WHERE id = %s", [key])[0][0])


def indexes(world: World, leaf: str) -> set[str]:
    rows = world.superuser("SELECT indexname FROM pg_indexes WHERE tablename = %s", [leaf])
    return {str(row[0]).removeprefix(leaf + "_") for row in rows}


def test_a_visit_lies_in_the_hour_of_its_key_and_an_open_hour_has_no_tree_to_keep(world: World) -> None:
    now = datetime.now(UTC)
    leaf = leaf_of(world, now)
    assert leaf == f"visit_{now:%Y%m%d_%H}"
    assert indexes(world, leaf) == {"pkey", "at_idx"}


def test_an_hour_that_closed_is_traced_by_person_and_by_venue(world: World) -> None:
    from healthcode.control.venues.tasks import visit_hours_close

    leaf = leaf_of(world, datetime.now(UTC) - timedelta(hours=2, minutes=15))
    while visit_hours_close.func(0):
        pass
    assert indexes(world, leaf) == {"pkey", "at_idx", "person", "venue"}
    assert leaf_of(world, datetime.now(UTC) - timedelta(hours=2, minutes=15), number=2) == leaf


def test_after_28_days_a_day_is_dropped_with_a_trace_and_no_day_before(world: World) -> None:
    from healthcode.control.venues.tasks import visits_forget_due

    now = datetime.now(UTC)
    old, kept = now - timedelta(days=29), now - timedelta(days=28)
    for at in (old, kept):
        leaf_of(world, at)
    assert visits_forget_due.func(int(now.timestamp())) == [old.date().isoformat()]
    assert world.superuser("SELECT count(*) FROM visit") == [(1,)]
    said = world.superuser("SELECT detail FROM audit_event WHERE name = 'system:visits:forgotten'")
    assert said == [({"days": [old.date().isoformat()]},)]
    assert visits_forget_due.func(int(now.timestamp())) == []


@pytest.mark.parametrize("role", ["edge", "reader", "auditor"])
def test_nobody_but_the_worker_may_drop_days(database, role) -> None:
    with (
        database.connect(role) as connection,
        pytest.raises(Exception, match="permission denied"),
    ):
        connection.execute("SELECT visit_days_forget()")


def test_a_day_of_an_earlier_release_is_left_as_it_is(world: World) -> None:
    at = datetime(2031, 5, 7, 12, tzinfo=UTC)
    world.superuser(
        "CREATE TABLE visit_20310507 PARTITION OF visit FOR VALUES FROM (visit_partition_floor('2031-05-07Z')::uuid)"
        " TO (visit_partition_floor('2031-05-08Z')::uuid)"
    )
    assert leaf_of(world, at) == "visit_20310507"
