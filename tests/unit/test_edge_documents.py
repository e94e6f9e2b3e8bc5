"""Documents at the gate: whose it is, who wrote it down, and how often one device may ask."""

from __future__ import annotations

import asyncio

import pytest

from healthcode.edge.document_limits import ASKS, LOT, MISSES, Budget
from healthcode.table.messages import FeedKind
from tests import people
from tests.edge_world import (
    DEVICE,
    GREEN,
    HOSPITAL,
    LIN,
    MARKET,
    OTHER_DEVICE,
    RED,
    ZHAO,
    DocumentDesk,
    EdgeWorld,
    MemoryPool,
)


@pytest.fixture
def edge() -> EdgeWorld:
    """Lin is green, Zhao red; both are in the index of this month, Qian and Sun are not."""
    world = EdgeWorld()
    world.record(LIN, GREEN, last_negative=world.now - 90)
    world.record(ZHAO, RED)
    world.documents.generation(1)
    world.documents.knows(LIN, people.LIN)
    world.documents.knows(ZHAO, people.ZHAO)
    return world


def test_lins_id_card_opens_the_same_gates_as_her_phone(edge):
    check = edge.check_document(people.LIN)
    assert (check["outcome"], check["verdict"], check["masked_name"]) == ("green", "pass", "林**")
    assert check["test_age_h"] == 1


def test_zhaos_id_card_is_refused_at_the_market_and_never_at_the_hospital(edge):
    assert edge.check_document(people.ZHAO)["verdict"] == "do_not_pass"
    assert edge.check_document(people.ZHAO, HOSPITAL)["verdict"] == "buffer_entrance"


def test_a_reader_that_spaces_the_name_finds_the_same_person(edge):
    assert edge.check_document(people.LIN, name=" 林 晓雨 ")["outcome"] == "green"


def test_an_unknown_number_and_a_wrong_name_get_the_same_bytes(edge):
    answers = [edge.check_document(people.QIAN), edge.check_document(people.LIN, name="林晓雪")]
    assert answers[0]["outcome"] == "unknown"
    same = [{name: value for name, value in one.items() if name != "check"} for one in answers]
    assert same[0] == same[1]
    assert [len(one["check"]) for one in answers] == [36, 36]


def test_every_check_of_a_document_stands_in_the_access_log(edge):
    edge.check_document(people.LIN)
    edge.check_document(people.QIAN)
    said = [(row.subject, row.said, row.device, row.venue) for row in edge.documents.log.rows]
    assert said == [(LIN, "found", DEVICE, MARKET), (0, "unknown", DEVICE, MARKET)]


def test_what_cannot_be_written_down_is_not_answered(edge):
    edge.documents.log.broken = True
    check = edge.check_document(people.ZHAO)
    assert (check["outcome"], check["verdict"], check["masked_name"]) == ("failed", "pass_with_register", None)


def test_both_generations_answer_while_they_overlap(edge):
    edge.documents.generation(2)
    edge.documents.knows(LIN, people.LIN, generation=2)
    assert edge.check_document(people.LIN)["outcome"] == "green"
    edge.host.store.entries.pop((FeedKind.DOCUMENT_KEYS, 1))
    edge.documents.desk.refresh()
    assert edge.check_document(people.LIN)["outcome"] == "green"
    assert edge.check_document(people.ZHAO)["outcome"] == "unknown"


def test_a_device_that_tries_out_numbers_is_stopped_once_and_alarmed(edge):
    edge.documents.pool.away = True
    guesses = [edge.check_document(people.QIAN, name=f"钱{n}")["reason"] for n in range(MISSES)]
    assert guesses.count("document_limited") == MISSES - MISSES // 2
    assert edge.check_document(people.ZHAO)["outcome"] == "failed"
    assert [row.said for row in edge.documents.log.rows].count("misses") == 1
    assert edge.check_document(people.ZHAO, device=OTHER_DEVICE)["outcome"] == "red"


def test_next_hour_the_device_may_ask_again(edge):
    edge.documents.pool.away = True
    for n in range(MISSES):
        edge.check_document(people.QIAN, name=f"钱{n}")
    edge.pass_time(3600)
    edge.heartbeat()
    assert edge.check_document(people.ZHAO)["outcome"] == "red"


def test_all_hosts_together_never_grant_more_than_the_budget():
    """Three hosts, one device: each spends its share and claims the rest, and 600 is all there is."""
    pool = MemoryPool()
    hosts = [Budget("asks", ASKS, pool) for _ in range(3)]
    took = [asyncio.run(hosts[n % 3].take(DEVICE, 0.0, 3)) for n in range(ASKS + 5 * LOT)]
    assert took.count(True) == ASKS


def test_hosts_that_cannot_reach_the_pool_split_half_of_it():
    pool = MemoryPool()
    pool.away = True
    hosts = [Budget("asks", ASKS, pool) for _ in range(3)]
    took = [asyncio.run(host.take(DEVICE, 0.0, 3)) for host in hosts for _ in range(ASKS)]
    assert took.count(True) == ASKS // 2


def test_a_restarted_process_remembers_what_the_device_has_spent(edge):
    for _ in range(3):
        edge.check_document(people.QIAN)
    again = DocumentDesk(edge, edge.documents.pool)
    again.desk.recount(edge.documents.log.rows)
    again.pool.away = True
    assert again.desk._misses._account(DEVICE, edge.wall_s).used == 3


def test_a_host_without_a_key_answers_nothing_from_the_index(edge):
    stranger = DocumentDesk(edge)
    stranger.desk.refresh()
    assert stranger.desk.generations == 0


def test_a_found_document_spends_no_miss(edge):
    edge.documents.pool.away = True
    outcomes = {edge.check_document(people.LIN)["outcome"] for _ in range(MISSES + 1)}
    assert outcomes == {"green"}
