"""Rehearsing a draft on the evidence as it is, whoever many they are: nothing in the database can be written by it.

The evidence leaves the database as for a run, only what is new, and both answers are made and counted by the column.
So memory holds what the engine is allowed, and of people only those whom the plan does not follow. Each transaction is
READ ONLY and rolled back: the database itself refuses a write.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.db import connection

from healthcode.control.areas.reading import areas_of
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.evidence.rows import array, chunks
from healthcode.control.population.evaluate import inputs_attach
from healthcode.control.population.export import rehearsal_export
from healthcode.control.population.parts import Lake
from healthcode.control.population.snapshot import everything_seen
from healthcode.control.population.turns import REHEARSALS, RUNS, turn_await
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.time import Minute, minute_of
from healthcode.lake.engine import Engine
from healthcode.lake.rehearsal import Change, Rehearsal, rehearse, switch_now
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import Rules

Progress = Callable[[int, int], None]
_FOLDERS: Final = "rehearsal-"
STEPS: Final = 4
"""Reading, the answers in force, those under the draft, comparing."""


def ruleset_rehearse(
    draft: Ruleset, *, now: datetime, at: datetime | None = None, progress: Progress = lambda *_: None
) -> Rehearsal:
    """What would change if `draft` took over at `at` (`now` where none). Waits for a run or rehearsal under way.

    `progress(done, of)` counts steps. Raises HistoryError where the draft cannot follow the ruleset in force.
    """
    minute = minute_of(max(at or now, now))
    with everything_seen(writing=False):
        rules = rules_known().rules
    switch_now(rules, draft, minute)  # refused before anything is read
    with turn_await(REHEARSALS), _folder(Lake(ports().lake)) as (lake, folder):
        progress(0, STEPS)
        with turn_await(RUNS), everything_seen(writing=False):
            rehearsal_export(lake, folder)
        progress(1, STEPS)
        engine = Engine(spill=folder)
        inputs_attach(engine, folder)
        engine.attach("counties", folder / "counties.parquet")
        found = rehearse(engine, rules, draft, minute, answered=lambda answers: progress(1 + answers, STEPS))
        found = _with_singles(found, rules, draft, minute) if found.singly else found
        progress(STEPS, STEPS)
    return found


@contextmanager
def _folder(lake: Lake) -> Iterator[tuple[Lake, Path]]:
    """A folder of this rehearsal's own. Whatever a killed one left goes: there is one at a time."""
    for left in lake.folder.glob(f"{_FOLDERS}*"):
        shutil.rmtree(left)
    folder = lake.run_folder(f"{_FOLDERS}{uuid4()}")
    try:
        yield lake, folder
    finally:
        shutil.rmtree(folder)


def _with_singles(found: Rehearsal, in_force: Rules, draft: Ruleset, now: Minute) -> Rehearsal:
    """Add those whom the plan does not follow, by the other evaluator, some thousands at a time."""
    counts = Counter({(c.county, c.before, c.after): c.people for c in found.changes})
    for part in chunks(found.singly):
        with everything_seen(writing=False):
            counts.update(_changes(part, in_force, draft, now))
    changes = tuple(Change(*key, people) for key, people in sorted(counts.items(), key=lambda c: (-c[1], c[0])))
    return replace(found, changes=changes)


def _changes(numbers: Sequence[int], in_force: Rules, draft: Ruleset, now: Minute) -> Iterator[tuple[str, str, str]]:
    history, evidence = switch_now(in_force, draft, now), evidence_of(numbers)
    areas = areas_of(record for known in evidence.values() for record in known)
    for number, (holds, county) in _people(numbers).items():
        known = evidence.get(number, [])
        places = areas.of(known)
        before, after = (evaluate(known, places, rules, now, holds_code=holds).color for rules in (in_force, history))
        if before != after:
            yield county, before, after


def _people(numbers: Sequence[int]) -> Mapping[int, tuple[bool, str]]:
    """Of these people: whether they hold a code, and the county where they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, holds_code, COALESCE(NULLIF(present_division, ''), residence_division)"
            " FROM people_subject WHERE number = ANY(%s::bigint[])",
            [array("bigint", list(numbers))],
        )
        return {int(number): (bool(holds), str(county)) for number, holds, county in cursor.fetchall()}
