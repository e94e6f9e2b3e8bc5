"""Lin scans the market's code."""

import asyncio

import pytest

from healthcode.crypto.suites import suite
from healthcode.domain.presence import Presence
from healthcode.visits.record import visit_key
from tests.edge_world import CLOSED, GREEN, HOSPITAL, LIN, MARKET, QIAN, YELLOW, EdgeWorld


@pytest.fixture
def edge():
    world = EdgeWorld()
    world.record(LIN, GREEN)
    world.record(QIAN, YELLOW)
    return world


def scan(edge, code, *, subject=LIN, key=None, ago_ms=0):
    body = {"key": key or str(visit_key(int(edge.wall_s * 1000) - ago_ms, bytes(10))), "code": code}
    return edge.ask("POST", "/v1/visits", body, bearer=edge.session(subject))


def test_lin_scans_the_screen_and_sees_pass_and_the_markets_name(edge):
    answer = scan(edge, edge.screen(MARKET)).json
    assert (answer["outcome"], answer["verdict"], answer["grade"]) == ("green", "pass", "rotating")
    assert answer["venue"]["name"] == "market 10"
    assert answer["venue"]["checkpoint_name"] == "south gate"
    (visit,) = edge.sink.visits.values()
    assert (str(visit.id), visit.subject, visit.grade) == (answer["visit"], LIN, Presence.rotating)


def test_a_poster_gives_a_weak_presence(edge):
    assert scan(edge, edge.poster(MARKET)).json["grade"] == "static"


def test_a_photograph_of_the_screen_without_its_seal_is_only_a_poster(edge):
    assert scan(edge, edge.screen(MARKET).rpartition(".")[0]).json["grade"] == "static"


def test_lin_scans_twice_by_mistake_and_is_counted_once(edge):
    key = str(visit_key(int(edge.wall_s * 1000), bytes(10)))
    first, again = (scan(edge, edge.poster(MARKET), key=key).json["visit"] for _ in range(2))
    assert first == again
    assert len(edge.sink.visits) == 1


def test_qian_is_yellow_and_is_led_to_the_hospitals_buffer_entrance(edge):
    assert scan(edge, edge.poster(MARKET), subject=QIAN).json["verdict"] == "do_not_pass"
    assert scan(edge, edge.poster(HOSPITAL), subject=QIAN).json["verdict"] == "buffer_entrance"


@pytest.mark.parametrize(
    ("code", "status", "problem"),
    [
        (lambda e: e.screen(MARKET, minutes=-5), 422, "venue_code_expired"),
        (lambda e: e.poster(MARKET, base="https://evil.example"), 422, "venue_code_forged"),
        (lambda e: e.poster(MARKET, issuer=suite("intl").generate_signing_key()), 422, "venue_code_forged"),
        (lambda e: "hello", 422, "venue_code_unreadable"),
        (lambda e: "https://evil.example/pay", 422, "venue_code_forged"),
        (lambda e: e.poster(CLOSED), 409, "venue_closed"),
        (lambda e: e.poster(77), 404, "venue_unknown"),
    ],
)
def test_a_code_that_is_not_right_says_what_is_wrong_and_stores_nothing(edge, code, status, problem):
    answer = scan(edge, code(edge))
    assert (answer.status, answer.json["code"]) == (status, problem)
    assert not edge.sink.visits


def test_a_key_from_a_wrong_clock_is_refused_with_the_right_time(edge):
    answer = scan(edge, edge.poster(MARKET), ago_ms=48 * 3600 * 1000)
    assert (answer.status, answer.json["code"]) == (422, "visit_key")
    assert answer.json["server_time_ms"] == int(edge.wall_s * 1000)


def test_when_the_store_is_down_nothing_is_acknowledged_and_the_phone_learns_when_to_repeat(edge):
    edge.sink.down = True
    answer = scan(edge, edge.poster(MARKET))
    assert (answer.status, answer.json["code"]) == (503, "busy")
    assert 1 <= int(answer.headers["retry-after"]) <= 6


def test_beyond_the_bound_the_queue_refuses_early(edge):
    edge.queue._limits = type(edge.queue._limits)(waiting=3, batch=1, lanes=1)
    edge.sink.held_s = 0.2  # a store that is quicker than the callers leaves nobody waiting
    ask = ("POST", "/v1/visits")
    requests = [
        (*ask, {"key": str(visit_key(int(edge.wall_s * 1000), bytes([n] * 10))), "code": edge.poster(MARKET)}, token)
        for n, token in enumerate([edge.session(LIN)] * 9)
    ]
    statuses = sorted(answer.status for answer in asyncio.run(edge.asks(requests)))
    assert set(statuses) == {200, 503}
    assert len(edge.sink.visits) == statuses.count(200)


def test_an_inspectors_session_makes_no_visits(edge):
    body = {"key": str(visit_key(int(edge.wall_s * 1000), bytes(10))), "code": edge.poster(MARKET)}
    assert edge.ask("POST", "/v1/visits", body, bearer=edge.inspector(MARKET)).status == 403
