"""Everything that an edge makes and reads, by suite gm: SM2, SM3 and SM4 in place of P-256, SHA-256 and AES."""

import secrets

import pytest

from healthcode.codes.base45 import base45_decode
from healthcode.codes.paper import PaperClaim, paper_issue
from healthcode.crypto.suites import suite
from healthcode.table.messages import FeedKind, key_from_bytes
from healthcode.table.payloads import PaperNote, TrustNote
from healthcode.visits.record import visit_key
from tests.edge_world import GREEN, LIN, MARKET, PERSON_KID, RED, REGION, SUN, ZHAO, EdgeWorld, b64

GM = 2


@pytest.fixture
def edge():
    world = EdgeWorld(suite_name="gm")
    for subject, state in ((LIN, GREEN), (SUN, GREEN), (ZHAO, RED)):
        world.record(subject, state)
    return world


def minted(edge, subject):
    answer = edge.ask("POST", "/v1/codes", None, bearer=edge.session(subject))
    assert answer.status == 200, answer.raw
    return [code["text"] for code in answer.json["codes"]]


def visit(edge, code):
    key = str(visit_key(int(edge.wall_s * 1000), secrets.token_bytes(10)))
    return edge.ask("POST", "/v1/visits", {"key": key, "code": code}, bearer=edge.session(LIN))


def test_an_edge_mints_live_codes_of_gm_and_reads_them_at_the_gate(edge):
    texts = minted(edge, LIN)
    assert {base45_decode(text[4:])[0] for text in texts} == {GM}
    assert (edge.check(texts[0])["outcome"], edge.check(minted(edge, ZHAO)[0])["outcome"]) == ("green", "red")


def test_a_live_code_of_gm_dies_with_its_minute_and_with_its_generation(edge):
    first, second, *_ = minted(edge, LIN)
    edge.pass_time(76)
    edge.heartbeat()
    before = edge.check(second)["outcome"]
    edge.record(LIN, GREEN, generation=2, version=2)
    assert (edge.check(first)["outcome"], before, edge.check(second)["outcome"]) == ("expired", "green", "recalled")


def test_a_pass_and_a_paper_signed_with_sm2_open_the_gate(edge):
    assert [edge.check(code)["outcome"] for code in (edge.shown(LIN), edge.paper(SUN))] == ["green", "green"]


def test_passes_and_papers_of_another_sm2_key_are_forged(edge):
    forger = EdgeWorld(suite_name="gm")
    assert [edge.check(code)["outcome"] for code in (forger.shown(LIN), forger.paper(SUN))] == ["forged", "forged"]


def test_posters_and_screens_of_gm_record_a_visit_and_a_forged_seal_none(edge):
    screen = edge.screen(MARKET)
    assert [visit(edge, code).status for code in (edge.poster(MARKET), screen)] == [200, 200]
    assert sorted(visit.grade.name for visit in edge.sink.visits.values()) == ["rotating", "static"]
    assert visit(edge, screen[:-4] + "AAAA").json["code"] == "venue_code_forged"


def test_a_session_of_gm_is_bound_to_a_p256_phone(edge):
    phone = suite("intl").generate_signing_key()
    session = edge.session(LIN, key_thumb=suite("gm").hash(phone.public.to_bytes()))
    signature = b64(phone.sign(f"codes.{edge.now}.{session}".encode()))
    proof = {"key": b64(phone.public.to_bytes()), "at_minute": edge.now, "signature": signature}
    told = edge.ask("POST", "/v1/codes", {"holder": proof}, bearer=session)
    # the phone's key and its thumbprint are of P-256 and SHA-256 in either suite
    assert told.json["code"] == "device_signature"
    session = edge.session(LIN, key_thumb=suite("intl").hash(phone.public.to_bytes()))
    proof["signature"] = b64(phone.sign(f"codes.{edge.now}.{session}".encode()))
    assert edge.ask("POST", "/v1/codes", {"holder": proof}, bearer=session).status == 200


def test_codes_of_intl_ask_for_an_update_where_gm_is_used(edge):
    check = edge.check(EdgeWorld().live(LIN))
    assert (check["outcome"], check["reason"]) == ("failed", "update_needed")


def test_old_and_new_issuer_keys_are_read_side_by_side_and_an_unknown_one_never(edge):
    old = edge.paper(SUN)
    renewed, kid, handle = suite("intl").generate_signing_key(), b"person-2", b"n" * 16
    edge.publish(FeedKind.PAPER, key_from_bytes(handle), PaperNote(papers=[(handle, SUN)]))
    new = paper_issue(renewed, kid, PaperClaim(handle, edge.now, edge.now + 60, "x"), region=REGION)
    before = edge.check(new)["outcome"]
    note = TrustNote(kid=kid, suite="intl", public=renewed.public.to_bytes(), purpose="person")
    edge.publish(FeedKind.TRUST, key_from_bytes(kid), note)
    assert (before, edge.check(new)["outcome"], edge.check(old)["outcome"]) == ("forged", "green", "green")
    ended = TrustNote(
        kid=PERSON_KID, suite="gm", public=edge.issuer.public.to_bytes(), purpose="person", until=edge.now
    )
    edge.publish(FeedKind.TRUST, key_from_bytes(PERSON_KID), ended)
    assert (edge.check(old)["outcome"], edge.check(new)["outcome"]) == ("forged", "green")
