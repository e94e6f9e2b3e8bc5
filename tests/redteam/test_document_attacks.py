"""Trying out identity documents: as a stranger, with a stolen device, over many hosts, with hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.edge.document_limits import MISSES
from healthcode.table.messages import FeedKind, key_from_bytes
from healthcode.table.payloads import RecallNote
from tests import people
from tests.edge_world import DEVICE, GREEN, LIN, MARKET, NOON, RED, ZHAO, DocumentDesk, EdgeWorld

HOSTS = 3


@pytest.fixture
def edge() -> EdgeWorld:
    """Lin is green, Zhao red; both are in the index, Qian is not."""
    return indexed(EdgeWorld())


def indexed(world: EdgeWorld, *, hosts: int = 1) -> EdgeWorld:
    """The two of them with their records and entries."""
    world.record(LIN, GREEN)
    world.record(ZHAO, RED)
    world.documents.generation(1, hosts=hosts)
    world.documents.knows(LIN, people.LIN)
    world.documents.knows(ZHAO, people.ZHAO)
    return world


def given_of(person: people.Resident, **other: str) -> dict[str, dict[str, str]]:
    """What a gate sends for somebody's card."""
    given = {"kind": person.document.kind.value, "number": person.document.number, "name": person.name}
    return {"document": given | other}


def test_a_resident_cannot_look_up_zhao(edge: EdgeWorld) -> None:
    answer = edge.ask("POST", "/v1/checks", given_of(people.ZHAO), bearer=edge.session(LIN))
    assert (answer.status, answer.json["code"]) == (403, "wrong_session")
    assert edge.documents.log.rows == []


def test_a_stolen_device_that_was_recalled_looks_up_nobody(edge: EdgeWorld) -> None:
    stolen = edge.inspector(MARKET)
    edge.publish(FeedKind.RECALL, key_from_bytes(DEVICE), RecallNote(handle=DEVICE, since=NOON, reason="lost"))
    answer = edge.ask("POST", "/v1/checks", given_of(people.ZHAO), bearer=stolen)
    assert (answer.status, answer.json["code"]) == (401, "session_recalled")
    assert edge.documents.log.rows == []


def test_guesses_in_batches_spend_the_same_budget(edge: EdgeWorld) -> None:
    edge.documents.pool.away = True
    guesses = [given_of(people.QIAN, name=f"钱{n}") for n in range(50)]
    answer = edge.ask("POST", "/v1/checks", {"batch": guesses}, bearer=edge.inspector(MARKET)).json
    reasons = [one["reason"] for one in answer["answers"]]
    assert reasons.count("document_limited") == 50 - MISSES // 2


def test_guesses_spread_over_hosts_that_are_cut_off_are_no_more_than_the_budget() -> None:
    answered = 0
    for host in range(HOSTS):
        edge = indexed(EdgeWorld(), hosts=HOSTS)
        edge.documents.pool.away = True
        told = [edge.check_document(people.QIAN, name=f"钱{host}{n}")["reason"] for n in range(MISSES)]
        answered += MISSES - told.count("document_limited")
    assert 0 < answered <= MISSES // 2


def test_a_miss_takes_the_same_steps_whatever_is_wrong_and_so_does_a_hit(
    edge: EdgeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.documents.generation(2)
    asked: list[tuple[int, int]] = []
    get = edge.host.store.get
    monkeypatch.setattr(edge.host.store, "get", lambda kind, key: (asked.append((kind, key)), get(kind, key))[1])
    steps = []
    for person, name in ((people.QIAN, ""), (people.LIN, "林晓雪"), (people.LIN, "")):
        asked.clear()
        edge.check_document(person, name=name)
        steps.append([kind for kind, _ in asked if kind == FeedKind.DOCUMENT])
    assert steps == [[FeedKind.DOCUMENT] * 2] * 3


def test_who_copies_the_index_to_a_host_that_was_never_enrolled_reads_nothing(edge: EdgeWorld) -> None:
    thief = DocumentDesk(edge)
    thief.desk.refresh()
    assert thief.desk.generations == 0


def test_what_is_refused_says_neither_number_nor_name(edge: EdgeWorld) -> None:
    answer = edge.ask(
        "POST",
        "/v1/checks",
        given_of(people.ZHAO, number=people.ZHAO.document.number * 3),
        bearer=edge.inspector(MARKET),
    )
    assert answer.status == 400
    assert people.ZHAO.document.number not in answer.raw.decode()
    assert people.ZHAO.name not in answer.raw.decode()


@settings(max_examples=60, deadline=None)
@given(kind=st.text(max_size=30), number=st.text(max_size=45), name=st.text(max_size=70))
def test_no_bytes_make_the_index_fail_or_find_somebody(kind: str, number: str, name: str) -> None:
    edge = indexed(EdgeWorld())
    answer = edge.ask(
        "POST",
        "/v1/checks",
        {"document": {"kind": kind, "number": number, "name": name}},
        bearer=edge.inspector(MARKET),
    )
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert (answer.json["outcome"], answer.json["masked_name"]) == ("unknown", None)
