"""The short way to a designated area: Zhou proposes, Gao approves, the worker derives whom it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.intake import NOW
from tests.people import COUNTY, GAO, ZHOU, OfficerRole

if TYPE_CHECKING:
    from healthcode.control.areas.models import Designation
    from tests.control_world import World

CITY_SCOPE = "1407"


def designation(
    world: World,
    *,
    level: str = "high",
    area: int | None = None,
    who: OfficerRole = ZHOU,
    now: datetime = NOW,
    **changes: Any,
) -> Designation:
    """A proposal about the compound, by default a new area at high risk; `level` empty proposes to lift it."""
    from healthcode.control.areas.drafts import Draft
    from healthcode.control.areas.services import area_propose

    name = {} if area else {"name": "古陶镇锦绣小区", "name_en": "Jinxiu compound", "addresses": ("锦绣小区",)}
    draft = Draft(level=level, basis="平疫防指〔2022〕18号", area=area, **{**name, **changes})
    with world.acting(who):
        return area_propose(draft, officer=world.officer(who), division=COUNTY, reason="发现阳性", now=now)


def decided(
    world: World,
    proposal: Designation,
    *,
    verdict: str = "approve",
    who: OfficerRole = GAO,
    scope: str = CITY_SCOPE,
    now: datetime = NOW,
) -> int:
    """The city's verdict, and the worker's derivation after an approval; returns how many people were derived."""
    from healthcode.control.areas.consequences import designation_apply
    from healthcode.control.areas.services import area_review

    with world.acting(who):
        area_review(
            designation=proposal.pk, officer=world.officer(who), scope=scope, verdict=verdict, reason="再核", now=now
        )
    return designation_apply(proposal.pk, now=now) if verdict == "approve" else 0


def designated(world: World, *, now: datetime = NOW, **draft: Any) -> Designation:
    """A designation in force."""
    proposal = designation(world, now=now, **draft)
    decided(world, proposal, now=now)
    return proposal


def county_wide(world: World, *, now: datetime = NOW, **draft: Any) -> Designation:
    """The whole county at high risk, with everybody who lives there, in force."""
    whole = {"name": "平遥县", "name_en": "Pingyao", "addresses": (), "residents": True}
    return designated(world, now=now, **{**whole, **draft})
