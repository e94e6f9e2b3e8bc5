"""A run over everybody leaves what evaluating each person alone gives: for all four rulesets, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from healthcode.control.ports import ports, ports_set
from healthcode.domain.time import minute_of
from healthcode.rules.evaluate import evaluate
from healthcode.rules.result import Evaluation
from healthcode.table.payloads import GroundsNote, note_decode
from healthcode.table.record import record_decode, record_encode
from tests.control_world import World
from tests.invented_county import AT, county_invented

NAMES = ("eighth-practice", "ninth-edition", "twenty-measures", "ten-measures")
NOW = minute_of(AT)


@pytest.fixture
def rulebook() -> Iterator[None]:
    ready = ports()
    yield
    ports_set(ready)


def under(name: str) -> None:
    ports_set(replace(ports(), ruleset=ports().rulebook[name].ruleset, base=None))


def run(world: World) -> int:
    """A run; how many it derived."""
    from healthcode.control.population.run import run_continue
    from healthcode.control.population.services import run_ask

    with world.system():
        run_ask(reason="test", now=AT)
    done = run_continue(clock=lambda: AT)
    assert done is not None
    return done.derived


def alone(world: World, numbers: list[int]) -> dict[int, Evaluation]:
    """Everybody evaluated by the rules for one person."""
    from healthcode.control.areas.reading import areas_of
    from healthcode.control.evidence.reading import evidence_of
    from healthcode.control.rulesets.reading import rules_known

    with world.system():
        known, rules = evidence_of(numbers), rules_known().rules
        areas = areas_of(record for records in known.values() for record in records)
    holds: dict[Any, Any] = dict(world.superuser("SELECT number, holds_code FROM people_subject"))
    return {
        number: evaluate(known.get(number, []), areas.of(known.get(number, [])), rules, NOW, holds_code=holds[number])
        for number in numbers
    }


def stored(world: World) -> dict[int, tuple[str, bytes, bytes | None]]:
    rows = world.superuser("SELECT number, color, record, grounds FROM subject_state ORDER BY number")
    return {number: (color, bytes(record), grounds and bytes(grounds)) for number, color, record, grounds in rows}


def encoded(answer: Evaluation, kept: bytes) -> bytes:
    """The record of an answer, with version and generation of the stored one."""
    from healthcode.control.evidence.replay import record_derive

    before = record_decode(kept)
    return record_encode(record_derive(answer, ports().ruleset, version=before.version, generation=before.generation))


def told(note: bytes | None) -> tuple[set[object], set[str]]:
    """Grounds and notices of a resident's page, as far as the rules say them."""
    if note is None:
        return set(), set()
    read = note_decode(note, GroundsNote)
    return (
        {(line.key, line.since, line.until, line.next_change, line.held) for line in read.grounds},
        {notice["id"] for notice in read.notices},
    )


def table_of_the_run() -> bytes:
    store = ports().snapshots
    assert store is not None
    (path,) = store.glob("table-run-*.bin")
    return path.read_bytes()[4096:]


def test_three_hundred_people_under_each_of_the_four_rulesets(world: World, rulebook: None) -> None:
    numbers, derived, colors = county_invented(world), [], set()
    for name in NAMES:
        under(name)
        derived.append(run(world))
        kept, answers, table = stored(world), alone(world, numbers), table_of_the_run()
        for number, answer in answers.items():
            color, record, note = kept[number]
            assert (color, record) == (answer.color, encoded(answer, record)), (name, number)
            grounds = {(g.key, g.since, g.until, g.next_change, g.held) for g in answer.grounds}
            assert told(note) == (grounds, {notice.id for notice in answer.notices}), (name, number)
            assert table[number * 32 : number * 32 + 32] == record
            colors.add(color)
    assert colors >= {"green", "yellow", "red"}
    assert derived[0] == 300 > min(derived[1:]) > 0
