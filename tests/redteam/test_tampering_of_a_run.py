"""One row among those that a run decided together, changed by who owns the database: found, and named alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.audit_world import found
from tests.control_world import World
from tests.intake import NOW

PEOPLE = range(1_001, 1_081)
"""More than have a leaf each."""
ONE = 1_040


@pytest.fixture
def decided(world: World) -> World:
    """A run has decided about eighty people at once; they share one leaf."""
    from healthcode.control.population.run import run_continue
    from healthcode.control.population.services import run_ask

    numbers = f"generate_series({PEOPLE[0]}, {PEOPLE[-1]}) n"
    world.superuser(
        "INSERT INTO people_subject (number, created_at, holds_code, residence_division, present_division)"
        f" SELECT n, '2022-09-01', true, '140106', '' FROM {numbers}"
    )
    state = "INSERT INTO subject_state (number, version, generation, color, ruleset)"
    world.superuser(f"{state} SELECT n, 0, 1, 'absent', '' FROM {numbers} ON CONFLICT DO NOTHING")
    with world.system():
        run_ask(reason="test", now=NOW)
    run_continue(clock=lambda: NOW)
    return world


def named(world: World, since: datetime | None = None) -> dict[str, int | None]:
    return {finding.code: finding.subject for finding in found(world, since=since)}


def tampered(world: World, change: str) -> None:
    with world.database.connect("postgres") as owner, owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(f"UPDATE evidence_decision SET {change} WHERE subject_id = {ONE}")


def test_the_run_left_one_leaf_and_nothing_to_find(decided: World) -> None:
    leaves = "SELECT count(*) FROM audit_pendingleaf l JOIN audit_event e ON e.id = l.event_id WHERE e.name LIKE %s"
    assert decided.superuser(leaves, ["%decision%"]) == [(1,)]
    assert named(decided) == {}


@pytest.mark.parametrize(
    "change",
    [
        "color = 'red'",
        "color = 'red', evaluation = jsonb_set(evaluation, '{color}', '\"red\"')",
        "holds_code = false, color = 'absent', evaluation = jsonb_set(evaluation, '{color}', '\"absent\"')",
        "version = 7",
        "evidence_ids = '[\"0183bf9e-d100-7000-800e-51da39351089\"]'",
    ],
)
def test_one_changed_row_is_named_and_nobody_else(decided: World, change: str) -> None:
    tampered(decided, change)
    faults = named(decided)
    assert faults
    assert set(faults.values()) <= {ONE, None}
    assert ONE in faults.values()


def test_a_deleted_row_is_missed(decided: World) -> None:
    with decided.database.connect("postgres") as owner, owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute("DELETE FROM evidence_decision WHERE subject_id = %s", [ONE])
    assert named(decided)["decision_missing"] == ONE


def test_since_looks_at_the_run_from_its_own_minute_on_and_at_nothing_before(decided: World) -> None:
    assert named(decided, NOW) == {}
    tampered(decided, "color = 'red'")
    assert named(decided, NOW)["decision_differs"] == ONE
    assert named(decided, NOW + timedelta(minutes=1)) == {}
