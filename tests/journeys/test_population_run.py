"""A run over everybody changes whose answer changed, says the same as deriving them singly, and survives kills."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from healthcode.table.record import Record, record_decode, record_encode
from tests.audit_world import codes
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, QIAN, SUN, TAO, ZHAO, ZHOU

if TYPE_CHECKING:
    from healthcode.control.population.models import PopulationRun

LATER = NOW + timedelta(days=1)


def asked(world: World) -> None:
    from healthcode.control.population.services import run_ask

    with world.system():
        run_ask(reason="test", now=NOW)


def run(world: World, *, now: datetime = NOW) -> PopulationRun:
    from healthcode.control.population.run import run_continue

    asked(world)
    done = run_continue(clock=lambda: now)
    assert done is not None
    return done


def states(world: World) -> list[tuple[object, ...]]:
    return world.superuser("SELECT number, color, record, grounds IS NULL FROM subject_state ORDER BY number")


def spoiled(world: World) -> list[tuple[object, ...]]:
    """A county's day, and then Zhao and Lin shown as nobody derived them; what the answers were before."""
    numbers = with_code(world, ZHAO, LIN, SUN, QIAN)
    leads(world, lead(ZHAO, row="1"))
    reviewed(world, proposed(world, ZHAO))
    results(world, result(LIN, row="1", at=NOW), result(SUN, row="2", at=NOW))
    before = states(world)
    for number in numbers[:2]:
        ((version,),) = world.superuser("SELECT version FROM subject_state WHERE number = %s", [number])
        green = record_encode(Record(2, generation=1, version=int(version)))
        world.superuser(
            "UPDATE subject_state SET record = %s, grounds = NULL, color = 'green' WHERE number = %s", [green, number]
        )
    return before


def same_but_versions(world: World, before: list[tuple[object, ...]]) -> bool:
    def told(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [(n, c, record_decode(bytes(r))._replace(version=0), g) for n, c, r, g in rows]  # type: ignore[arg-type]

    return told(before) == told(states(world))


def test_where_nothing_changed_nobody_is_derived(world: World) -> None:
    run(world, now=NOW)
    spoiled(world)
    run(world, now=LATER)
    done = run(world, now=LATER)
    assert (done.step, done.candidates, done.decided) == ("done", 0, 0)
    assert (done.people, done.records) == (4, 0)  # the evidence lies in the lake already


def test_whose_stored_answer_is_not_what_follows_is_found_and_derived(world: World) -> None:
    before = spoiled(world)
    done = run(world)
    assert done.candidates == 2
    assert same_but_versions(world, before)
    assert codes(world) == set()


STEPS = ["_export", "_evaluate", "_compare", "_commit", "_patch", "_table", "_advance"]


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_goes_on_and_ends_the_same(world: World, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from healthcode.control.population import run as module

    before = spoiled(world)
    asked(world)
    with monkeypatch.context() as patch:
        _die_after(patch, module, step)
        with pytest.raises(Killed):
            module.run_continue(clock=lambda: NOW)
    done = module.run_continue(clock=lambda: NOW)
    assert done is None or done.step == "done"
    assert same_but_versions(world, before)
    assert world.superuser("SELECT step, problem FROM population_run") == [("done", "")]


class Killed(BaseException):
    """No handler sees it, as none sees kill -9."""


def _die_after(patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    whole = getattr(module, name)

    def dying(*args: Any, **columns: Any) -> None:
        whole(*args, **columns)
        raise Killed

    patch.setattr(module, name, dying)
    patch.setattr(module, "_STEPS", {s: dying if do is whole else do for s, do in module._STEPS.items()})


def test_whoever_is_decided_singly_meanwhile_keeps_that_decision(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from healthcode.control.population import run as module

    spoiled(world)
    compare = module.changed_people

    def slow(folder: Any, at: int) -> Any:
        results(world, result(QIAN, row="9", at=NOW, word="阳性"))
        return compare(folder, at)

    monkeypatch.setattr(module, "changed_people", slow)
    assert run(world).overtaken == 1
    assert world.superuser("SELECT color FROM subject_state ORDER BY number DESC LIMIT 1") == [("red",)]


def test_the_lake_holds_numbers_only_and_is_closed_to_other_accounts(world: World) -> None:
    from healthcode.control.ports import ports

    spoiled(world)
    run(world)
    files = [path for path in ports().lake.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not any(LIN.document.number.encode() in path.read_bytes() for path in files)


def test_nobody_writes_evidence_into_the_past_of_the_lake(world: World) -> None:
    (lin,) = with_code(world, LIN)
    with world.acting(lin), connection.cursor() as cursor, pytest.raises(ProgrammingError, match="row-level security"):
        cursor.execute(
            "INSERT INTO evidence_evidence (id, subject_id, kind, fields, occurred_at, learned_at, division,"
            " source_unit_id, document, rescinded, written_in) SELECT gen_random_uuid(), %s, 'declaration', '{}',"
            " now(), now(), '', id, 'x', false, 5 FROM offices_unit WHERE kind = 'resident'",
            [lin],
        )


def test_tao_sees_how_far_the_run_is_and_zhou_asks_for_none(world: World) -> None:
    from healthcode.control.population.services import run_ask

    run(world)
    page = world.client(TAO).get("/console/province/runs/")
    assert "没有进行中的全员判定" in page.content.decode()
    assert "Refresh" not in page
    asked(world)
    page = world.client(TAO).get("/console/province/runs/")
    assert (page["Refresh"], "<progress" in page.content.decode()) == ("5", True)
    with world.acting(ZHOU), pytest.raises(ProgrammingError, match="row-level security"):
        run_ask(reason="Zhou may not", now=NOW)


def test_evidence_of_a_restored_dump_is_refused_with_what_to_do_and_then_leaves_once_more(world: World) -> None:
    from healthcode.control.database import ROOT

    spoiled(world)
    world.superuser("UPDATE evidence_evidence SET written_in = 1099511627776")
    with pytest.raises(RuntimeError, match="healthcode control migrate"):
        run(world)
    world.superuser((ROOT / "population" / "restored.sql").read_text(encoding="utf-8"))
    assert run(world).records == 3
