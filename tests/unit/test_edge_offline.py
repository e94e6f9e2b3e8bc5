"""The edge for devices that will lose the network: the bundle it carries, and the checks they bring back."""

import os

import cbor2
import pytest

from healthcode.codes.bundle import bundle_key, head_open, part_bytes
from healthcode.domain.presence import Presence
from healthcode.table.messages import FeedKind, key_from_bytes
from healthcode.table.payloads import BundleNote, RecallNote
from healthcode.visits.record import visit_key
from tests.edge_world import DEVICE, GREEN, ISSUER, LIN, MARKET, OTHER_DEVICE, REGION, SUN, EdgeWorld

HEAD, PARTS, CARD = 1, 2, 3
LOST = bytes(range(16))


@pytest.fixture
def edge():
    world = EdgeWorld()
    world.record(LIN, GREEN)
    return world


def bundle(edge, since=0, **headers):
    return edge.ask("GET", f"/v1/bundle?since={since}", bearer=edge.inspector(MARKET), **headers)


def kept(edge, code, *, key=None, **more):
    made = key or str(visit_key(int(edge.wall_s * 1000), os.urandom(10)))
    return {"key": made, "code": code, "outcome": "green", "verdict": "pass"} | more


def upload(edge, *visits, device=None):
    bearer = edge.inspector(MARKET, *([device] if device else []))
    return edge.ask("POST", "/v1/offline-visits", {"visits": list(visits)}, bearer=bearer)


def said(answer):
    return [(one["said"], one["reason"]) for one in answer.json["visits"]]


def test_a_device_gets_the_signed_head_and_every_part(edge):
    parts = edge.bundle(1000, (LOST,))
    answer = cbor2.loads(bundle(edge).raw)
    head = head_open({b"bundle-1": ISSUER.public}, answer[HEAD], region=REGION)
    assert (answer[PARTS], head.number) == (parts, 1000)


def test_a_device_that_holds_a_bundle_gets_what_changed(edge):
    edge.bundle(1000)
    edge.bundle(2000, (LOST,))
    assert list(cbor2.loads(bundle(edge, since=1000).raw)[PARTS]) == ["recall/0"]


def test_nothing_is_sent_twice(edge):
    edge.bundle(1000)
    first = bundle(edge)
    assert bundle(edge, if_none_match=first.headers["etag"]).status == 304


def test_while_a_bundle_arrives_the_one_before_is_given(edge):
    edge.bundle(1000)
    whole = bundle(edge).raw
    changed = BundleNote(name="recall/0", data=part_bytes(LOST))
    edge.publish(FeedKind.BUNDLE, bundle_key("recall/0"), changed)
    edge.publish(FeedKind.BUNDLE, bundle_key("head"), BundleNote(name="head", data=b"no head"))
    assert cbor2.loads(bundle(edge).raw)[HEAD] == cbor2.loads(whole)[HEAD]


def test_before_the_first_bundle_the_edge_says_when_to_ask_again(edge):
    answer = bundle(edge)
    assert (answer.status, answer.json["code"]) == (503, "bundle_not_ready")


@pytest.mark.parametrize("since", ["x", "-1", "9" * 16])
def test_a_number_that_is_none_is_refused(edge, since):
    edge.bundle(1000)
    assert bundle(edge, since=since).status == 400


def test_a_pass_checked_without_network_becomes_a_visit_of_its_minute(edge):
    visit = kept(edge, edge.shown(LIN))
    edge.pass_time(3600)
    edge.heartbeat()
    assert said(upload(edge, visit)) == [("stored", "")]
    stored = next(iter(edge.sink.visits.values()))
    assert (stored.subject, stored.venue, stored.grade) == (LIN, MARKET, Presence.inspected)
    assert stored.at_ms == int((edge.wall_s - 3600) * 1000)


def test_a_live_code_and_a_paper_seen_without_network_name_their_people_too(edge):
    upload(edge, kept(edge, edge.live(LIN)), kept(edge, edge.paper(SUN)))
    assert sorted(visit.subject for visit in edge.sink.visits.values()) == [LIN, SUN]


def test_an_upload_whose_answer_was_lost_is_repeated_and_counts_once(edge):
    visits = [kept(edge, edge.shown(LIN)), kept(edge, edge.live(LIN))]
    assert said(upload(edge, *visits)) == said(upload(edge, *visits)) == [("stored", "")] * 2
    assert len(edge.sink.visits) == 2


def test_two_devices_with_one_key_make_two_visits(edge):
    visit = kept(edge, edge.shown(LIN))
    upload(edge, visit)
    upload(edge, visit, device=OTHER_DEVICE)
    assert len(edge.sink.visits) == 2


def test_a_device_cannot_report_a_code_of_another_minute(edge):
    shown = edge.shown(LIN)
    edge.pass_time(600)
    assert said(upload(edge, kept(edge, shown), kept(edge, edge.live(LIN, minutes=5)))) == [
        ("refused", "code_expired"),
        ("refused", "code_expired"),
    ]
    assert edge.sink.visits == {}


@pytest.mark.parametrize("code", ["", "HP1:AAA", "HL1:AAA", "HB1:AAA", "x" * 900])
def test_what_is_no_code_is_refused_for_good(edge, code):
    answer = upload(edge, kept(edge, code))
    assert answer.status == 400 or said(answer)[0][0] == "refused"


@pytest.mark.parametrize("days", [8, -1])
def test_a_check_of_long_ago_or_of_tomorrow_is_refused(edge, days):
    at_ms = int((edge.wall_s - days * 86_400) * 1000)
    visit = kept(edge, edge.shown(LIN), key=str(visit_key(at_ms, os.urandom(10))))
    assert said(upload(edge, visit)) == [("refused", "visit_time")]


@pytest.mark.parametrize("more", [{"outcome": "violet"}, {"verdict": "shout"}])
def test_an_answer_that_no_gate_gives_is_refused(edge, more):
    assert said(upload(edge, kept(edge, edge.shown(LIN), **more))) == [("refused", "outcome_unknown")]


def test_with_the_store_away_the_device_keeps_its_visits(edge):
    edge.sink.down = True
    assert upload(edge, kept(edge, edge.shown(LIN))).status == 503


def test_a_dismissed_inspector_gets_no_bundle_and_uploads_nothing(edge):
    edge.bundle(1000)
    visit = kept(edge, edge.shown(LIN))
    edge.publish(FeedKind.RECALL, key_from_bytes(DEVICE), RecallNote(handle=DEVICE, since=edge.now))
    assert (bundle(edge).status, upload(edge, visit).status) == (401, 401)
