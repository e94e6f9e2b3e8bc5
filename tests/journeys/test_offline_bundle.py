"""Control signs, minute by minute, what devices without network go by; edges only carry it."""

from __future__ import annotations

from datetime import timedelta

import cbor2

from healthcode.codes.bundle import HEAD, Head, bundle_key, card_open, head_open, parts_check
from healthcode.crypto.suites import suite
from healthcode.table.feed import BundleNote, FeedKind, VenueEntry, note_decode
from tests.control_world import World
from tests.intake import NOW, with_code
from tests.people import SUN
from tests.venue_world import Shop, shop

__all__ = ["shop"]


def trusted():
    from healthcode.control.ports import ports

    issuer = ports().bundle_issuer
    return {issuer.kid: suite(issuer.suite).private_from_bytes(issuer.private).public}


def look_through(world: World, now) -> int:
    from healthcode.control.bridge.publication import bundle_ensure

    return bundle_ensure(now)


def published(world: World) -> tuple[Head, dict[str, bytes]]:
    """The bundle as an edge would carry it, verified as a device does."""
    query = "SELECT payload FROM bridge_published WHERE kind = %s AND length(payload) > 0"
    notes = [note_decode(bytes(row[0]), BundleNote) for row in world.superuser(query, [int(FeedKind.BUNDLE)])]
    parts = {note.name: note.data for note in notes}
    head = head_open(trusted(), parts.pop(HEAD), region=140000)
    parts_check(head, parts)
    return head, parts


def paper(world: World, now) -> bytes:
    from healthcode.control.credentials.models import Paper
    from healthcode.control.credentials.services import paper_give

    [number] = with_code(world, SUN)
    with world.acting(number):
        paper_give(number=number, now=now)
        return bytes(Paper.objects.get(subject=number, recalled_at=None).handle)


def lost(world: World, now) -> None:
    from healthcode.control.credentials.services import paper_report_lost

    [number] = with_code(world, SUN)
    with world.acting(number):
        paper_report_lost(number=number, now=now)


def test_a_bundle_holds_colors_policies_issuers_and_the_recall_list(world: World) -> None:
    from healthcode.control.bridge.publication import standing_ensure

    standing_ensure(NOW)
    _, parts = published(world)
    [[at, colors]] = cbor2.loads(parts["colors"])
    [[_, policies]] = cbor2.loads(parts["policies"])
    assert at == 0
    assert {"green": "绿码"}.items() <= {color["id"]: color["word"]["zh"] for color in colors["colors"]}.items()
    assert policies["default"]["colors"] == ["green"]
    assert {key["purpose"] for key in cbor2.loads(parts["trust"])} == {"venue", "person", "bundle"}
    assert sum(name.startswith("recall/") for name in parts) == 16


def test_a_lost_paper_changes_one_partition_within_the_minute(world: World) -> None:
    handle = paper(world, NOW)
    look_through(world, NOW)
    before, _ = published(world)
    lost(world, NOW)
    look_through(world, NOW + timedelta(minutes=1))
    head, parts = published(world)
    changed = [name for name, part in head.parts.items() if part.changed > before.number]
    assert changed == [f"recall/{handle.hex()[0]}"]
    assert handle in cbor2.loads(parts[changed[0]])


def test_unchanged_it_is_signed_again_after_five_minutes_because_its_age_counts(world: World) -> None:
    look_through(world, NOW)
    sent = [look_through(world, NOW + timedelta(seconds=s)) for s in (60, 299, 300)]
    assert sent == [0, 0, 1]
    head, _ = published(world)
    assert head.made == int(NOW.timestamp()) + 300


def test_numbers_grow_through_a_clock_that_went_back(world: World) -> None:
    look_through(world, NOW)
    before, _ = published(world)
    paper(world, NOW)
    lost(world, NOW)
    look_through(world, NOW - timedelta(days=1))
    assert published(world)[0].number == before.number + 1


def test_what_somebody_altered_in_the_database_is_made_anew(world: World) -> None:
    look_through(world, NOW)
    world.superuser(
        "UPDATE bridge_published SET payload = 'x' WHERE kind = %s AND key = %s",
        [int(FeedKind.BUNDLE), bundle_key("recall/7")],
    )
    look_through(world, NOW + timedelta(minutes=1))
    published(world)


def test_a_reviewed_venue_has_a_card_that_says_what_kind_of_place_it_is(shop: Shop) -> None:
    venue = shop.approved().number
    entry = note_decode(shop.published(FeedKind.VENUE, venue) or b"", VenueEntry)
    card = card_open(trusted(), entry.card, region=140000)
    assert (card.venue, card.says["type"], card.says["medical"]) == (venue, entry.type, entry.medical)
