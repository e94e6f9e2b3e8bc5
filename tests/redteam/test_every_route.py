"""Every route × everybody: generated from the URL map, so that a route nobody thought of is tested as well."""

import re
from http import HTTPStatus

import pytest

from tests.control_world import World
from tests.people import FENG, GAO, HE, LIN, MA, NING, SHEN, TAO, WU, YAN, ZHOU, OfficerRole
from tests.routes import Route, routes

REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}
PERSONS: list[OfficerRole] = [ZHOU, FENG, GAO, SHEN, MA, WU, TAO, HE, NING, YAN]
SIGN_IN = ("/accounts/login/", "/console/enter?next=", "/?next=")
NUMBER = "00000000-0000-7000-8000-000000000000"
SAMPLE = {"int": "1", "uuid": NUMBER, "uuidstr": NUMBER, "str": "x", "slug": "x", "path": "x"}


def concrete(route: Route) -> str:
    return re.sub(r"<(?:(\w+):)?\w+>|\{(?:(\w+) )?\w+\}", lambda m: SAMPLE[m[1] or m[2] or "str"], route.path)


def answer(client: object, route: Route, method: str) -> tuple[int, str]:
    response = client.generic(method, concrete(route), b"{}", "application/json")  # type: ignore[attr-defined]
    return response.status_code, response.headers.get("Location", "")


def refused(status: int, location: str, route: Route) -> bool:
    if route.path.startswith("/api/") and status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return True  # the body is read against the published schema before the act begins; nothing was done
    return status in REFUSED or (
        status == HTTPStatus.FOUND and location.startswith(("/console/enter?next=", "/?next="))
    )


def may(route: Route, person: OfficerRole | None) -> bool:
    assert route.access is not None
    if route.access.kind == "public":
        return True
    return person is not None and route.access.kind == "officer" and person.role in route.access.roles


@pytest.fixture(scope="module")
def ours(control_ports: object) -> list[Route]:
    return [route for route in routes() if not route.third_party]


def test_every_route_states_its_access(ours: list[Route]) -> None:
    assert [str(route) for route in ours if route.access is None] == []


def test_nobody_reaches_a_route_of_officers_or_residents(world: World, ours: list[Route]) -> None:
    client = world.client()
    for route in ours:
        for method in route.methods:
            if not may(route, None):
                assert refused(*answer(client, route, method), route), f"{method} {route}"


@pytest.mark.parametrize("person", PERSONS, ids=lambda p: p.key)
def test_each_post_reaches_its_own_routes_and_no_other(world: World, ours: list[Route], person: OfficerRole) -> None:
    for route in ours:
        if route.path == "/console/leave":
            continue  # ends the session that the other routes need
        client = world.client(person)
        for method in route.methods:
            status, location = answer(client, route, method)
            if not may(route, person):
                assert refused(status, location, route), f"{person.key} {method} {route}: {status}"
            elif method == "GET":
                assert status not in {401, 500}, f"{person.key} {method} {route}: {status}"


def test_a_resident_reaches_no_console(world: World, ours: list[Route]) -> None:
    with world.system():
        lin = world.subject(LIN)
    client = world.client(lin)
    for route in ours:
        assert route.access is not None
        if route.access.kind == "officer":
            for method in route.methods:
                assert refused(*answer(client, route, method), route), f"{method} {route}"
