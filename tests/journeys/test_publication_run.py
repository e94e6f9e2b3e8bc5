"""A published ruleset that touches many is followed by one run over everybody, with the same end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from healthcode.control.ports import ports, ports_set
from healthcode.table.messages import FeedKind
from healthcode.table.record import record_decode
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, NING, QIAN, SUN, ZHAO
from tests.rulesets import decided, followed, published

if TYPE_CHECKING:
    from healthcode.control.population.models import PopulationRun

MIDNIGHT = datetime(2022, 10, 10, 16, 0, tzinfo=UTC)


@pytest.fixture
def many() -> Iterator[None]:
    """A province in which one person is many."""
    ready = ports()
    ports_set(replace(ready, follow_singly=0))
    yield
    ports_set(ready)


def day(world: World) -> None:
    """Zhao was determined, the others were tested."""
    with_code(world, ZHAO, LIN, SUN, QIAN)
    leads(world, lead(ZHAO, row="1"))
    reviewed(world, proposed(world, ZHAO))
    results(world, result(LIN, row="1", at=NOW), result(SUN, row="2", at=NOW))


def ran() -> PopulationRun | None:
    from healthcode.control.population.run import run_continue

    return run_continue(clock=lambda: NOW)


def records(world: World) -> list[tuple[object, ...]]:
    rows = world.superuser("SELECT number, color, record FROM subject_state ORDER BY number")
    return [(number, color, record_decode(bytes(record))._replace(version=0)) for number, color, record in rows]


def singly(world: World) -> None:
    """Everybody derived as batches do it."""
    from healthcode.control.evidence.derivation import subjects_derive

    numbers = [int(str(number)) for number, *_ in records(world)]
    with world.system():
        subjects_derive(numbers, now=NOW, lane=1)


def announced(world: World) -> list[int]:
    """The instants for which a table of everybody is offered."""
    rows = world.superuser("SELECT key, payload FROM bridge_published WHERE kind = %s", [int(FeedKind.TABLE)])
    return [key for key, payload in rows if payload]


def test_a_run_for_midnight_ends_as_batches_would_and_announces_a_table_for_midnight(world: World, many: None) -> None:
    day(world)
    made = published(world, at=MIDNIGHT)
    assert followed(made.pk) == 0
    done = ran()
    assert done is not None
    assert (done.publication, done.candidates) == (str(made.pk), 1)
    assert announced(world) == [int(MIDNIGHT.timestamp()) // 60]
    by_run = records(world)
    singly(world)
    assert records(world) == by_run


def test_the_job_done_again_asks_for_no_second_run(world: World, many: None) -> None:
    day(world)
    made = published(world, at=MIDNIGHT)
    for _ in range(3):
        followed(made.pk)
    assert world.superuser("SELECT count(*) FROM population_run") == [(1,)]


def test_a_few_are_derived_without_a_run(world: World) -> None:
    day(world)
    assert followed(published(world, at=MIDNIGHT).pk) >= 1
    assert ran() is None


@pytest.mark.parametrize("late", [False, True])
def test_whoever_stops_the_ruleset_stops_its_table_too(world: World, many: None, late: bool) -> None:
    from healthcode.control.rulesets.services import stop_submit

    day(world)
    before = records(world)
    made = published(world, at=MIDNIGHT)
    followed(made.pk)
    if late:
        ran()
    with world.acting(NING):
        asked = stop_submit(publication=made.pk, officer=world.officer(NING), reason="推迟", now=NOW)
    followed(decided(world, asked.pk).pk)
    while ran() is not None:
        pass
    assert announced(world) == [0]
    assert records(world) == before
