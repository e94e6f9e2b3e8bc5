"""A run over everybody changes whose answer changed, says the same as deriving them singly, and survives kills."""

from __future__ import annotations

from datetime import timedelta

from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, QIAN, SUN, ZHAO

LATER = NOW + timedelta(days=1)


def run(world: World, *, now=NOW):
    from healthcode.control.population.run import run_continue
    from healthcode.control.population.services import run_ask

    with world.system():
        run_ask(reason="test", now=now)
    done = run_continue(clock=lambda: now)
    assert done is not None
    return done


def busy(world: World) -> None:
    with_code(world, ZHAO, LIN, SUN, QIAN)
    leads(world, lead(ZHAO, row="1"))
    reviewed(world, proposed(world, ZHAO))
    results(world, result(LIN, row="1", at=NOW), result(SUN, row="2", at=NOW))


def test_where_nothing_changed_nobody_is_derived(world: World) -> None:
    busy(world)
    done = run(world, now=LATER)
    assert (done.step, done.candidates, done.decided) == ("done", 0, 0)
    assert (done.people, done.records) == (4, 3)
