"""Who was at the market that day: closed hours and open ones, in order, page by page, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError

from healthcode.domain.presence import Presence
from healthcode.visits.record import CLIENT_KEY_AHEAD_MS, CLIENT_KEY_PAST_MS, visit_key
from tests.control_world import World
from tests.people import GAO, LUO, MA, SHEN, WU, ZHOU

if TYPE_CHECKING:
    from healthcode.control.venues.tracing import TracedVisit

MARKET, SHOP, LIN, ZHAO, NOBODY = 10, 11, 17, 18, 0
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def seen(
    world: World, venue: int, subject: int, at: datetime, number: int = 1, *, key_at: datetime | None = None
) -> Any:
    """Store a scan of a poster, its key of another moment where said; returns the key."""
    keyed = key_at or at
    world.superuser("SELECT visit_partitions_ensure(%s, 1)", [keyed.date()])
    key = visit_key(round(keyed.timestamp() * 1000), (number << 40 | subject << 20 | venue).to_bytes(10, "big"))
    world.superuser("INSERT INTO visit VALUES (%s, %s, 1, %s, %s, 3, NULL, 2, 1)", [key, venue, subject, at])
    return key


def closed(world: World) -> None:
    from healthcode.control.venues.tasks import visit_hours_close

    while visit_hours_close.func(0):
        pass


def at_market(world: World, since: datetime, until: datetime, **more: Any) -> list[TracedVisit]:
    from healthcode.control.venues.tracing import visits_at_venue

    with world.system():
        return visits_at_venue(venue=MARKET, since=since, until=until, **more)


def of_lin(world: World, since: datetime, until: datetime, **more: Any) -> list[TracedVisit]:
    from healthcode.control.venues.tracing import visits_of_person

    with world.system():
        return visits_of_person(subject=LIN, since=since, until=until, **more)


def test_a_venue_day_has_its_visits_of_closed_and_open_hours_in_order_and_no_others(world: World) -> None:
    until = now() + timedelta(seconds=1)
    since = until - DAY
    moments = [
        since,
        since + HOUR,
        until - 5 * HOUR,
        until - 2 * HOUR,
        until - 40 * timedelta(minutes=1),
        until - MILLISECOND,
    ]
    keys = [seen(world, MARKET, LIN, at, n) for n, at in reversed(list(enumerate(moments)))][::-1]
    for at in (since - MILLISECOND, until, since - 3 * DAY):
        seen(world, MARKET, ZHAO, at)
    for at in moments:
        seen(world, SHOP, ZHAO, at)
    closed(world)
    assert [visit.id for visit in at_market(world, since, until)] == keys
    assert [visit.at for visit in at_market(world, since, until)] == moments


def test_pages_follow_each_other_also_through_one_instant_and_lose_nobody(world: World) -> None:
    until = now()
    since = until - 6 * HOUR
    keys = [seen(world, MARKET, 20 + n, until - 3 * HOUR, n) for n in range(5)]
    keys += [seen(world, MARKET, 20 + n, until - HOUR / 2, n) for n in range(4)]
    closed(world)
    found: list[Any] = []
    while page := at_market(world, since, until, most=2, after=found[-1] if found else None):
        assert len(page) <= 2
        found += page
    assert [visit.id for visit in found] == sorted(keys)


@pytest.mark.parametrize("key_ms", [-CLIENT_KEY_PAST_MS, CLIENT_KEY_AHEAD_MS])
def test_a_scan_that_was_repeated_counts_when_it_arrived_however_old_or_early_its_key(
    world: World, key_ms: int
) -> None:
    at = now() - 30 * HOUR
    key = seen(world, MARKET, LIN, at, key_at=at + timedelta(milliseconds=key_ms))
    closed(world)
    assert [visit.id for visit in at_market(world, at, at + MILLISECOND)] == [key]
    assert [visit.id for visit in of_lin(world, at, at + MILLISECOND)] == [key]
    assert at_market(world, at - DAY, at) == at_market(world, at + MILLISECOND, at + DAY) == []


def test_where_lin_was_in_fourteen_days_is_hers_alone(world: World) -> None:
    until = now()
    moments = [until - 15 * DAY, until - 13 * DAY, until - 5 * DAY, until - HOUR / 2]
    for number, at in enumerate(moments):
        seen(world, (MARKET, SHOP)[number % 2], LIN, at)
        seen(world, MARKET, ZHAO, at)
    closed(world)
    found = of_lin(world, until - 14 * DAY, until)
    assert [(visit.at, visit.venue, visit.subject) for visit in found] == [
        (moments[1], SHOP, LIN),
        (moments[2], MARKET, LIN),
        (moments[3], SHOP, LIN),
    ]
    assert {visit.grade for visit in found} == {Presence.static}
    assert of_lin(world, until - 14 * DAY, until, after=found[0]) == found[1:]


def test_those_whom_nobody_knows_are_in_the_venues_day_and_are_not_one_person(world: World) -> None:
    from healthcode.control.venues.tracing import visits_of_person

    at = now() - HOUR / 2
    seen(world, MARKET, NOBODY, at)
    assert [visit.subject for visit in at_market(world, at, at + HOUR)] == [NOBODY]
    with world.system():
        assert visits_of_person(subject=NOBODY, since=at, until=at + HOUR) == []


@pytest.mark.parametrize("who", [ZHOU, LUO, GAO, SHEN, MA, WU, LIN], ids=lambda who: getattr(who, "key", "lin"))
def test_no_officer_and_no_resident_traces_anybody_yet(world: World, who: Any) -> None:
    from healthcode.control.venues.tracing import visits_at_venue, visits_of_person

    for ask in (lambda **of: visits_at_venue(venue=MARKET, **of), lambda **of: visits_of_person(subject=LIN, **of)):
        with pytest.raises(DatabaseError, match="acts of the system alone"), world.acting(who):
            ask(since=now() - DAY, until=now())


@pytest.mark.parametrize("role", ["edge", "reader", "auditor"])
def test_no_other_role_of_the_database_may_ask_who_was_where(database: Any, role: str) -> None:
    with database.connect(role) as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("SELECT visits_at_venue(10, now(), now(), now(), gen_random_uuid(), 1)")
