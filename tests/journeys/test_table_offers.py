"""What control tells the edges ahead: colors and policies of announced sets, and whole tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from healthcode.domain.time import minute_of
from healthcode.rules.succession import RulesetHistory
from healthcode.table.feed import ColorsNote, FeedKind, note_decode
from healthcode.table.offer import OfferError, offer_verify
from tests.control_world import World

NOW = datetime(2022, 11, 10, 12, tzinfo=UTC)
MIDNIGHT = datetime(2022, 11, 10, 16, tzinfo=UTC)


def history(world: World) -> RulesetHistory:
    """The set of today, and one announced for midnight."""
    from healthcode.control.ports import ports

    today, at = ports().ruleset, minute_of(MIDNIGHT)
    return RulesetHistory.of([replace(today, until=at), replace(today, version="midnight", from_=at, until=None)])


def published(world: World, kind: FeedKind) -> dict[int, bytes]:
    rows = world.superuser("SELECT key, payload FROM bridge_published WHERE kind = %s", [int(kind)])
    return {key: bytes(payload) for key, payload in rows if payload}


def test_an_announced_set_stands_under_its_minute_and_only_once(world: World) -> None:
    from healthcode.control.bridge.publication import standing_publish

    with world.system():
        assert standing_publish(history(world), minute_of(NOW)) > 0
        assert standing_publish(history(world), minute_of(NOW)) == 0
    notes = published(world, FeedKind.COLORS)
    assert notes.keys() == {0, minute_of(MIDNIGHT)} == published(world, FeedKind.POLICIES).keys()
    assert note_decode(notes[minute_of(MIDNIGHT)], ColorsNote).ruleset.endswith("midnight")


@pytest.mark.parametrize("how", ["its minute came", "it was stopped"])
def test_an_announcement_is_taken_back_when_it_is_one_no_longer(world: World, how: str) -> None:
    from healthcode.control.bridge.publication import standing_publish
    from healthcode.control.ports import ports

    with world.system():
        standing_publish(history(world), minute_of(NOW))
        rules = history(world) if how == "its minute came" else ports().ruleset
        standing_publish(rules, minute_of(MIDNIGHT))
    assert published(world, FeedKind.COLORS).keys() == {0} == published(world, FeedKind.POLICIES).keys()


def table(name: str = "table-run-7.bin") -> object:
    from healthcode.adapters.table_files import TableFile
    from healthcode.control.ports import ports

    path = ports().snapshots / name
    path.unlink(missing_ok=True)
    TableFile.create(path, region=140000, capacity=64, applied={0: 3, 1: 4}).close()
    return path


def test_a_table_is_offered_signed_and_taken_back(world: World) -> None:
    from healthcode.control.bridge.tables import table_offer, table_offer_withdraw, table_offers
    from healthcode.control.ports import ports

    with world.system():
        offer = table_offer(table(), {0: 3, 1: 4}, made_at=NOW, valid_from=MIDNIGHT, now=NOW)
        assert table_offers() == [offer]
    (payload,) = published(world, FeedKind.TABLE).values()
    assert offer_verify(ports().feed_key.public, payload, key=minute_of(MIDNIGHT), region=140000) == offer
    with world.system():
        assert (table_offer_withdraw(MIDNIGHT), table_offer_withdraw(MIDNIGHT)) == (True, False)
    assert not published(world, FeedKind.TABLE)


@pytest.mark.parametrize(
    ("marks", "valid_from"),
    [({0: 9, 1: 4}, MIDNIGHT), ({0: 3, 1: 4}, NOW), ({0: 3, 1: 4}, NOW + timedelta(seconds=30))],
)
def test_a_table_that_is_not_what_is_said_of_it_is_not_offered(world: World, marks: dict, valid_from: datetime) -> None:
    from healthcode.control.bridge.tables import table_offer

    with world.system(), pytest.raises(OfferError):
        table_offer(table(), marks, made_at=NOW, valid_from=valid_from, now=NOW)
    assert not published(world, FeedKind.TABLE)
