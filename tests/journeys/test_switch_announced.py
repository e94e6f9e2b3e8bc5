"""What approving a set for midnight, and stopping it, tells the edges at once."""

from __future__ import annotations

from datetime import UTC, datetime

from healthcode.domain.time import minute_of
from healthcode.table.feed import ColorsNote, FeedKind, note_decode
from tests.control_world import World
from tests.intake import NOW
from tests.people import NING
from tests.rulesets import TWENTY, decided, published

MIDNIGHT = datetime(2022, 10, 10, 16, 0, tzinfo=UTC)
"""When 10 October ends in the region."""


def notes(world: World, kind: FeedKind) -> dict[int, bytes]:
    """What stands published, by the minute from which it holds."""
    rows = world.superuser("SELECT key, payload FROM bridge_published WHERE kind = %s", [int(kind)])
    return {key: bytes(payload) for key, payload in rows if payload}


def test_yans_approval_for_midnight_tells_the_edges_colors_and_policies_at_once(world: World) -> None:
    published(world, at=MIDNIGHT)
    colors, policies = notes(world, FeedKind.COLORS), notes(world, FeedKind.POLICIES)
    assert colors.keys() == policies.keys() == {0, minute_of(MIDNIGHT)}
    assert note_decode(colors[minute_of(MIDNIGHT)], ColorsNote).ruleset.split() == TWENTY.split("@")
    assert note_decode(colors[0], ColorsNote).ruleset.startswith("ninth-edition")


def test_a_stop_takes_back_what_was_announced(world: World) -> None:
    from healthcode.control.rulesets.services import stop_submit

    made = published(world, at=MIDNIGHT)
    with world.acting(NING):
        asked = stop_submit(publication=made.pk, officer=world.officer(NING), reason="推迟", now=NOW)
    decided(world, asked.pk)
    assert notes(world, FeedKind.COLORS).keys() == {0} == notes(world, FeedKind.POLICIES).keys()
