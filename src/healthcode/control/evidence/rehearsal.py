"""Rehearsing a draft on the evidence as it is: read-only, in an act of the system, numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.areas.book import AreaBook
from healthcode.control.areas.reading import areas_of
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.evidence.rows import chunks
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import Minute, minute_of
from healthcode.lake.columns import record_row
from healthcode.lake.engine import Engine
from healthcode.lake.rehearsal import Change, Rehearsal, rehearse, switch_now
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import Rules

Progress = Callable[[int, int], None]


def ruleset_rehearse(
    draft: Ruleset, *, now: datetime, at: datetime | None = None, progress: Progress = lambda *_: None
) -> Rehearsal:
    """What would change if `draft` took over at `at` (`now` where none). Nothing is written; evidence is read once.

    `progress(done, of)` counts subjects read. Raises HistoryError where the draft cannot follow the ruleset in force.
    """
    engine, minute = Engine(), minute_of(max(at or now, now))
    with _reading():
        rules = rules_known().rules
        people = _people()
    evidence: dict[int, list[Evidence]] = {}
    read = 0
    # an act for each part: progress is told between them, and no transaction is open as long as a province is read
    for part in chunks([number for number, _, _ in people]):
        with _reading():
            evidence |= evidence_of(part)
        read += len(part)
        progress(read, len(people))
    with _reading():
        areas = areas_of(record for known in evidence.values() for record in known)
    _load(engine, people, evidence, areas)
    counties = {number: county for number, _, county in people}
    found = rehearse(engine, counties, rules, draft, minute)
    return _with_singles(found, people, evidence, areas, rules, draft, minute) if found.singly else found


@contextmanager
def _reading() -> Iterator[None]:
    """An act that leaves nothing behind."""
    with transaction.atomic():
        act_begin(ports().system_token, "rehearse a ruleset")
        yield
        transaction.set_rollback(True)


def _people() -> list[tuple[int, bool, str]]:
    """Everybody: number, whether she holds a code, county."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, holds_code, COALESCE(NULLIF(present_division, ''), residence_division)"
            " FROM people_subject ORDER BY number"
        )
        return [(int(number), bool(holds), str(county)) for number, holds, county in cursor.fetchall()]


def _load(
    engine: Engine, people: Sequence[tuple[int, bool, str]], evidence: dict[int, list[Evidence]], areas: AreaBook
) -> None:
    rows: list[dict[str, Any]] = [record_row(number, record) for number, known in evidence.items() for record in known]
    engine.load("evidence", [row for row in rows if row["kind"] != EvidenceKind.test])
    engine.load("tests", [row for row in rows if row["kind"] == EvidenceKind.test])
    places = areas.of(record for known in evidence.values() for record in known)
    rows_of_areas = [{"area": a.id, "level": a.level.value, "from_": a.from_, "until": a.until} for a in places]
    engine.load("areas", rows_of_areas)
    engine.load("subjects", [{"subject": number, "holds_code": holds} for number, holds, _ in people])


def _with_singles(
    found: Rehearsal,
    people: Sequence[tuple[int, bool, str]],
    evidence: dict[int, list[Evidence]],
    areas: AreaBook,
    in_force: Rules,
    draft: Ruleset,
    now: Minute,
) -> Rehearsal:
    """Add those whom the plan does not follow, by the other evaluator."""
    history, wanted = switch_now(in_force, draft, now), set(found.singly)
    counts = Counter({(c.county, c.before, c.after): c.people for c in found.changes})
    rules = dict(found.rules)
    for number, holds, county in people:
        if number in wanted:
            known = evidence.get(number, [])
            places = areas.of(known)
            old = evaluate(known, places, in_force, now, holds_code=holds)
            new = evaluate(known, places, history, now, holds_code=holds)
            if old.color != new.color:
                counts[county, old.color, new.color] += 1
    changes = tuple(Change(*key, people_) for key, people_ in sorted(counts.items(), key=lambda c: (-c[1], c[0])))
    return replace(found, changes=changes, rules=rules)
