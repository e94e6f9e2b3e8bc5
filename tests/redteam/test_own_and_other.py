"""Every route with a number in it × its owner × a stranger of the same role: generated from the URL map."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from healthcode.control.offices.roles import Role
from tests.control_world import World
from tests.designation import designation
from tests.intake import item_of, lead, leads, proposed, with_code
from tests.people import BAI, FENG, KONG, LIN, QIAN, SHEN, ZHAO, ZHOU, OfficerRole
from tests.routes import Route, routes
from tests.venue_world import Shop

if TYPE_CHECKING:
    from django.http import HttpResponse

FORM = (
    b"outcome=confirm&kind=close_contact&anchor_day=2022-10-09&reason=x&verdict=approve&decision=approve&label=x&name=x"
)
NEVER = dict.fromkeys(
    ("item_id", "proposal_id", "number", "checkpoint", "inspector", "area_id", "designation_id", "notice_id"), "987654"
) | {"upload_id": "01a00000-0000-7000-8000-000000000000"}


@dataclass(frozen=True)
class Pair:
    """Who owns what a route names, and a stranger of the same kind; residents by subject number."""

    owner: OfficerRole | int
    stranger: OfficerRole | int


@dataclass(frozen=True)
class Things:
    """One real thing of the cast's county for every kind of number, and who may see it."""

    numbers: dict[str, str]
    county: Pair
    manager: Pair


@pytest.fixture
def things(world: World) -> Things:
    """Zhou's item and proposal about Zhao, an item of Qian's, Bai's venue with an inspector, Shen's upload."""
    from healthcode.control.casework.services import item_accept
    from healthcode.control.venues.models import Inspector
    from tests.intake import NOW

    with_code(world, ZHAO, QIAN)
    leads(world, lead(ZHAO), lead(QIAN, row="2"))
    proposal, item = proposed(world, ZHAO), item_of(world, QIAN)
    with world.acting(ZHOU):
        item_accept(item=item, officer=world.officer(ZHOU), now=NOW)
    with world.system():
        bai, kong, lin = (world.subject(person) for person in (BAI, KONG, LIN))
    shop = Shop(world, bai, kong, lin)
    venue = shop.review(shop.register())
    shop.invite(venue)
    with world.system():
        inspector = Inspector.objects.get(venue=venue).pk
    upload = world.superuser("SELECT id FROM exchange_upload")[0][0]
    said = designation(world)
    numbers = {
        "area_id": said.area_id,
        "designation_id": said.pk,
        "item_id": item,
        "proposal_id": proposal,
        "number": venue.number,
        "checkpoint": 1,
        "inspector": inspector,
        "upload_id": upload,
        "notice_id": call_to_make(world, item),
    }
    return Things({name: str(value) for name, value in numbers.items()}, Pair(ZHOU, FENG), Pair(bai, lin))


def call_to_make(world: World, item: int) -> int:
    """A notice that reached no phone: the county calls that person."""
    world.superuser(
        "INSERT INTO notices_notice (subject_id, division, kind, key, content, worst, urgent, made_at, send_at, state,"
        " attempts) SELECT subject_id, division, 'color_given', 'k', '{}', false, false, now(), now(), 'unreachable', 0"
        " FROM casework_workitem WHERE id = %s",
        [item],
    )
    return int(world.superuser("SELECT max(id) FROM notices_notice WHERE key = 'k'")[0][0])


def ours() -> list[Route]:
    """Routes that name a thing by number."""
    return [route for route in routes() if re.search(r"[<{]", route.path) and not route.third_party]


def pair_of(route: Route, things: Things) -> Pair | None:
    """Owner and stranger for a route; None where the whole province is its scope."""
    assert route.access is not None
    if route.access.kind == "resident":
        return things.manager
    return things.county if route.access.roles == {Role.COUNTY_OFFICER} else None


def ask(world: World, who: OfficerRole | int, route: Route, method: str, numbers: dict[str, str]) -> HttpResponse:
    path = re.sub(r"<(?:\w+:)?(\w+)>|\{(?:\w+[: ])?(\w+)\}", lambda m: numbers[m[1] or m[2]], route.path)
    return world.client(who).generic(method, path, FORM, "application/x-www-form-urlencoded")


def told(response: HttpResponse) -> tuple[int, str]:
    """What an answer tells: its status and its words without numbers and form tokens."""
    return response.status_code, re.sub(r"csrfmiddlewaretoken\S+ value=\S+|\d+", "", response.content.decode())


def kept(world: World) -> list[tuple[object, ...]]:
    """Everything that a stranger might change."""
    return [
        world.superuser("SELECT id, state, assignee_id, division FROM casework_workitem ORDER BY id"),
        world.superuser("SELECT id, proposer_id FROM casework_proposal ORDER BY id"),
        world.superuser("SELECT count(*) FROM casework_review"),
        world.superuser("SELECT number, state FROM venues_venue ORDER BY number"),
        world.superuser("SELECT id, dismissed_at FROM venues_inspector ORDER BY id"),
        world.superuser("SELECT count(*) FROM venues_checkpoint"),
        world.superuser("SELECT count(*) FROM areas_designation"),
        world.superuser("SELECT count(*) FROM areas_approval"),
        world.superuser("SELECT count(*) FROM evidence_evidence"),
        world.superuser("SELECT id, state, settled_by_id FROM notices_notice ORDER BY id"),
    ]


def test_a_stranger_cannot_tell_a_foreign_number_from_one_that_never_was(world: World, things: Things) -> None:
    """For every route and method: the same words for both, and nothing has changed afterwards."""
    before, differ = kept(world), []
    for route in ours():
        pair = pair_of(route, things)
        for method in route.methods if pair else ():
            real = told(ask(world, pair.stranger, route, method, things.numbers))
            never = told(ask(world, pair.stranger, route, method, NEVER))
            if real != never or real[0] < 400:
                differ.append(f"{method} {route.path}: {real[0]} and {never[0]}")
    assert differ == []
    assert kept(world) == before


def test_owners_reach_their_own_pages_by_the_same_numbers(world: World, things: Things) -> None:
    """Without this the test above could pass on wrong addresses."""
    for route in ours():
        pair = pair_of(route, things)
        if pair and "GET" in route.methods:
            response = ask(world, pair.owner, route, "GET", things.numbers)
            assert response.status_code in {200, 405}, f"{route.path}: {response.status_code}"


def test_uploads_are_shown_to_the_province_and_not_to_a_county(world: World, things: Things) -> None:
    path = f"/console/imports/{things.numbers['upload_id']}/"
    assert world.client(SHEN).get(path).status_code == 200
    assert world.client(ZHOU).get(path).status_code == 403
