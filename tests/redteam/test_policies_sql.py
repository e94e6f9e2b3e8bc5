"""Check conditions by SQL as the application's role: nobody decides alone, and nothing that was decided changes."""

from __future__ import annotations

import pytest

from tests.check_policies import decided, proposed
from tests.control_world import World
from tests.people import FENG, GAO, HU, SHEN, ZHOU
from tests.redteam.test_evidence_sql import as_app, refused

DECIDE = (
    "INSERT INTO policies_decision (adjustment_id, division, proposer_id, reviewer_id, verdict, reason, reviewed_at,"
    " effective_from) VALUES (%(id)s, %(division)s, %(proposer)s, %(me)s, 'approve', '', now(), now())"
)


def values(world: World, made, me, **changed):
    return {
        "id": made.pk,
        "division": made.division,
        "proposer": made.proposer_id,
        "me": world.officer(me),
    } | changed


@pytest.mark.parametrize("who", [ZHOU, HU, FENG, SHEN], ids=lambda who: who.key)
def test_nobody_but_the_city_decides_for_a_county(world: World, who) -> None:
    made = proposed(world)
    with as_app(world, who) as app:
        assert refused(app, DECIDE, values(world, made, who))


def test_a_colleague_cannot_lend_his_name_as_the_proposer(world: World) -> None:
    made = proposed(world)
    with as_app(world, GAO) as app:
        assert refused(app, DECIDE, values(world, made, GAO, proposer=world.officer(HU)))
        assert refused(app, DECIDE, values(world, made, GAO, division="140700"))


@pytest.mark.parametrize("table", ["policies_adjustment", "policies_decision", "policies_ending"])
def test_what_was_decided_is_neither_changed_nor_removed(world: World, table: str) -> None:
    decided(world, proposed(world).pk)
    for who in (ZHOU, GAO, None):
        with as_app(world, who) as app:
            assert refused(app, f"DELETE FROM {table}")
            assert refused(app, f"UPDATE {table} SET division = '140000'")


def test_no_officer_proposes_for_another_division_or_in_anothers_name(world: World) -> None:
    made = proposed(world)
    copy = (
        "INSERT INTO policies_adjustment (division, office_id, venue_types, areas, until, test_age_h, basis, reason,"
        " proposer_id, proposed_at) SELECT %(division)s, office_id, venue_types, areas, until, test_age_h, basis,"
        " reason, %(proposer)s, proposed_at FROM policies_adjustment WHERE id = %(id)s"
    )
    for changed in ({"division": "140000"}, {"proposer": world.officer(HU)}):
        with as_app(world, ZHOU) as app:
            assert refused(app, copy, values(world, made, ZHOU, **changed))


def test_an_adjustment_without_an_end_or_with_two_conditions_cannot_be_stored(world: World) -> None:
    made = proposed(world)
    for column in ("until = NULL", "test_age_h = NULL", "test_age_days = 2", "basis = ''", "areas = '[]'"):
        with pytest.raises(Exception, match=r"violates (check|not-null) constraint"):
            world.superuser(f"UPDATE policies_adjustment SET {column} WHERE id = %s", [made.pk])
