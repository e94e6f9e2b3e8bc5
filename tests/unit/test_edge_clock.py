"""A host's clock is ten minutes off: gates go on by control's time, which its boot clock carries on."""

import pytest

from healthcode.codes.live import live_open
from tests.edge_world import GREEN, LIN, MARKET, RED, REGION, EdgeWorld, replace_status

WRONG = pytest.mark.parametrize("by_s", [600, -600, 86_400])


@pytest.fixture
def edge():
    world = EdgeWorld()
    world.record(LIN, GREEN)
    return world


@WRONG
def test_lins_honest_code_is_good_at_a_gate_whose_host_has_a_wrong_clock(edge, by_s):
    code, gate = edge.live(LIN), edge.inspector(MARKET)
    edge.jump_clock(by_s)
    told = edge.ask("POST", "/v1/checks", {"code": code}, bearer=gate).json
    assert (told["outcome"], told["freshness"]["clock"]) == ("green", "off")
    assert abs(told["server_time_ms"] / 1000 - (edge.wall_s - by_s)) < 1


@WRONG
def test_codes_of_a_host_with_a_wrong_clock_are_good_everywhere(edge, by_s):
    session, right_s = edge.session(LIN), edge.wall_s
    edge.jump_clock(by_s)
    told = edge.ask("POST", "/v1/codes", {"minutes": 3}, bearer=session).json
    assert live_open(edge.keys, told["codes"][0]["text"], region=REGION, now_s=right_s).subject == LIN


@WRONG
def test_an_old_code_does_not_come_alive_by_a_wrong_clock(edge, by_s):
    old = [edge.live(LIN, minutes=minutes) for minutes in (-10, 10)]
    gate = edge.inspector(MARKET)
    edge.jump_clock(by_s)
    outcomes = {edge.ask("POST", "/v1/checks", {"code": code}, bearer=gate).json["outcome"] for code in old}
    assert "green" not in outcomes


def test_ready_still_says_how_far_the_clock_is_off(edge):
    edge.jump_clock(600)
    told = edge.ask("GET", "/readyz").json
    assert ("clock_off" in told["problems"], told["clock_offset_s"]) == (True, 600.0)


def test_an_older_table_never_stands_behind_the_status_of_the_newer_one(edge):
    """While a worker looks, the updater admits the age of a snapshot and puts a table built from it in place."""
    older, host = EdgeWorld(), edge.host
    older.record(LIN, GREEN)
    edge.record(LIN, RED, version=2)

    def table():
        host.now_status = replace_status(host.now_status, as_of_ms=int(edge.wall_s * 1000) - 3_600_000)
        return older.host.table()

    host.table = table
    edge.world.refresh(edge.moment())
    assert edge.world.record(LIN).state == GREEN
    assert (edge.world.freshness.level, edge.world.freshness.age_s) == ("aged", 3600.0)
