"""What Lin's own page is answered: codes ahead, state, grounds, renewal."""

import pytest

from healthcode.codes.live import live_open
from healthcode.codes.session import session_open
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_of, day_start
from healthcode.table.messages import FeedKind
from healthcode.table.payloads import ColorEntry, ColorsNote, GroundLine, GroundsNote, NoticeEntry
from healthcode.table.record import Transition
from tests.edge_world import GREEN, LIN, NOON, RED, REGION, YELLOW, ZHAO, EdgeWorld, b64

DAY7_ENDS, DAY10_ENDS = day_start(day_of(NOON) + 1), day_start(day_of(NOON) + 4)


@pytest.fixture
def edge():
    world = EdgeWorld()
    world.record(LIN, GREEN, doses=3, last_negative=NOON - 60)
    steps = (Transition(DAY7_ENDS, YELLOW), Transition(DAY10_ENDS, GREEN))
    world.record(ZHAO, RED, notices=1, transitions=steps)
    return world


def codes(edge, session, **body):
    return edge.ask("POST", "/v1/codes", body or None, bearer=session)


def test_lin_gets_thirty_minutes_of_codes_each_good_in_its_own_minute(edge):
    answer = codes(edge, edge.session(LIN)).json
    assert [code["minute"] for code in answer["codes"]] == list(range(NOON, NOON + 30))
    last = answer["codes"][-1]
    claim = live_open(edge.keys, last["text"], region=REGION, now_s=last["minute"] * 60)
    assert (claim.subject, claim.generation, claim.masked_name) == (LIN, 1, "林*")


def test_lin_sees_her_state_doses_test_and_how_fresh_they_are(edge):
    answer = codes(edge, edge.session(LIN)).json
    assert (answer["state"], answer["doses"], answer["until_minute"], answer["grounds"]) == ("green", 3, None, [])
    assert (answer["last_negative_minute"], answer["freshness"]["level"]) == (NOON - 60, "fresh")
    assert answer["server_time_ms"] == NOON * 60_000
    assert 60 <= answer["hint_s"] < 120


def test_zhao_sees_why_until_when_and_what_ends_it(edge):
    line = GroundLine(
        key="k", rule="close_contact", state=RED, since=NOON, until=DAY10_ENDS, next_change=DAY7_ENDS,
        words={"zh": "密切接触", "en": "Close contact"}, way_out={"en": "Tests on days 1 to 7"}, tests_due=[19028],
    )  # fmt: skip
    edge.publish(FeedKind.GROUNDS, ZHAO, GroundsNote(version=1, grounds=[line]))
    answer = codes(edge, edge.session(ZHAO)).json
    assert (answer["until_minute"], answer["next_state"]) == (DAY7_ENDS, "yellow")
    (ground,) = answer["grounds"]
    assert (ground["color"], ground["text"]["en"], ground["tests_due"]) == ("red", "Close contact", [19028])
    assert answer["notices"] == [{"id": "tests_due", "zh": "待核酸", "en": "Tests due"}]


def test_zhao_turns_yellow_and_green_at_the_two_midnights_with_nobody_touching_anything(edge):
    seen = []
    for minute in (DAY7_ENDS - 1, DAY7_ENDS, DAY10_ENDS - 1, DAY10_ENDS):
        edge.pass_time(minute * 60 - edge.wall_s)  # control and database stay silent throughout
        seen.append(edge.ask("GET", "/v1/state", bearer=edge.session(ZHAO)).json["state"])
    assert seen == ["red", "yellow", "yellow", "green"]


def test_the_gate_follows_at_both_midnights_while_its_data_count_as_usable(edge):
    seen = []
    for midnight in (DAY7_ENDS, DAY10_ENDS):
        edge.pass_time(midnight * 60 - edge.wall_s - 30)
        edge.heartbeat()  # the last thing heard before control and database die
        before = edge.check(edge.live(ZHAO))["outcome"]
        edge.pass_time(60)
        seen.append((before, edge.check(edge.live(ZHAO))["outcome"]))
    assert seen == [("red", "yellow"), ("yellow", "green")]


def test_a_clock_set_ahead_turns_nobody_green(edge):
    session = edge.session(ZHAO)
    edge.jump_clock((DAY10_ENDS - NOON) * 60)
    answer = edge.ask("GET", "/v1/state", bearer=session).json
    assert (answer["state"], answer["freshness"]["clock"]) == ("red", "off")


def test_a_clock_set_back_delays_no_worsening(edge):
    edge.record(LIN, GREEN, transitions=(Transition(NOON + 10, RED),), version=2)
    edge.pass_time(11 * 60)
    edge.jump_clock(-3600)
    assert edge.ask("GET", "/v1/state", bearer=edge.session(LIN)).json["state"] == "red"


def test_an_unchanged_state_answers_304_as_time_passes_and_a_changed_one_does_not(edge):
    session = edge.session(LIN)
    etag = edge.ask("GET", "/v1/state", bearer=session).headers["etag"]
    edge.pass_time(5)
    assert edge.ask("GET", "/v1/state", bearer=session, if_none_match=etag).status == 304
    edge.record(LIN, YELLOW, version=2)
    assert edge.ask("GET", "/v1/state", bearer=session, if_none_match=etag).status == 200


def grounds(words):
    line = GroundLine(key="k", rule="case", state=GREEN, since=NOON, words=words, way_out={})
    return lambda edge: edge.publish(FeedKind.GROUNDS, LIN, GroundsNote(version=1, grounds=[line]))


def reworded(edge):
    """Green is called something else."""
    entry = ColorEntry(id="leaf", state=GREEN, severity=0, word={"zh": "绿", "en": "Leaf"})
    edge.publish(FeedKind.COLORS, 0, ColorsNote(colors=[entry]))


def renoticed(edge):
    """The same notices in other words."""
    colors = [ColorEntry(id="green", state=GREEN, severity=0, word={"zh": "绿码", "en": "Green"})]
    edge.publish(
        FeedKind.COLORS, 0, ColorsNote(colors=colors, notices=[NoticeEntry(bit=0, id="n", words={"zh": "请检测"})])
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda edge: edge.record(LIN, YELLOW, doses=3, notices=1, last_negative=NOON - 60, version=2),
        lambda edge: edge.record(LIN, GREEN, doses=4, notices=1, last_negative=NOON - 60, version=2),
        lambda edge: edge.record(LIN, GREEN, doses=3, notices=3, last_negative=NOON - 60, version=2),
        lambda edge: edge.record(LIN, GREEN, doses=3, notices=1, last_negative=NOON - 59, version=2),
        lambda edge: edge.record(
            LIN, GREEN, doses=3, notices=1, last_negative=NOON - 60, transitions=(Transition(DAY7_ENDS, RED),)
        ),
        grounds({"zh": "核酸", "en": "Test"}),
        grounds({"zh": "密接", "en": "Contact"}),
        reworded,
        renoticed,
        lambda edge: edge.pass_time(60),
        lambda edge: edge.jump_clock(60),
    ],
)
def test_whatever_the_page_would_show_otherwise_makes_another_etag(edge, change):
    session = edge.session(LIN)
    edge.record(LIN, GREEN, doses=3, notices=1, last_negative=NOON - 60)
    before = edge.ask("GET", "/v1/state", bearer=session)
    change(edge)
    after = edge.ask("GET", "/v1/state", bearer=session, if_none_match=before.headers["etag"])
    assert after.status == 200
    assert after.headers["etag"] != before.headers["etag"]


def test_two_edges_that_know_the_same_name_it_the_same(edge):
    other = EdgeWorld()
    other.record(LIN, GREEN, doses=3, last_negative=NOON - 60)
    etags = {one.ask("GET", "/v1/state", bearer=one.session(LIN)).headers["etag"] for one in (edge, other)}
    assert len(etags) == 1


def test_a_session_is_renewed_on_the_next_day_for_the_same_device(edge):
    assert codes(edge, edge.session(LIN)).json["session"] is None
    renewed = codes(edge, edge.session(LIN, issued_ago=1440)).json["session"]
    claim = session_open(edge.keys, renewed, region=REGION, now=edge.now)
    assert (claim.subject, claim.issued, claim.device) == (LIN, edge.now, bytes(16))


def test_after_her_withdrawal_the_old_session_mints_nothing(edge):
    session = edge.session(LIN)
    edge.record(LIN, GREEN, generation=2, version=2)
    answer = codes(edge, session)
    assert (answer.status, answer.json["code"]) == (401, "session_recalled")


def test_a_session_newer_than_our_data_is_served(edge):
    assert codes(edge, edge.session(LIN, generation=2)).status == 200


def test_a_session_bound_to_a_phone_needs_that_phones_signature(edge):
    phone, thief = suite("intl").generate_signing_key(), suite("intl").generate_signing_key()
    session = edge.session(LIN, key_thumb=suite("intl").hash(phone.public.to_bytes()))
    signed = f"codes.{edge.now}.{session}".encode()
    statuses = []
    for key in (phone, thief):
        proof = {"key": b64(key.public.to_bytes()), "at_minute": edge.now, "signature": b64(key.sign(signed))}
        statuses.append(codes(edge, session, holder=proof).status)
    assert statuses == [200, 401]
    assert codes(edge, session).json["code"] == "device_signature"


def test_codes_end_where_the_held_keys_end_and_none_is_said_plainly(edge):
    edge.pass_time(30 * 24 * 3600)
    answer = codes(edge, EdgeWorld().session(LIN))
    assert (answer.status, answer.json["code"]) == (401, "session_expired")


@pytest.mark.parametrize("body", [b'{"minutes": 0}', b'{"minutes": 1000}', b'{"minuets": 3}', b"no"])
def test_a_wrong_body_is_explained(edge, body):
    answer = edge.ask("POST", "/v1/codes", body, bearer=edge.session(LIN))
    assert (answer.status, answer.json["code"]) == (400, "bad_request")


def test_a_recall_of_a_generation_beats_every_code_minted_ahead(edge):
    """What a phone holds for the coming half hour dies as one, in the minute in which the generation is raised."""
    ahead = codes(edge, edge.session(LIN)).json["codes"]
    edge.record(LIN, GREEN, generation=2, version=2)
    outcomes = set()
    for code in ahead[:3]:
        edge.pass_time(max(0, code["minute"] * 60 - edge.wall_s))
        edge.heartbeat()
        outcomes.add(edge.check(code["text"])["outcome"])
    assert outcomes == {"recalled"}
