"""The worst minute: panels go first, then scans, and the color last of all."""

import pytest

from healthcode.edge.overload import PENDING_MOST, TICKS, Level, Load
from healthcode.table.messages import FeedKind
from healthcode.table.payloads import GroundLine, GroundsNote
from healthcode.visits.record import visit_key
from tests.edge_world import LIN, MARKET, NOON, RED, EdgeWorld


@pytest.fixture
def edge():
    """Lin is red, with a reason on her page."""
    world = EdgeWorld()
    world.record(LIN, RED)
    line = GroundLine(key="k", rule="case", state=RED, since=NOON, words={"zh": "确诊", "en": "Case"})
    world.publish(FeedKind.GROUNDS, LIN, GroundsNote(version=1, grounds=[line]))
    return world


def late(edge, seconds):
    for _ in range(TICKS):
        edge.edge.load.ticked(seconds)


def statuses(edge):
    """The status of everything that somebody may want."""
    key = str(visit_key(int(edge.wall_s * 1000), bytes(10)))
    resident, inspector = edge.session(LIN), edge.inspector(MARKET)
    asked = {
        "page": ("GET", "/console/", None, ""),
        "bundle": ("GET", "/v1/colors", None, ""),
        "visit": ("POST", "/v1/visits", {"key": key, "code": edge.poster(MARKET)}, resident),
        "state": ("GET", "/v1/state", None, resident),
        "codes": ("POST", "/v1/codes", {}, resident),
        "check": ("POST", "/v1/checks", {"code": edge.live(LIN)}, inspector),
    }
    return {name: edge.ask(*one[:3], bearer=one[3]).status for name, one in asked.items()}


async def control(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


EVERYTHING = {"page", "bundle", "visit", "state", "codes", "check"}


@pytest.mark.parametrize(
    ("seconds", "refused"),
    [(0.0, set()), (0.2, {"page"}), (0.5, {"page", "bundle"}), (3.0, {"page", "bundle", "visit"}), (5.0, EVERYTHING)],
)
def test_what_is_given_up_at_which_load(seconds, refused):
    edge = EdgeWorld(forward=control)
    edge.record(LIN, RED)
    late(edge, seconds)
    assert {name for name, status in statuses(edge).items() if status == 503} == refused


@pytest.mark.parametrize(("seconds", "stored", "told"), [(1.0, 12, 12), (2.0, 6, 12), (3.0, 0, 12), (4.0, 0, 6)])
def test_of_scans_a_growing_share_is_refused_before_any_color_is(edge, seconds, stored, told):
    late(edge, seconds)
    answers = [statuses(edge) for _ in range(12)]
    assert sum(answer["visit"] == 200 for answer in answers) == stored
    assert sum(answer["state"] == 200 for answer in answers) == pytest.approx(told, abs=1)


def test_under_load_lin_sees_her_color_and_hears_that_the_reason_comes_later(edge):
    calm = edge.ask("GET", "/v1/state", bearer=edge.session(LIN))
    late(edge, 0.2)
    busy = edge.ask("GET", "/v1/state", bearer=edge.session(LIN))
    assert [len(answer.json["grounds"]) for answer in (calm, busy)] == [1, 0]
    assert (busy.json["state"], busy.json["grounds_later"]) == ("red", True)
    assert "etag" in calm.headers
    assert "etag" not in busy.headers
    assert busy.json["hint_s"] >= 3 * 60


def test_under_strain_every_phone_gets_some_codes(edge):
    late(edge, 0.5)
    assert len(edge.ask("POST", "/v1/codes", {}, bearer=edge.session(LIN)).json["codes"]) == 5


def test_those_refused_together_do_not_come_back_together(edge):
    late(edge, 2.0)
    waits = {int(edge.ask("GET", "/v1/colors").headers["retry-after"]) for _ in range(60)}
    assert min(waits) >= 7
    assert len(waits) > 10


def test_one_late_tick_is_no_load_and_load_ends_by_itself():
    load = Load()
    load.ticked(9.0)
    assert load.level is Level.calm
    for seconds in [2.0] * TICKS + [0.0] * TICKS:
        load.ticked(seconds)
    assert load.level is Level.calm


def test_what_waits_is_bounded_even_for_the_color(edge):
    edge.edge.load.pending = PENDING_MOST
    answer = edge.ask("GET", "/v1/state", bearer=edge.session(LIN))
    assert (answer.status, answer.json["code"]) == (503, "overloaded")


def test_readyz_says_that_the_worker_is_busy_and_stays_in_service(edge):
    late(edge, 0.2)
    answer = edge.ask("GET", "/readyz")
    assert (answer.status, answer.json["problems"]) == (200, ["load_busy"])
