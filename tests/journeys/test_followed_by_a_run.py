"""A run that follows a publication, or a stop, makes every decision that batches make, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from healthcode.table.record import record_decode
from tests.audit_world import codes
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import BAI, LIN, MEI, NING, QIAN, SUN, ZHAO
from tests.rulesets import decided, followed, published

if TYPE_CHECKING:
    from healthcode.control.population.models import PopulationRun
    from healthcode.control.rulesets.models import Approval

MIDNIGHT = datetime(2022, 10, 10, 16, 0, tzinfo=UTC)
"""When 10 October ends in the region."""
LATER = NOW + timedelta(hours=1)


def a_county(world: World) -> None:
    """Zhao and Qian are close contacts, Mei a secondary one; Bai is positive, Lin and Sun have nothing but tests."""
    with_code(world, ZHAO, LIN, SUN, QIAN, MEI, BAI)
    kinds = {ZHAO: "密接", QIAN: "密接", MEI: "次密接"}
    leads(world, *(lead(person, row=str(n), kind=kind) for n, (person, kind) in enumerate(kinds.items())))
    for person, kind in ((ZHAO, "close_contact"), (QIAN, "close_contact"), (MEI, "secondary_contact")):
        reviewed(world, proposed(world, person, kind=kind))
    rows = [result(LIN, row="1", at=NOW), result(SUN, row="2", at=NOW), result(BAI, row="3", at=NOW, word="阳性")]
    results(world, *rows)


@contextmanager
def most(people: int) -> Iterator[None]:
    """So many people are derived in batches; more are left to a run."""
    from healthcode.control import ports as module

    before = module.ports()
    module.ports_set(replace(before, follow_singly=people))
    try:
        yield
    finally:
        module.ports_set(before)


def run_of(publication: int) -> PopulationRun:
    from healthcode.control.population.models import PopulationRun

    return PopulationRun.objects.get(publication=str(publication))


def carried_out(world: World, made: Approval) -> PopulationRun:
    """The run that the worker asks for and the runner carries out."""
    from healthcode.control.population.run import run_continue

    with most(0):
        assert followed(made.pk, now=LATER) == 0
    assert run_continue(clock=lambda: LATER) is not None
    with world.system():
        return run_of(made.pk)


def decisions(world: World, made: Approval) -> list[tuple[object, ...]]:
    """What was decided after a publication: person, color, grounds and timeline."""
    return world.superuser(
        "SELECT subject_id, color, evaluation -> 'grounds', evaluation -> 'timeline', ruleset, publications_known"
        " FROM evidence_decision WHERE publications_known >= %s ORDER BY subject_id, version",
        [made.pk],
    )


def records(world: World) -> list[tuple[object, ...]]:
    rows = world.superuser("SELECT number, color, record FROM subject_state ORDER BY number")
    return [(number, color, record_decode(bytes(record))._replace(version=0)) for number, color, record in rows]


def stopped(world: World, made: Approval) -> Approval:
    from healthcode.control.rulesets.services import stop_submit

    with world.acting(NING):
        asked = stop_submit(publication=made.pk, officer=world.officer(NING), reason="推迟", now=LATER)
    return decided(world, asked.pk, now=LATER)


@pytest.mark.parametrize("key", ["twenty-measures@1.0", "ten-measures@1.0"])
def test_a_run_and_batches_make_the_same_decisions_and_records(world: World, key: str) -> None:
    a_county(world)
    made = published(world, key=key, at=MIDNIGHT)
    carried_out(world, made)
    by_run, shown = decisions(world, made), records(world)
    followed(made.pk, now=LATER)  # whoever the run left out is derived in batches: nothing is a decision any more
    assert len(by_run) >= 2
    assert (decisions(world, made), records(world)) == (by_run, shown)
    assert codes(world) == set()


def test_a_stop_on_a_province_is_followed_by_a_run_too(world: World) -> None:
    from healthcode.control.bridge.tables import table_offers

    a_county(world)
    before = records(world)
    carried_out(world, made := published(world, at=MIDNIGHT))
    stop = stopped(world, made)
    carried_out(world, stop)
    by_run = decisions(world, stop)
    followed(stop.pk, now=LATER)
    assert (decisions(world, stop), records(world)) == (by_run, before)
    assert codes(world) == set()
    with world.system():
        assert [offer.valid_from for offer in table_offers()] == [0]
