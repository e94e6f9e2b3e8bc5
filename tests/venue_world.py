"""`shop`: Bai, Kong and Lin as subjects, and what they and their county do with a venue, each in an act of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from healthcode.control.ports import ports
from healthcode.crypto.suites import suite
from healthcode.table.feed import FeedKind
from tests.control_world import World
from tests.people import COUNTY, ZHOU, OfficerRole

if TYPE_CHECKING:
    from healthcode.control.venues.inspector_sessions import InspectorSession
    from healthcode.control.venues.models import Venue

GATES = ("南门", "北门")


@dataclass
class Shop:
    """Subject numbers of Bai (manager), Kong (inspector) and Lin, and the acts of this test."""

    world: World
    bai: int
    kong: int
    lin: int

    def register(self, manager: int | None = None, **changed: Any) -> Venue:
        """Somebody (Bai) registers a market in the cast's county."""
        from healthcode.control.venues.services import venue_register

        given = {"name": "古城农贸市场", "type_code": "market", "address": "古陶镇南大街1号", "division": COUNTY}
        who = manager or self.bai
        with self.world.acting(who):
            return venue_register(manager=who, checkpoints=GATES, now=now(), **{**given, **changed})

    def review(self, venue: Venue, officer: OfficerRole = ZHOU, *, approve: bool = True, reason: str = "") -> Venue:
        """A county officer decides."""
        from healthcode.control.venues.services import venue_review

        with self.world.acting(officer):
            me = self.world.officer(officer)
            return venue_review(venue=venue.pk, officer=me, approve=approve, reason=reason, now=now())

    def approved(self) -> Venue:
        """Bai's market, approved by Zhou."""
        return self.review(self.register())

    def invite(self, venue: Venue, checkpoint: int | None = 1) -> str:
        """Bai invites; the token of the link."""
        from healthcode.control.venues.inspectors import inspector_invite

        with self.world.acting(self.bai):
            return inspector_invite(venue=venue.pk, manager=self.bai, label="早班", checkpoint=checkpoint, now=now())[1]

    def accept(self, token: str, who: int | None = None) -> InspectorSession:
        """Somebody (Kong) accepts."""
        from healthcode.control.venues.inspectors import inspector_accept

        subject = who or self.kong
        with self.world.acting(subject):
            return inspector_accept(invite=token, subject=subject, now=now())

    def published(self, kind: FeedKind, key: int) -> bytes | None:
        """What the edges were last told under a key."""
        rows = self.world.superuser(
            "SELECT payload FROM bridge_published WHERE kind = %s AND key = %s", [int(kind), key]
        )
        return bytes(rows[0][0]) if rows else None

    def events(self, name: str) -> list[dict[str, Any]]:
        """The details of audit events of a name, oldest first."""
        rows = self.world.superuser("SELECT detail FROM audit_event WHERE name = %s ORDER BY id", [name])
        return [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in rows]


@pytest.fixture
def shop(world: World) -> Shop:
    """People without identities: nothing here needs more than their numbers."""
    with world.system(), connection.cursor() as cursor:
        cursor.execute("SELECT subjects_create(3)")
        numbers = [row[0] for row in cursor.fetchall()]
    return Shop(world, *numbers)


def now() -> datetime:
    """The present, as a view would read it."""
    return datetime.now(UTC)


def issuer() -> dict[bytes, Any]:
    """The trust list of this deployment."""
    return {ports().issuer_kid: suite("intl").private_from_bytes(ports().issuer_key).public}


@contextmanager
def nobody() -> Iterator[None]:
    """An act by somebody not signed in."""
    from healthcode.control.access import act_begin_public

    with transaction.atomic():
        act_begin_public("test")
        yield
