"""Every route of the edge × every session: generated from its table of routes."""

from __future__ import annotations

import pytest

from tests.edge_world import GREEN, LIN, MARKET, EdgeWorld

_VISIT = {"key": "0" * 32, "code": "X", "outcome": "green", "verdict": "pass"}
BODIES = {
    "/v1/codes": {},
    "/v1/checks": {"code": "X"},
    "/v1/visits": {"key": "0" * 32, "code": "X"},
    "/v1/offline-visits": {"visits": [_VISIT]},
}
SESSIONS = ("nobody", "resident", "inspector", "forged", "expired", "recalled")


@pytest.fixture
def edge() -> EdgeWorld:
    """Lin is green in generation 2: what was made for generation 1 is recalled."""
    world = EdgeWorld()
    world.record(LIN, GREEN, generation=2)
    return world


def bearer(world: EdgeWorld, session: str) -> str:
    """The token that somebody of that kind would send."""
    made = {
        "nobody": "",
        "resident": world.session(LIN, generation=2),
        "inspector": world.inspector(MARKET),
        "recalled": world.session(LIN, generation=1),
    }
    if session == "forged":
        genuine = made["resident"]
        return genuine[:-4] + ("AAAA" if genuine[-4:] != "AAAA" else "BBBB")
    if session == "expired":
        world.pass_time(9001 * 60)
        world.heartbeat()
        return made["resident"]
    return made[session]


def cases() -> list[tuple[str, str, str, str]]:
    routes = EdgeWorld().edge.routes
    return [
        (path, method, route.access, session)
        for path, route in sorted(routes.items())
        for method in sorted(route.handlers)
        for session in SESSIONS
    ]


@pytest.mark.parametrize(("path", "method", "access", "session"), cases())
def test_a_route_answers_its_own_session_and_no_other(
    edge: EdgeWorld, path: str, method: str, access: str, session: str
) -> None:
    answer = edge.ask(method, path, BODIES.get(path), bearer=bearer(edge, session))
    if access == "public":
        assert answer.status not in {401, 403}
    elif access == session:
        assert answer.status not in {401, 403}, answer.raw
    else:
        assert answer.status in {401, 403}, answer.raw
        assert b"masked_name" not in answer.raw


def test_every_route_of_the_edge_states_its_access() -> None:
    accesses = {path: route.access for path, route in EdgeWorld().edge.routes.items()}
    assert {
        path for path, access in accesses.items() if access not in {"public", "local", "resident", "inspector"}
    } == set()
    assert {path for path, access in accesses.items() if access == "resident"} == {
        "/v1/codes",
        "/v1/state",
        "/v1/visits",
    }
