"""The document index as control makes it, and what document checks leave for the person and the auditor."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from healthcode.control.ports import ports
from healthcode.crypto.sealed_box import box_keypair, open_sealed
from healthcode.table.document_index import KEY_CONTEXT, document_digest, document_lookup, generation_key
from healthcode.table.feed import DocumentKeyNote, FeedKind, note_decode
from tests.control_world import World
from tests.edge_world import MemorySide
from tests.people import LIN, QIAN, WU, ZHAO, Person
from tests.venue_world import Shop, shop

__all__ = ["shop"]

NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)


def followed(now: datetime = NOW) -> int:
    from healthcode.control.documents.services import index_follow

    return index_follow(now=now)


def side(world: World) -> MemorySide:
    """The side files of an edge that has everything."""
    rows = world.superuser("SELECT kind, key, payload FROM bridge_published WHERE length(payload) > 0")
    return MemorySide({(kind, key): bytes(payload) for kind, key, payload in rows})


def known(world: World, person: Person, *, generation: int = 1, name: str = "") -> int:
    key = generation_key(ports().document_master, generation)
    digest = document_digest(key, person.document.kind.value, person.document.number, name or person.name)
    return document_lookup(side(world), digest)


@pytest.fixture
def people(world: World) -> dict[str, int]:
    with world.system():
        return {person.key: world.subject(person) for person in (LIN, ZHAO)}


def test_everybody_is_found_by_document_and_name_together(world: World, people: dict[str, int]) -> None:
    followed()
    assert (known(world, LIN), known(world, ZHAO)) == (people["lin"], people["zhao"])
    assert (known(world, QIAN), known(world, LIN, name="林晓雪")) == (0, 0)


def test_who_comes_later_is_known_at_the_next_look(world: World, people: dict[str, int]) -> None:
    followed()
    with world.system():
        number = world.subject(QIAN)
    assert known(world, QIAN) == 0
    followed()
    assert known(world, QIAN) == number


def test_a_corrected_name_takes_the_place_of_the_former(world: World, people: dict[str, int]) -> None:
    from healthcode.control.people.models import Identity
    from healthcode.control.people.vault import person_key, sealed

    followed()
    with world.system():
        corrected = sealed(person_key(people["lin"]), people["lin"], "name", "林小雨")
        Identity.objects.filter(pk=people["lin"]).update(name_sealed=corrected)
    followed()
    assert (known(world, LIN), known(world, LIN, name="林小雨")) == (0, people["lin"])


def test_a_new_month_has_a_new_key_and_two_overlap_for_a_week(world: World, people: dict[str, int]) -> None:
    followed()
    late = datetime(2022, 10, 26, 2, 0, tzinfo=UTC)
    followed(late)
    assert (known(world, LIN), known(world, LIN, generation=2)) == (people["lin"],) * 2
    followed(late + timedelta(days=7))
    assert (known(world, LIN), known(world, LIN, generation=2)) == (0, people["lin"])
    keys = dict(side(world).items(FeedKind.DOCUMENT_KEYS))
    assert list(keys) == [2]


def test_a_key_is_sealed_to_enrolled_hosts_and_a_struck_one_never_gets_the_next(world: World) -> None:
    from healthcode.control.documents.holders import holder_enrol_by_operator, holder_id, holder_strike_by_operator

    private, public = box_keypair()
    followed()
    host = holder_enrol_by_operator(public.hex(), now=NOW)
    assert host == holder_id(public)
    note = note_decode(dict(side(world).items(FeedKind.DOCUMENT_KEYS))[1], DocumentKeyNote)
    assert open_sealed(private, note.sealed[host], context=KEY_CONTEXT) == generation_key(ports().document_master, 1)
    holder_strike_by_operator(host, now=NOW)
    notes = dict(side(world).items(FeedKind.DOCUMENT_KEYS))
    assert [host in note_decode(notes[number], DocumentKeyNote).sealed for number in (1, 2)] == [False, False]


def test_the_person_reads_on_her_page_where_her_document_was_checked(shop: Shop) -> None:
    from healthcode.control.people.selectors import me

    venue = shop.approved()
    _checked(shop.world, shop.lin, venue.pk, "found")
    with shop.world.acting(shop.lin):
        look = me(shop.lin, now=datetime.now(UTC))["looks"][0]
    assert look["office"]["zh"] == "古城农贸市场 · 南门"
    assert look["what"]["zh"] == "查验了您的证件"
    with shop.world.acting(shop.kong):
        assert me(shop.kong, now=datetime.now(UTC))["looks"] == []


def test_a_device_that_was_stopped_is_an_alarm_that_the_auditor_reads_once(shop: Shop) -> None:
    from healthcode.control.documents.alarms import alarms_raise

    venue = shop.approved()
    _checked(shop.world, 0, venue.pk, "misses")
    for expected in (1, 0):
        with shop.world.system():
            assert alarms_raise(now=NOW) == expected
    with shop.world.acting(WU):
        assert shop.events("inspector:document_limit:reached")[0]["budget"] == "misses"


def _checked(world: World, subject: int, venue: int, said: str) -> None:
    """What an index process ships, by its own database role."""
    with world.database.connect("edge") as edge:
        edge.execute(
            "INSERT INTO document_check (id, at, subject, device, venue, checkpoint, said)"
            " VALUES (%s, now(), %s, %s, %s, 1, %s) ON CONFLICT DO NOTHING",
            [uuid.uuid4(), subject, bytes(16), venue, said],
        )
