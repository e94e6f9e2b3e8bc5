"""Some hundred people of the invented epidemic, put into a test's database past every service."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from bench.epidemic.invent import SWITCHES, epidemic_invent
from healthcode.domain.evidence import KIND_SPECS, Evidence, EvidenceKind
from healthcode.domain.evidence_fields import field_day
from healthcode.domain.time import date_of, day_start, instant_of
from tests.control_world import World

AT = instant_of(day_start(SWITCHES[1]) + 600)
"""Ten in the morning of the day of the twenty measures, when all that is known here is known."""
_SPACE = UUID(int=2022)
_PEOPLE = (
    "INSERT INTO people_subject (number, created_at, holds_code, residence_division, present_division)"
    " VALUES (%s, %s, %s, %s, '')"
)
_STATE = "INSERT INTO subject_state (number, version, generation, color, ruleset) VALUES (%s, 0, 1, 'absent', '')"
_EVIDENCE = (
    "INSERT INTO evidence_evidence (id, subject_id, kind, fields, anchor_day, occurred_at, learned_at, division,"
    " source_unit_id, document, supersedes_id, rescinded) VALUES (%s, %s, %s, %s, %s, %s, %s, %s,"
    " (SELECT id FROM offices_unit ORDER BY kind <> %s, id LIMIT 1), 'invented', %s, %s)"
)


def county_invented(world: World, people: int = 300, *, later: int = 0) -> list[int]:
    """The people of the autumn with most evidence; their numbers. Nobody is derived yet.

    `later` days are added to every date.
    """
    epidemic = epidemic_invent(5_000, seed=11, since=SWITCHES[1] - 40, until=SWITCHES[1])
    known: dict[int, list[Evidence]] = defaultdict(list)
    for number, record in epidemic.records:
        if instant_of(record.learned) <= AT:
            known[number].append(record)
    chosen = sorted(sorted(known, key=lambda n: (-len({r.kind for r in known[n]}), n))[:people])
    with world.database.connect("postgres") as owner, owner.transaction():
        owner.execute("ALTER TABLE evidence_evidence DROP CONSTRAINT evidence_four_eyes_or_signed")
        owner.execute("SET LOCAL session_replication_role = replica")
        for number in chosen:
            values = [number + 1, datetime(2022, 1, 1, tzinfo=UTC), epidemic.holds_code[number]]
            owner.execute(_PEOPLE, [*values, epidemic.counties[number]])
            owner.execute(_STATE, [number + 1])
            owner.cursor().executemany(_EVIDENCE, [_row(number + 1, record, later) for record in known[number]])
        owner.execute("SELECT setval(pg_get_serial_sequence('people_subject', 'number'), 10000)")
    return [number + 1 for number in chosen]


def _row(number: int, record: Evidence, later: int) -> list[Any]:
    fields = {name: _moved(record.kind, name, value, later) for name, value in record.fields.items()}
    if fields.get("about"):
        fields["about"] = [str(_key(about)) for about in fields["about"]]  # type: ignore[attr-defined]  # a list
    return [
        _key(record.id),
        number,
        record.kind.value,
        json.dumps(fields, default=list),
        None if record.anchor is None else record.anchor + later,
        instant_of(record.occurred) + timedelta(days=later),
        instant_of(record.learned) + timedelta(days=later),
        record.county,
        record.unit.value if record.unit else "",
        _key(record.supersedes) if record.supersedes else None,
        record.rescinded,
    ]


def _moved(kind: EvidenceKind, name: str, value: object, later: int) -> object:
    spec = KIND_SPECS[kind].fields.get(name)
    if not later or spec is None or spec.type != "day":
        return value
    return date_of(field_day(value) + later).isoformat()  # type: ignore[operator]  # a day of an invented record


def _key(name: str) -> UUID:
    return uuid5(_SPACE, name)
