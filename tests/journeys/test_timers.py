"""What the worker does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.control_world import World


def test_tomorrows_visits_have_a_partition_before_they_are_made(world: World) -> None:
    from healthcode.control.bridge.tasks import partitions_ensure

    far = datetime(2031, 5, 1, tzinfo=UTC)
    partitions_ensure.func(int(far.timestamp()))
    assert world.superuser("SELECT to_regclass('visit_20310507') IS NOT NULL") == [(True,)]


def test_acts_and_one_time_codes_are_forgotten_and_fresh_ones_kept(world: World) -> None:
    from healthcode.control.bridge.tasks import acts_forget
    from healthcode.control.people.tasks import phone_codes_forget

    columns = "phone_index, code_hash, sent_at, expires_at, attempts"
    code = f"INSERT INTO people_phonecode ({columns}) VALUES ('x', 'y', %s, %s, 0)"
    now = datetime.now(UTC)
    for at in (now - timedelta(days=3), now):
        world.superuser(code, [at, at])
        world.superuser(
            "INSERT INTO act (xid, kind, purpose, at) VALUES (%s, 'public', 'test', %s)", [str(at.day + 9), at]
        )
    acts_forget.func(int(now.timestamp()))
    phone_codes_forget.func(int(now.timestamp()))
    assert world.superuser("SELECT count(*) FROM people_phonecode") == [(1,)]
    assert world.superuser("SELECT count(*) FROM act WHERE purpose = 'test'") == [(1,)]


def test_the_worker_publishes_what_every_edge_must_know_once(world: World) -> None:
    from healthcode.control.bridge.publication import standing_ensure

    assert standing_ensure() > 0
    assert standing_ensure() == 0
