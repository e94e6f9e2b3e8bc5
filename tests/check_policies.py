"""Acts of the offices about what gates ask, each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from healthcode.domain.policy import CheckPolicy
from healthcode.table.feed import FeedKind, PoliciesNote, note_decode
from tests.control_world import World
from tests.intake import NOW
from tests.people import COUNTY, GAO, ZHOU, OfficerRole

if TYPE_CHECKING:
    from healthcode.control.policies.models import Adjustment, Decision

WEEK = timedelta(days=7)


def draft(**changed: Any) -> Any:
    """Cinemas and gyms of Pingyao ask for a test of the last 48 hours, for a week."""
    from healthcode.control.policies.services import Draft

    given = {
        "venue_types": ("cinema", "gym"),
        "areas": (COUNTY,),
        "effective_from": None,
        "until": NOW + WEEK,
        "test_age_h": 48,
        "test_age_days": None,
        "basis": "平疫指〔2022〕18号",
        "reason": "近七天有社会面病例",
    }
    return Draft(**(given | changed))


def proposed(world: World, who: OfficerRole = ZHOU, *, now: datetime = NOW, **changed: Any) -> Adjustment:
    """An officer proposes for the division of his post."""
    from healthcode.control.access import act_begin  # noqa: F401 - loaded after Django is configured
    from healthcode.control.policies.services import adjustment_propose

    post = world.superuser("SELECT a.post_id FROM offices_appointment a WHERE a.officer_id = %s", [world.officer(who)])[
        0
    ][0]
    with world.acting(who):
        return adjustment_propose(
            draft(**changed), officer=world.officer(who), post=post, division=who.division, now=now
        )


def decided(
    world: World, adjustment: int, who: OfficerRole = GAO, *, verdict: str = "approve", now: datetime = NOW
) -> Decision:
    """An officer of the level above decides."""
    from healthcode.control.policies.services import adjustment_decide

    with world.acting(who):
        return adjustment_decide(
            adjustment=adjustment,
            officer=world.officer(who),
            role=who.role,
            scope=who.division.rstrip("0") if who.division.endswith("00") else who.division,
            verdict=verdict,
            reason="" if verdict == "approve" else "依据不足",
            now=now,
        )


def gates_ask(world: World) -> dict[str, CheckPolicy]:
    """The adjustments that every edge was told, by id."""
    rows = world.superuser("SELECT payload FROM bridge_published WHERE kind = %s AND key = 0", [int(FeedKind.POLICIES)])
    note = note_decode(bytes(rows[0][0]), PoliciesNote) if rows else None
    return {entry.id: entry for entry in note.policies} if note else {}  # type: ignore[misc] # the same fields
