"""Acts: who works in a transaction, as the database itself sees it."""

import psycopg
import pytest

from tests.control_world import World
from tests.people import HE, SHEN, ZHOU


def act_of(world: World) -> tuple[object, ...]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT act_kind(), act_role(), act_scope(), act_division()")
        return cursor.fetchone()


def test_zhou_acts_for_her_county_and_sees_no_further(world: World) -> None:
    with world.acting(ZHOU):
        assert act_of(world) == ("officer", "county_officer", "140728", "140728")


def test_shen_sees_the_whole_province(world: World) -> None:
    with world.acting(SHEN):
        assert act_of(world)[2] == "14"


def test_the_laboratory_clerk_sees_no_division(world: World) -> None:
    with world.acting(HE):
        assert act_of(world)[2] is None


def test_outside_an_act_nobody_acts(world: World) -> None:
    assert act_of(world) == (None, None, None, None)


def test_a_transaction_has_one_act_and_no_change_of_person(world: World) -> None:
    token = world.session(SHEN)
    with world.database.connect("app") as app, app.transaction():
        app.execute("SELECT act_begin(%s, 'x')", [world.session(ZHOU)])
        with pytest.raises(psycopg.errors.UniqueViolation):
            app.execute("SELECT act_begin(%s, 'x')", [token])


def test_a_sanction_ends_power_within_the_next_act(world: World) -> None:
    token = world.session(ZHOU)
    world.superuser("UPDATE offices_officer SET sanctioned_at = now() WHERE id = %s", [world.officer(ZHOU)])
    with world.database.connect("app") as app, pytest.raises(psycopg.errors.InvalidAuthorizationSpecification):
        app.execute("SELECT act_begin(%s, 'x')", [token])


@pytest.mark.parametrize("table", ["act", "act_session"])
def test_the_application_cannot_read_or_forge_acts(world: World, table: str) -> None:
    with world.database.connect("app") as app:
        for statement in (f"SELECT * FROM {table}", f"DELETE FROM {table}", f"UPDATE {table} SET kind = 'system'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
