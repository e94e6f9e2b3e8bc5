"""Areas by SQL: what the application's own role cannot do about 风险区, even with an officer's session."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.control_world import World
from tests.designation import county_wide, decided, designated, designation
from tests.intake import NOW, with_code
from tests.people import COUNTY, FENG, GAO, HU, LIN, OTHER_COUNTY, QIAN, SHEN, WU, ZHAO, ZHOU, OfficerRole

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
    " (area_id, division, level, residents, basis, reason, office_id, proposer_id, proposed_at, shown)"
    " VALUES (%(a)s, %(c)s, 'high', false, 'x', 'x', 1, %(p)s, now(), '{}')"
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


EVIDENCE = (
    "INSERT INTO evidence_evidence (id, kind, subject_id, fields, anchor_day, occurred_at, learned_at, division,"
    " document, source_unit_id, rescinded, designation_id, proposer_id, reviewer_id, review_verdict, supersedes_id)"
    " VALUES (gen_random_uuid(), %(kind)s, %(subject)s, jsonb_build_object('area', %(area)s::text, 'relation',"
    " 'resident'), 19275, now(), now(), %(county)s, 'x', 1, %(rescinded)s, %(d)s, %(p)s, %(r)s, 'approve', %(old)s)"
)


def genuine_row(world: World, said: Any, subject: int) -> dict[str, Any]:
    """The row that the worker writes for one resident."""
    people = {"p": world.officer(ZHOU), "r": world.officer(GAO), "subject": subject}
    area = {"area": f"{COUNTY}-{said.area_id}", "county": COUNTY, "d": said.pk}
    return {"kind": "area_stay", "rescinded": False, "old": None, **people, **area}


@pytest.fixture
def wide(world: World) -> tuple[World, dict[str, Any], int]:
    """An approved county-wide designation that misses Lin, who moved in after it; Qian lives elsewhere."""
    lin, qian = with_code(world, LIN, QIAN)
    world.superuser("UPDATE people_subject SET present_division = %s", [OTHER_COUNTY])
    said = county_wide(world)
    world.superuser("UPDATE people_subject SET present_division = %s WHERE number = %s", [COUNTY, lin])
    return world, genuine_row(world, said, lin), qian


def test_a_residents_row_says_nothing_but_what_the_city_approved(wide: tuple[World, dict[str, Any], int]) -> None:
    world, genuine, qian = wide
    forged = (
        {"kind": "infection"},
        {"subject": qian},
        {"area": f"{COUNTY}-999"},
        {"county": OTHER_COUNTY},
        {"p": genuine["r"]},
        {"r": genuine["p"]},
        {"d": genuine["d"] + 1},
        {"rescinded": True},
    )
    for change in forged:
        with as_app(world, None) as app:
            assert refused(app, EVIDENCE, genuine | change), change
            assert not refused(app, EVIDENCE, genuine)
            assert refused(app, EVIDENCE, genuine)  # once


@pytest.mark.parametrize("who", [ZHOU, HU, GAO, SHEN], ids=lambda w: w.key)
def test_no_officer_writes_a_residents_row_himself(wide: tuple[World, dict[str, Any], int], who: OfficerRole) -> None:
    world, genuine, _ = wide
    with as_app(world, who) as app:
        assert refused(app, EVIDENCE, genuine)


def test_the_system_writes_no_residents_row_without_the_citys_approval(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    said = designation(world, name="平遥县", addresses=(), residents=True)
    with as_app(world, None) as app:
        assert refused(app, EVIDENCE, genuine_row(world, said, zhao))
    decided(world, said, verdict="return")
    with as_app(world, None) as app:
        assert refused(app, EVIDENCE, genuine_row(world, said, zhao))


def test_the_system_takes_back_no_row_that_nobody_rescinded(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    said = county_wide(world, now=NOW)
    old = world.superuser("SELECT id FROM evidence_evidence")[0][0]
    with as_app(world, None) as app:
        assert refused(app, EVIDENCE, genuine_row(world, said, zhao) | {"rescinded": True, "old": old})
