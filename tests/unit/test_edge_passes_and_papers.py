"""A phone without network shows its pass, Sun her paper, at a gate that is online."""

import pytest

from healthcode.codes.paper import PaperClaim, paper_issue
from healthcode.crypto.suites import suite
from healthcode.table.messages import FeedKind, key_from_bytes
from healthcode.table.payloads import RecallNote
from tests.edge_world import (
    CINEMA,
    GREEN,
    HOSPITAL,
    ISSUER,
    KID,
    LIN,
    NOON,
    PERSON_KID,
    RED,
    REGION,
    SUN,
    ZHAO,
    EdgeWorld,
)


@pytest.fixture
def edge():
    world = EdgeWorld()
    for subject, state in ((LIN, GREEN), (SUN, GREEN), (ZHAO, RED)):
        world.record(subject, state)
    return world


def recall(edge, subject):
    handle = subject.to_bytes(16, "big")
    edge.publish(FeedKind.RECALL, key_from_bytes(handle), RecallNote(handle=handle, since=NOON, reason="lost"))


def test_lins_phone_has_no_network_and_her_pass_opens_the_gate(edge):
    check = edge.check(edge.shown(LIN))
    assert (check["outcome"], check["verdict"], check["masked_name"]) == ("green", "pass", "林*")


def test_a_pass_that_says_green_is_red_at_a_gate_whose_table_says_red(edge):
    assert edge.check(edge.shown(ZHAO))["outcome"] == "red"


def test_a_photographed_pass_is_refused_a_minute_later(edge):
    shown = edge.shown(LIN)
    edge.pass_time(80)
    edge.heartbeat()
    check = edge.check(shown)
    assert (check["outcome"], check["verdict"]) == ("expired", "use_id_card")


def test_a_pass_issued_before_a_withdrawal_is_recalled_at_once(edge):
    shown = edge.shown(LIN)
    edge.record(LIN, GREEN, generation=2, version=2)
    assert edge.check(shown)["outcome"] == "recalled"


def test_a_pass_whose_handle_is_recalled_reads_recalled(edge):
    shown = edge.shown(LIN)
    recall(edge, LIN)
    assert edge.check(shown)["outcome"] == "recalled"


def test_a_pass_shown_by_another_phone_is_forged(edge):
    assert edge.check(edge.shown(LIN, phone=suite("intl").generate_signing_key()))["outcome"] == "forged"


def test_a_venues_key_issues_no_passes_and_no_papers(edge):
    outcomes = {edge.check(code)["outcome"] for code in (edge.shown(LIN, kid=KID), edge.paper(SUN, kid=KID))}
    assert outcomes == {"forged"}


def test_one_pass_in_two_places_in_one_minute_is_answered_and_alarmed(edge):
    shown = edge.shown(LIN)
    assert edge.check(shown)["verdict"] == edge.check(shown, CINEMA)["verdict"] == "pass"
    assert edge.edge.metrics.events["code_in_two_places"] == 1


def test_suns_paper_says_no_color_and_opens_the_gate(edge):
    check = edge.check(edge.paper(SUN))
    assert (check["outcome"], check["verdict"], check["masked_name"]) == ("green", "pass", "孙*")


def test_suns_paper_may_be_given_as_paper_too(edge):
    answer = edge.ask("POST", "/v1/checks", {"paper": edge.paper(SUN)}, bearer=edge.inspector(HOSPITAL))
    assert answer.json["outcome"] == "green"


def test_suns_lost_paper_falls_back_to_her_id_card(edge):
    paper = edge.paper(SUN)
    recall(edge, SUN)
    check = edge.check(paper)
    assert (check["outcome"], check["verdict"]) == ("recalled", "use_id_card")


def test_a_genuine_paper_that_this_edge_does_not_know_registers_and_passes(edge):
    stranger = paper_issue(ISSUER, PERSON_KID, PaperClaim(b"s" * 16, NOON, NOON + 9, "王*"), region=REGION)
    check = edge.check(stranger)
    assert (check["outcome"], check["verdict"]) == ("unknown", "pass_with_register")
