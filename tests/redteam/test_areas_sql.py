"""Areas by SQL: what the application's own role cannot do about 风险区, even with an officer's session."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.control_world import World
from tests.designation import designated, designation
from tests.people import COUNTY, FENG, GAO, HU, OTHER_COUNTY, SHEN, WU, ZHOU, OfficerRole

DENIED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.CheckViolation,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.UniqueViolation,
)
APPROVE = (
    "INSERT INTO areas_approval (designation_id, division, proposer_id, reviewer_id, verdict, reason, reviewed_at)"
    " VALUES (%(d)s, %(c)s, %(p)s, %(r)s, 'approve', '', now())"
)
PROPOSE = (
    "INSERT INTO areas_designation"
    " (area_id, division, level, basis, reason, office_id, proposer_id, proposed_at, shown)"
    " VALUES (%(a)s, %(c)s, 'high', 'x', 'x', 1, %(p)s, now(), '{}')"
)


@contextmanager
def as_app(world: World, who: OfficerRole | None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the application's role, acting as an officer, or as the system."""
    from healthcode.control.ports import ports

    token = world.session(who) if who else ports().system_token
    with world.database.connect("app") as app, app.transaction(force_rollback=True):
        app.execute("SELECT act_begin(%s, 'break in')", [token])
        yield app


def refused(app: psycopg.Connection[Any], statement: str, values: dict[str, Any] | None = None) -> bool:
    try:
        with app.transaction():
            return app.execute(statement, values).rowcount == 0  # type: ignore[arg-type]
    except DENIED:
        return True


@pytest.mark.parametrize("who", [ZHOU, HU, FENG, SHEN, WU, None], ids=lambda w: w.key if w else "system")
def test_nobody_but_the_city_approves(world: World, who: OfficerRole | None) -> None:
    said, zhou = designation(world), world.officer(ZHOU)
    for reviewer in {world.officer(who or HU), world.officer(GAO)}:
        with as_app(world, who) as app:
            assert refused(app, APPROVE, {"d": said.pk, "c": COUNTY, "p": zhou, "r": reviewer})


def test_the_city_approves_only_what_another_officer_of_its_own_county_proposed(world: World) -> None:
    said, zhou, gao, hu = designation(world), world.officer(ZHOU), world.officer(GAO), world.officer(HU)
    genuine = {"d": said.pk, "c": COUNTY, "p": zhou, "r": gao}
    for change in ({"p": gao}, {"p": hu}, {"r": hu}, {"c": OTHER_COUNTY}, {"c": "140702"}, {"d": said.pk + 1}):
        with as_app(world, GAO) as app:
            assert refused(app, APPROVE, genuine | change)
            assert not refused(app, APPROVE, genuine)
            assert refused(app, APPROVE, genuine)  # once


def test_only_a_county_officer_proposes_and_only_about_her_own_county(world: World) -> None:
    said = designation(world)
    with as_app(world, ZHOU) as app:
        assert not refused(app, PROPOSE, {"a": said.area_id, "c": COUNTY, "p": world.officer(ZHOU)})
        assert refused(app, PROPOSE, {"a": said.area_id, "c": COUNTY, "p": world.officer(HU)})
    for who, county in ((FENG, OTHER_COUNTY), (FENG, COUNTY), (GAO, COUNTY), (SHEN, COUNTY)):
        with as_app(world, who) as app:
            assert refused(app, PROPOSE, {"a": said.area_id, "c": county, "p": world.officer(who)})


@pytest.mark.parametrize("who", [ZHOU, GAO, SHEN, None], ids=lambda w: w.key if w else "system")
def test_no_designation_is_edited_ended_or_deleted(world: World, who: OfficerRole | None) -> None:
    designated(world)
    with as_app(world, who) as app:
        for table in ("areas_riskarea", "areas_designation", "areas_approval"):
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
                    app.execute(statement)  # type: ignore[arg-type]


def test_what_is_proposed_stays_within_its_scope_and_what_is_approved_is_public(world: World) -> None:
    said = designation(world)
    for who, seen in ((ZHOU, 1), (GAO, 1), (SHEN, 1), (FENG, 0)):
        with as_app(world, who) as app:
            assert app.execute("SELECT count(*) FROM areas_designation").fetchone() == (seen,)
    with world.database.connect("app") as app:
        assert app.execute("SELECT count(*) FROM areas_designation").fetchone() == (0,)
    assert said.division == COUNTY


def test_the_numbers_are_for_officers_in_scope_and_the_list_for_the_worker(world: World) -> None:
    designated(world)
    for who in (ZHOU, GAO, SHEN):
        with as_app(world, who) as app:
            assert app.execute("SELECT count(*) FROM area_subjects(%s)", [f"{COUNTY}-1"]).fetchone() == (0,)
    outside: tuple[OfficerRole | None, ...] = (FENG, WU, None)
    for nobody in outside:
        with as_app(world, nobody) as app:
            assert app.execute("SELECT count(*) FROM area_residents_by_color(%s)", [COUNTY]).fetchone() == (0,)
            assert app.execute("SELECT count(*) FROM area_people_by_color(%s)", [f"{COUNTY}-1"]).fetchone() == (0,)
