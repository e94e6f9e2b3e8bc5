"""What Kong's device is answered at the gate."""

import asyncio

import pytest

from healthcode.domain.presence import Presence
from healthcode.edge.answers import Freshness
from healthcode.table.messages import FeedKind, key_from_bytes
from healthcode.table.payloads import RecallNote
from tests.edge_world import (
    CINEMA,
    DEVICE,
    FLOOR_BARE,
    GREEN,
    HOSPITAL,
    LIN,
    MARKET,
    NOBODY,
    NOON,
    OTHER_DEVICE,
    QIAN,
    RED,
    SUN,
    YELLOW,
    ZHAO,
    EdgeWorld,
)


@pytest.fixture
def edge():
    world = EdgeWorld()
    world.record(LIN, GREEN, last_negative=NOON - 120)
    world.record(ZHAO, RED)
    world.record(QIAN, YELLOW)
    return world


def test_lin_is_green_and_passes_with_her_masked_name_and_the_age_of_her_test(edge):
    check = edge.check(edge.live(LIN))
    assert (check["outcome"], check["verdict"], check["masked_name"]) == ("green", "pass", "林*")
    assert (check["test_age_h"], check["failed_condition"], check["visit"]) == (2, None, "stored")
    assert check["freshness"] == {"level": "fresh", "age_s": 0.0, "clock": "ok"}


@pytest.mark.parametrize(("subject", "outcome"), [(ZHAO, "red"), (QIAN, "yellow")])
def test_zhao_and_qian_are_refused_at_the_market(edge, subject, outcome):
    check = edge.check(edge.live(subject))
    assert (check["outcome"], check["verdict"], check["failed_condition"]) == (outcome, "do_not_pass", "color")


@pytest.mark.parametrize("subject", [ZHAO, QIAN])
def test_no_color_is_refused_at_the_hospital(edge, subject):
    assert edge.check(edge.live(subject), HOSPITAL)["verdict"] == "buffer_entrance"


def test_a_person_whom_the_table_does_not_know_is_registered_and_passes(edge):
    check = edge.check(edge.live(NOBODY))
    assert (check["outcome"], check["verdict"]) == ("unknown", "pass_with_register")


def test_a_broken_record_reads_unknown_and_never_green(edge):
    edge.host.buffer[4096 + LIN * 32 + 7] ^= 0xFF
    assert edge.check(edge.live(LIN))["outcome"] == "unknown"


def test_a_screenshot_of_lins_code_is_dead_a_minute_and_a_half_later(edge):
    code = edge.live(LIN)
    edge.pass_time(90)
    assert edge.check(code)["outcome"] == "expired"
    assert edge.check(code)["verdict"] == "use_id_card"


def test_codes_minted_before_a_withdrawal_are_recalled(edge):
    code = edge.live(LIN)
    edge.record(LIN, GREEN, generation=2, version=2)
    check = edge.check(code)
    assert (check["outcome"], check["verdict"]) == ("recalled", "use_id_card")
    assert check["last_negative_minute"] is None


def test_a_code_newer_than_our_data_is_unknown_and_not_turned_away(edge):
    assert edge.check(edge.live(LIN, generation=2))["verdict"] == "pass_with_register"


def test_an_altered_code_is_forged(edge):
    code = edge.live(LIN)
    altered = code[:-3] + ("AAA" if code[-3:] != "AAA" else "BBB")
    assert edge.check(altered)["outcome"] in ("forged", "failed")


@pytest.mark.parametrize("text", ["hello", "HL9:ABC", "https://code.example/v#x", "\x00", "HL1:"])
def test_whatever_is_scanned_gets_an_outcome(edge, text):
    check = edge.check(text)
    assert (check["outcome"], check["verdict"]) == ("failed", "pass_with_register")


def test_a_document_without_an_index_process_is_registered_and_passes(edge):
    body = {"document": {"kind": "resident_id", "number": "14010519491231002X", "name": "林晓雨"}}
    answer = edge.ask("POST", "/v1/checks", body, bearer=edge.inspector(MARKET)).json
    assert (answer["outcome"], answer["verdict"], answer["reason"]) == (
        "failed",
        "pass_with_register",
        "document_unavailable",
    )


def test_data_older_than_four_hours_are_stale_and_stop_nobody(edge):
    edge.pass_time(4 * 3600 + 60)
    check = edge.check(edge.live(ZHAO))
    assert (check["outcome"], check["verdict"], check["freshness"]["level"]) == ("stale", "pass_with_register", "stale")


def test_data_of_an_hour_ago_are_used_with_their_age(edge):
    edge.pass_time(3600)
    check = edge.check(edge.live(ZHAO))
    assert (check["outcome"], check["freshness"]) == ("red", {"level": "aged", "age_s": 3600.0, "clock": "ok"})


def test_an_answer_says_its_age_also_while_the_ticker_is_late(edge):
    edge.check(edge.live(LIN))
    ages = []
    for _ in range(3):
        edge.wall_s, edge.boot_s = edge.wall_s + 0.4, edge.boot_s + 0.4  # and nobody refreshes but who asks
        ages.append(edge.check(edge.live(LIN))["freshness"]["age_s"])
    assert ages == [0.4, 0.8, 1.2]


def test_a_published_adjustment_asks_for_a_test_and_lapses_by_itself(edge):
    edge.policy(id="48h", colors=["green"], venue_types=["cinema"], from_=NOON, until=NOON + 60, test_age_h=1)
    refused = edge.check(edge.live(LIN), CINEMA)
    assert (refused["failed_condition"], "1小时内核酸检测阴性" in refused["condition"]["zh"]) == ("test_age", True)
    assert edge.check(edge.live(LIN), MARKET)["verdict"] == "pass"
    edge.pass_time(3600)
    assert edge.check(edge.live(LIN), CINEMA)["verdict"] == "pass"


def test_the_checked_person_and_the_gate_stand_in_an_inspected_visit(edge):
    edge.check(edge.live(ZHAO))
    (visit,) = edge.sink.visits.values()
    assert (visit.subject, visit.venue, visit.checkpoint, visit.grade) == (ZHAO, MARKET, 1, Presence.inspected)
    assert (visit.outcome, visit.verdict, visit.device) == ("red", "do_not_pass", DEVICE)


def test_a_venue_that_records_none_stores_none(edge):
    assert edge.check(edge.live(LIN), FLOOR_BARE)["visit"] == "not_recorded"
    assert not edge.sink.visits


def test_the_gate_stays_open_when_the_visit_store_is_down(edge):
    edge.sink.down = True
    check = edge.check(edge.live(LIN))
    assert (check["verdict"], check["visit"]) == ("pass", "not_stored")


def test_one_code_at_two_venues_in_its_minute_is_answered_and_alarmed(edge):
    code = edge.live(LIN)
    assert [edge.check(code, venue)["verdict"] for venue in (MARKET, MARKET, CINEMA)] == ["pass"] * 3
    assert edge.edge.metrics.events["code_in_two_places"] == 1


def test_a_turnstile_sends_a_batch(edge):
    batch = [{"code": edge.live(subject)} for subject in (LIN, ZHAO, SUN)]
    answer = edge.ask("POST", "/v1/checks", {"batch": batch}, bearer=edge.inspector(MARKET)).json
    assert [check["outcome"] for check in answer["answers"]] == ["green", "red", "unknown"]


def test_a_dismissed_inspectors_device_is_refused_within_a_refresh(edge):
    edge.publish(FeedKind.RECALL, key_from_bytes(DEVICE), RecallNote(handle=DEVICE, since=NOON))
    answer = edge.ask("POST", "/v1/checks", {"code": edge.live(LIN)}, bearer=edge.inspector(MARKET))
    assert (answer.status, answer.json["code"]) == (401, "session_recalled")
    other = edge.ask("POST", "/v1/checks", {"code": edge.live(LIN)}, bearer=edge.inspector(MARKET, OTHER_DEVICE))
    assert other.status == 200


@pytest.mark.parametrize(
    ("bearer", "status", "code"),
    [("", 401, "session_missing"), ("HS1.x", 401, "session_forged"), ("resident", 403, "wrong_session")],
)
def test_only_an_inspector_may_check(edge, bearer, status, code):
    token = edge.session(LIN) if bearer == "resident" else bearer
    answer = edge.ask("POST", "/v1/checks", {"code": edge.live(LIN)}, bearer=token)
    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code": 1}', b'{"batch": []}', b'{"kode": "x"}', b"{}"])
def test_a_body_that_is_none_says_what_is_expected(edge, body):
    answer = edge.ask("POST", "/v1/checks", body, bearer=edge.inspector(MARKET))
    assert (answer.status, answer.json["code"]) == (400, "bad_request")
    assert answer.json["errors"]


def test_a_device_that_asks_too_often_is_told_when_to_come_back(edge):
    edge.edge.checks.limit.per_window = 2
    requests = [("POST", "/v1/checks", {"code": edge.live(LIN)}, edge.inspector(MARKET))] * 3
    answers = asyncio.run(edge.asks(requests))
    assert sorted(answer.status for answer in answers) == [200, 200, 429]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status == 429)


def test_without_any_updater_everything_is_unknown_and_passes_with_register(edge):
    edge.host.table = lambda: None
    edge.world.refresh(edge.moment())
    assert edge.check(edge.live(LIN))["verdict"] == "pass_with_register"
    assert isinstance(edge.world.freshness, Freshness)
