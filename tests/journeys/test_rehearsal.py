"""Before a ruleset counts, it is rehearsed on everybody (C2, story 6): the prediction is what would happen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.utils import InternalError

from healthcode.adapters.rulebook_files import ruleset_load
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import HistoryError
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import BAI, KONG, LIN, MEI, QIAN, ZHAO

RULEBOOK = Path(__file__).resolve().parents[2] / "rulebook"
LATER = NOW + timedelta(days=8)


KEPT = "SELECT (SELECT count(*) FROM audit_event), (SELECT count(*) FROM feed_outbox), (SELECT count(*) FROM act)"


def draft(name: str = "twenty-measures") -> Ruleset:
    return ruleset_load(name, RULEBOOK)


def county(world: World) -> None:
    """Zhao and Qian are close contacts with tests, Mei a secondary contact, Bai was positive; Lin and Kong nothing."""
    with_code(world, LIN, ZHAO, QIAN, MEI, BAI, KONG)
    kinds = {ZHAO: "密接", QIAN: "密接", MEI: "次密接"}
    leads(world, *(lead(person, row=str(n), kind=kind) for n, (person, kind) in enumerate(kinds.items())))
    for person, kind in ((ZHAO, "close_contact"), (QIAN, "close_contact"), (MEI, "secondary_contact")):
        reviewed(world, proposed(world, person, kind=kind))
    rows = [result(ZHAO, row=f"z{day}", at=NOW + timedelta(days=day)) for day in (0, 1, 2, 4, 6)]
    results(world, *rows, result(BAI, row="b", at=NOW, word="阳性"), now=LATER)


def test_the_rehearsal_agrees_with_evaluating_everybody_one_by_one_and_writes_nothing(world: World) -> None:
    from healthcode.control.evidence.reading import evidence_of
    from healthcode.control.population.rehearsal import ruleset_rehearse
    from healthcode.control.ports import ports
    from healthcode.domain.time import minute_of
    from healthcode.lake.rehearsal import switch_now

    county(world)
    before = world.superuser(KEPT)
    found = ruleset_rehearse(draft(), now=LATER)
    assert world.superuser(KEPT) == before
    now, expected = minute_of(LATER), Counter[tuple[str, str]]()
    switch = switch_now(ports().ruleset, draft(), now)
    with world.system():
        holders = world.superuser("SELECT number, holds_code FROM people_subject ORDER BY 1")
        evidence = evidence_of([number for number, _ in holders])
    for number, holds in holders:
        known = evidence.get(number, [])
        old, new = (evaluate(known, (), rules, now, holds_code=holds).color for rules in (ports().ruleset, switch))
        if old != new:
            expected[old, new] += 1
    assert Counter({(c.before, c.after): c.people for c in found.changes}) == expected
    assert found.people == len(holders)


def test_the_ruleset_in_force_is_not_rehearsed_against_itself(world: World) -> None:
    from healthcode.control.population.rehearsal import ruleset_rehearse
    from healthcode.control.ports import ports

    with pytest.raises(HistoryError, match="in force already"):
        ruleset_rehearse(ports().ruleset, now=LATER)


def test_whom_the_plan_does_not_follow_is_counted_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from healthcode.control.population import rehearsal as module

    county(world)
    whole = module.ruleset_rehearse(draft(), now=LATER)
    everybody = tuple(number for (number,) in world.superuser("SELECT number FROM people_subject"))
    rehearse = module.rehearse
    none = {"changes": (), "singly": everybody}
    monkeypatch.setattr(module, "rehearse", lambda *some, **named: replace(rehearse(*some, **named), **none))
    assert module.ruleset_rehearse(draft(), now=LATER).changes == whole.changes


def test_the_database_refuses_a_write_while_a_draft_is_rehearsed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from healthcode.control.evidence.derivation import subjects_derive
    from healthcode.control.population import rehearsal as module

    county(world)
    before = world.superuser(KEPT)
    monkeypatch.setattr(module, "rehearsal_export", lambda *_: subjects_derive([1], now=LATER))
    with pytest.raises(InternalError, match="read-only transaction"):
        module.ruleset_rehearse(draft(), now=LATER)
    assert world.superuser(KEPT) == before


def test_a_rehearsal_leaves_nothing_behind_but_the_lakes_parts(world: World) -> None:
    from healthcode.control.population.rehearsal import ruleset_rehearse
    from healthcode.control.ports import ports

    county(world)
    (ports().lake / "rehearsal-killed").mkdir(parents=True)
    ruleset_rehearse(draft(), now=LATER)
    assert [path.name for path in ports().lake.glob("rehearsal-*")] == []
