"""Two processes at once: who comes second is told so, and whatever the order, the color is the right one."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from typing import Any

import pytest

from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, results_file, reviewed, signed, with_code
from tests.people import HE, HU, LUO, ZHAO, ZHOU, OfficerRole

SPAWN = multiprocessing.get_context("fork")


def in_process(world: World, gate: Any, answers: Any, name: str, work: Any) -> Any:
    """Another process with a connection of its own, which starts `work` when the gate opens."""

    def run() -> None:
        from healthcode.control.problems import Problem

        gate.wait(30)
        try:
            work()
            answers.put((name, "done"))
        except Problem as problem:
            answers.put((name, problem.code))
        except Exception as error:  # noqa: BLE001 # the parent must hear of it
            answers.put((name, repr(error)))

    process = SPAWN.Process(target=run, daemon=True)
    process.start()
    return process


def race(world: World, **works: Any) -> dict[str, str]:
    """Run the works at once, each in a process; what came of each."""
    from django.db import connection

    connection.close()  # each process opens its own
    gate, answers = SPAWN.Barrier(len(works)), SPAWN.Queue()
    running = [in_process(world, gate, answers, name, work) for name, work in works.items()]
    told = dict(answers.get(timeout=60) for _ in works)
    for process in running:
        process.join(30)
    return told


@pytest.mark.parametrize("_turn", range(3))
def test_of_two_officers_who_approve_one_proposal_exactly_one_wins(world: World, _turn: int) -> None:
    with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    proposal = proposed(world, ZHAO)
    told = race(world, hu=lambda: reviewed(world, proposal, who=HU), luo=lambda: reviewed(world, proposal, who=LUO))
    assert sorted(told.values()) == ["done", "item_changed"]
    for table in ("casework_review", "evidence_evidence"):
        assert world.superuser(f"SELECT count(*) FROM {table}") == [(1,)]
    assert world.superuser("SELECT version FROM subject_state") == [(2,)]


def test_approving_and_returning_at_once_end_in_one_of_the_two(world: World) -> None:
    leads(world, lead(ZHAO))
    proposal = proposed(world, ZHAO)
    told = race(
        world,
        hu=lambda: reviewed(world, proposal, who=HU),
        luo=lambda: reviewed(world, proposal, who=LUO, verdict="return"),
    )
    assert sorted(told.values()) == ["done", "item_changed"]
    state, evidence = world.superuser("SELECT state, (SELECT count(*) FROM evidence_evidence) FROM casework_workitem")[
        0
    ]
    assert (state, evidence) == (("closed", 1) if told["hu"] == "done" else ("accepted", 0))


def test_of_two_officers_who_accept_one_item_exactly_one_gets_it(world: World) -> None:
    from healthcode.control.casework.services import item_accept

    leads(world, lead(ZHAO))
    item = world.superuser("SELECT id FROM casework_workitem")[0][0]

    def accept(who: OfficerRole) -> None:
        officer = world.officer(who)
        with world.acting(who):
            item_accept(item=item, officer=officer, now=NOW)

    assert sorted(race(world, zhou=lambda: accept(ZHOU), hu=lambda: accept(HU)).values()) == ["done", "item_changed"]


@pytest.mark.parametrize("_turn", range(3))
def test_a_positive_from_the_laboratory_and_a_review_of_the_same_person_both_count(world: World, _turn: int) -> None:
    (zhao,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO, kind="次密接"))
    proposal = proposed(world, ZHAO, kind="secondary_contact")
    later = NOW + timedelta(minutes=2)  # learned after the review began: whoever waits must not overlook it
    told = race(
        world,
        review=lambda: reviewed(world, proposal),
        laboratory=lambda: results(world, result(ZHAO, at=NOW, word="阳性"), now=later),
    )
    assert set(told.values()) == {"done"}
    color, version = world.superuser("SELECT color, version FROM subject_state WHERE number = %s", [zhao])[0]
    assert (color, version) == ("red", 3)
    last = world.superuser(
        "SELECT jsonb_array_length(evaluation -> 'grounds') FROM evidence_decision"
        " WHERE subject_id = %s ORDER BY version DESC LIMIT 1",
        [zhao],
    )
    assert last == [(2,)]


def test_two_workers_that_import_one_upload_import_it_once(world: World) -> None:
    from healthcode.control.exchange.services import upload_import
    from healthcode.control.exchange.uploads import upload_receive
    from healthcode.control.offices.models import Unit

    content = results_file(result(ZHAO, at=NOW))
    with world.acting(HE):
        upload = upload_receive(
            kind="results",
            unit=Unit.objects.get(kind="laboratory"),
            file_name="x.csv",
            content=content,
            signature=signed(content),
            uploaded_by=world.officer(HE),
            now=NOW,
        ).pk
    told = race(world, one=lambda: upload_import(upload, now=NOW), two=lambda: upload_import(upload, now=NOW))
    assert set(told.values()) == {"done"}
    assert world.superuser("SELECT count(*) FROM evidence_evidence") == [(1,)]


def test_two_files_that_name_the_same_new_person_make_one_subject(world: World) -> None:
    told = race(
        world,
        leads=lambda: leads(world, lead(ZHAO)),
        results=lambda: results(world, result(ZHAO, at=NOW)),
    )
    assert set(told.values()) == {"done"}
    assert world.superuser("SELECT count(*) FROM people_identity") == [(1,)]
    assert world.superuser(
        "SELECT count(DISTINCT subject_id) FROM (SELECT subject_id FROM casework_lead"
        " UNION ALL SELECT subject_id FROM evidence_evidence) x"
    ) == [(1,)]
