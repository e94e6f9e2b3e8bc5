"""Areas by SQL: what the application's own role cannot do about 风险区, even with an officer's session."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from healthcode.domain.time import day_of, minute_of
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
        for table in ("areas_riskarea", "areas_designation", "areas_approval", "areas_ruledstep", "areas_areaplace"):
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
            assert app.execute("SELECT count(*) FROM area_residents_by_color(%s, '{}')", [COUNTY]).fetchone() == (0,)
            assert app.execute("SELECT count(*) FROM area_people_by_color(%s)", [f"{COUNTY}-1"]).fetchone() == (0,)


EVIDENCE = (
    "INSERT INTO evidence_evidence (id, kind, subject_id, fields, anchor_day, occurred_at, learned_at, division,"
    " document, source_unit_id, rescinded, designation_id, proposer_id, reviewer_id, review_verdict)"
    " VALUES (gen_random_uuid(), 'area_stay', %(subject)s, jsonb_build_object('area', %(area)s::text, 'relation',"
    " 'resident'), 19275, now(), now(), %(county)s, 'x', 1, false, %(d)s, %(p)s, %(r)s, 'approve')"
)
RECORD = "SELECT * FROM designation_record(%(d)s, 0, 1000, 1000, 19275, now()) WHERE made"
RESCIND = "SELECT * FROM designation_rescind(%(d)s, 0, 1000, now()) WHERE made"


@pytest.fixture
def wide(world: World) -> tuple[World, int, int]:
    """An approved county-wide designation that misses Lin, who moved in after it; Qian lives elsewhere."""
    lin, _ = with_code(world, LIN, QIAN)
    world.superuser("UPDATE people_subject SET present_division = %s", [OTHER_COUNTY])
    said = county_wide(world)
    world.superuser("UPDATE people_subject SET present_division = %s WHERE number = %s", [COUNTY, lin])
    return world, said.pk, lin


@pytest.mark.parametrize("who", [ZHOU, HU, GAO, SHEN, None], ids=lambda w: w.key if w else "system")
def test_nobody_writes_a_residents_row_himself(wide: tuple[World, int, int], who: OfficerRole | None) -> None:
    world, said, lin = wide
    row = {"subject": lin, "area": f"{COUNTY}-1", "county": COUNTY, "d": said}
    with as_app(world, who) as app:
        assert refused(app, EVIDENCE, row | {"p": world.officer(ZHOU), "r": world.officer(GAO)})


def test_the_worker_records_who_lives_there_once_and_no_officer_does(wide: tuple[World, int, int]) -> None:
    world, said, lin = wide
    for who in (ZHOU, GAO, SHEN):
        with as_app(world, who) as app:
            assert refused(app, RECORD, {"d": said})
    with as_app(world, None) as app:
        assert app.execute(RECORD, {"d": said}).fetchall() == [(lin, True)]
        assert refused(app, RECORD, {"d": said})


def test_the_worker_records_nobody_without_the_citys_approval(world: World) -> None:
    with_code(world, ZHAO)
    said = designation(world, name="平遥县", addresses=(), residents=True)
    with as_app(world, None) as app:
        assert refused(app, RECORD, {"d": said.pk})
    decided(world, said, verdict="return")
    with as_app(world, None) as app:
        assert refused(app, RECORD, {"d": said.pk})


def test_the_worker_takes_back_no_row_that_nobody_rescinded(world: World) -> None:
    with_code(world, ZHAO)
    said = county_wide(world, now=NOW)
    with as_app(world, None) as app:
        assert refused(app, RESCIND, {"d": said.pk})


STEP = (
    "INSERT INTO areas_ruledstep (area_id, division, follows, former, level, ruleset, publications_known, rule,"
    " clear_since, clear_days, due_at, made_at) VALUES (%(a)s, %(c)s, %(f)s, %(former)s, %(level)s, 'x@1', 0, 'x',"
    " %(since)s, %(days)s, %(due)s, %(made)s)"
)


@pytest.fixture
def step(world: World) -> tuple[World, dict[str, Any]]:
    """A step that stands: high since 10 October 2022, medium when the seventh clear day ended."""
    said = designated(world)
    ((approval,),) = world.superuser("SELECT id FROM areas_approval")
    day, midnight = day_of(minute_of(NOW)), NOW.replace(day=17, hour=16)
    row = {"a": said.area_id, "c": COUNTY, "f": approval, "former": "high", "level": "medium"}
    return world, {**row, "since": day, "days": 7, "due": midnight, "made": midnight}


@pytest.mark.parametrize("who", [ZHOU, GAO, SHEN, WU], ids=lambda w: w.key)
def test_no_officer_invents_a_level_made_by_rule(step: tuple[World, dict[str, Any]], who: OfficerRole) -> None:
    world, genuine = step
    with as_app(world, who) as app:
        assert refused(app, STEP, genuine)


def test_the_worker_writes_no_step_but_downwards_when_its_days_are_over(step: tuple[World, dict[str, Any]]) -> None:
    world, genuine = step
    early = NOW + timedelta(days=2)
    forged: tuple[dict[str, Any], ...] = (
        {"level": "high"},
        {"former": "medium", "level": "low"},
        {"c": OTHER_COUNTY},
        {"f": genuine["f"] + 1},
        {"due": early, "made": early},
        {"made": early},
        {"days": 9},
        {"days": 0},
        {"made": datetime.now(UTC) + timedelta(days=1)},
    )
    for change in forged:
        with as_app(world, None) as app:
            assert refused(app, STEP, genuine | change), change
            assert not refused(app, STEP, genuine)
            assert refused(app, STEP, genuine)  # once


@pytest.mark.parametrize("what", [{"case_day": 0}, {"hold_until": timedelta(days=7)}], ids=["case", "hold"])
def test_a_case_or_a_hold_stops_the_worker_too(step: tuple[World, dict[str, Any]], what: dict[str, Any]) -> None:
    world, genuine = step
    at = NOW + timedelta(days=5)
    said = {"case_day": genuine["since"] + 5} if "case_day" in what else {"hold_until": at + what["hold_until"]}
    decided(world, designation(world, area=genuine["a"], level="", now=at, **said), now=at)
    with as_app(world, None) as app:
        assert refused(app, STEP, genuine)


def test_zhou_does_not_approve_her_own_hold(world: World) -> None:
    said = designated(world)
    hold = designation(world, area=said.area_id, level="", hold_until=NOW + timedelta(days=2))
    values = {"d": hold.pk, "c": COUNTY, "p": world.officer(ZHOU)}
    for reviewer in (ZHOU, GAO):
        with as_app(world, ZHOU) as app:
            assert refused(app, APPROVE, values | {"r": world.officer(reviewer)})


def test_a_place_is_added_to_no_area_that_was_proposed(world: World) -> None:
    said = designation(world)
    place = "INSERT INTO areas_areaplace (area_id, index) VALUES (%(a)s, 'x')"
    for who in (ZHOU, GAO, None):
        with as_app(world, who) as app:
            assert refused(app, place, {"a": said.area_id})


def test_nobody_lists_who_lives_where(world: World) -> None:
    with_code(world, LIN)
    for who in (ZHOU, GAO, SHEN, WU):
        with as_app(world, who) as app:
            assert app.execute("SELECT count(*) FROM people_placeindex").fetchone() == (0,)
            assert app.execute("SELECT count(*) FROM people_placeindex WHERE subject_id = 1").fetchone() == (0,)
