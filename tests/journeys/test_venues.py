"""From registration to inspection: Bai's market, Zhou's review, Kong's gate, on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from healthcode.codes.session import session_open
from healthcode.codes.venue import venue_open
from healthcode.control.problems import Problem
from healthcode.domain.time import day_of, day_start, minute_of
from healthcode.table.feed import (
    ColorsNote,
    FeedKind,
    PoliciesNote,
    RecallNote,
    TrustNote,
    VenueEntry,
    key_from_bytes,
    note_decode,
)
from tests.people import COUNTY, HU, ZHOU
from tests.venue_world import GATES, Shop, issuer, nobody, now, shop

__all__ = ["shop"]


def test_bai_registers_and_no_edge_knows_the_market_yet(shop: Shop) -> None:
    """A registration waits for its county."""
    venue = shop.register()
    assert (venue.state, venue.division) == ("pending", COUNTY)
    assert shop.published(FeedKind.VENUE, venue.pk) is None
    assert shop.events("manager:venue:registered") == [{"type": "market", "checkpoints": 2}]


def test_zhou_approves_and_every_edge_learns_the_gates(shop: Shop) -> None:
    """The entry names gates and no policy: the edge looks that up by type, place and time."""
    venue = shop.approved()
    entry = note_decode(shop.published(FeedKind.VENUE, venue.pk) or b"", VenueEntry)
    assert (entry.status, entry.type, entry.medical, entry.policy) == ("active", "market", False, "")
    assert entry.checkpoints == dict(enumerate(GATES, start=1))


def test_a_refusal_needs_its_reason_and_reaches_no_edge(shop: Shop) -> None:
    """Whoever is refused reads why."""
    venue = shop.register()
    with pytest.raises(Problem) as refused:
        shop.review(venue, approve=False)
    assert refused.value.code == "reason_missing"
    assert shop.review(venue, approve=False, reason="地址与营业执照不符").state == "refused"
    assert shop.published(FeedKind.VENUE, venue.pk) is None


def test_of_two_officers_who_review_one_venue_the_second_is_told(shop: Shop) -> None:
    """The change of state is a claim."""
    venue = shop.approved()
    with pytest.raises(Problem) as late:
        shop.review(venue, HU)
    assert late.value.code == "venue_moved_on"


def test_a_suspended_market_closes_at_every_edge_and_opens_again(shop: Shop) -> None:
    """Suspension and its end are published like approval."""
    from healthcode.control.venues.services import venue_resume, venue_suspend

    venue = shop.approved()
    me = shop.world.officer(ZHOU)
    with shop.world.acting(ZHOU):
        venue_suspend(venue=venue.pk, officer=me, reason="消防整改", now=now())
    assert note_decode(shop.published(FeedKind.VENUE, venue.pk) or b"", VenueEntry).status == "suspended"
    with shop.world.acting(ZHOU):
        venue_resume(venue=venue.pk, officer=me, reason="", now=now())
    assert note_decode(shop.published(FeedKind.VENUE, venue.pk) or b"", VenueEntry).status == "active"


def test_a_new_gate_of_an_approved_market_is_known_at_once(shop: Shop) -> None:
    """Its number follows the last."""
    from healthcode.control.venues.services import checkpoint_add

    venue = shop.approved()
    with shop.world.acting(shop.bai):
        made = checkpoint_add(venue=venue.pk, manager=shop.bai, name=" 东门 ", now=now())
    assert (made.number, made.name) == (3, "东门")
    assert note_decode(shop.published(FeedKind.VENUE, venue.pk) or b"", VenueEntry).checkpoints[3] == "东门"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "场"}, "name"),
        ({"name": "超市\x00二店"}, "name"),
        ({"type_code": "casino"}, "type"),
        ({"address": ""}, "address"),
        ({"division": "140700"}, "division"),
        ({"division": "999999"}, "division"),
    ],
)
def test_an_incomplete_registration_names_its_field_and_leaves_nothing(
    shop: Shop, changed: dict[str, Any], field: str
) -> None:
    """Nothing half-registered."""
    with pytest.raises(Problem) as refused:
        shop.register(**changed)
    assert [error["field"] for error in refused.value.errors] == [field]
    assert shop.world.superuser("SELECT count(*) FROM venues_venue") == [(0,)]


def test_the_poster_and_the_screen_say_the_gate_they_hang_at(shop: Shop) -> None:
    """Static and rotating codes open under the published trust list."""
    from healthcode.control.venues.codes import epoch_keys, poster_link, screen_link

    venue = shop.approved()
    minute = minute_of(now())
    with shop.world.acting(shop.bai):
        gate = venue.checkpoints.get(number=2)
        links = {"static": poster_link(venue, gate), "rotating": screen_link(venue, gate, now=minute)}
    for kind, link in links.items():
        claim = venue_open(issuer(), epoch_keys(minute), link, region=140000, now=minute, hosts=["127.0.0.1:8001"])
        assert (claim.venue, claim.checkpoint, claim.kind) == (venue.pk, 2, kind)


def test_kong_accepts_and_gets_a_session_for_this_gate_until_tomorrow_ends(shop: Shop) -> None:
    """The session names venue, gate and device; edges need no database to know."""
    from healthcode.control.venues.codes import epoch_keys

    venue = shop.approved()
    made = shop.accept(shop.invite(venue))
    minute = minute_of(now())
    claim = session_open(epoch_keys(minute), made.session, region=140000, now=minute)
    assert (claim.kind, claim.subject, claim.venue, claim.checkpoint) == ("inspector", shop.kong, venue.pk, 1)
    assert claim.expires == made.expires == day_start(day_of(minute) + 2)


def test_a_dismissed_inspector_is_recalled_at_the_edges_and_gets_no_further_session(shop: Shop) -> None:
    """The device id itself is recalled."""
    from healthcode.control.venues.inspectors import inspector_dismiss, inspector_renew

    venue = shop.approved()
    made = shop.accept(shop.invite(venue))
    device = bytes(shop.world.superuser("SELECT device FROM venues_inspector")[0][0])
    with shop.world.acting(shop.bai):
        inspector_dismiss(venue=venue.pk, inspector=made.standing.id, manager=shop.bai, now=now())
    assert note_decode(shop.published(FeedKind.RECALL, key_from_bytes(device)) or b"", RecallNote).handle == device
    with pytest.raises(Problem) as over, nobody():
        inspector_renew(session=made.session, now=now())
    assert over.value.code == "appointment_over"


def test_a_dismissed_device_leaves_the_recall_list_when_its_last_session_is_over(shop: Shop) -> None:
    """Two days after its making a session is over; the list keeps the device one more."""
    from healthcode.control.venues.inspectors import inspector_dismiss
    from healthcode.control.venues.publication import device_recalls_forget

    venue = shop.approved()
    made = shop.accept(shop.invite(venue))
    device = bytes(shop.world.superuser("SELECT device FROM venues_inspector")[0][0])
    with shop.world.acting(shop.bai):
        inspector_dismiss(venue=venue.pk, inspector=made.standing.id, manager=shop.bai, now=now())
    listed = []
    for days in (2, 4, 4):
        with shop.world.system():
            count = device_recalls_forget(now=now() + timedelta(days=days))
        listed.append((count, bool(shop.published(FeedKind.RECALL, key_from_bytes(device)))))
    assert listed == [(0, True), (1, False), (0, False)]


@pytest.mark.parametrize(("days", "works"), [(0, True), (1, True), (8, True), (10, False), (30, False)])
def test_a_device_renews_its_session_also_after_days_off(shop: Shop, days: int, works: bool) -> None:
    """A session ends when tomorrow does and can be renewed for a week more."""
    from healthcode.control.venues.inspectors import inspector_renew

    made = shop.accept(shop.invite(shop.approved()))
    with nobody():
        if works:
            assert inspector_renew(session=made.session, now=now() + timedelta(days=days)).expires > made.expires - 1
            return
        with pytest.raises(Problem) as old:
            inspector_renew(session=made.session, now=now() + timedelta(days=days))
        assert old.value.code == "session_expired"


def test_kong_goes_on_with_a_new_phone_and_the_old_one_stops(shop: Shop) -> None:
    """The device before is recalled; the appointment stays."""
    from healthcode.control.venues.inspectors import inspector_renew, inspector_resume

    made = shop.accept(shop.invite(shop.approved()))
    old = bytes(shop.world.superuser("SELECT device FROM venues_inspector")[0][0])
    with shop.world.acting(shop.kong):
        again = inspector_resume(appointment=made.standing.id, subject=shop.kong, now=now())
    assert shop.published(FeedKind.RECALL, key_from_bytes(old)) is not None
    with nobody():
        assert inspector_renew(session=again.session, now=now()).standing.id == made.standing.id
        with pytest.raises(Problem):
            inspector_renew(session=made.session, now=now())


def test_todays_visits_are_counted_by_local_hour_for_the_manager_alone(shop: Shop) -> None:
    """Counts, never who; somebody else counts nothing."""
    from healthcode.control.venues.selectors import visits_today

    venue = shop.approved()
    shop.world.superuser("SELECT visit_partitions_ensure((now() AT TIME ZONE 'UTC')::date - 2, 10)")
    shop.world.superuser(
        "INSERT INTO visit SELECT visit_key_floor(clock_timestamp()), %s, 1, 0, now(), 1, NULL, 1, 1", [venue.pk]
    )
    with shop.world.acting(shop.bai):
        assert sum(hour.visits for hour in visits_today(venue, now=now())) == 1
    with shop.world.acting(shop.lin):
        assert sum(hour.visits for hour in visits_today(venue, now=now())) == 0


def test_colors_policies_and_the_issuers_are_published_once(shop: Shop) -> None:
    """Repeating publishes only what differs."""
    from healthcode.control.bridge.publication import publish_standing

    with shop.world.system():
        assert (publish_standing(), publish_standing()) == (5, 0)
    colors = note_decode(shop.published(FeedKind.COLORS, 0) or b"", ColorsNote)
    assert {color.id for color in colors.colors} >= {"green", "yellow", "red"}
    assert note_decode(shop.published(FeedKind.POLICIES, 0) or b"", PoliciesNote).default.colors == ["green"]
    kid = next(iter(issuer()))
    trust = note_decode(shop.published(FeedKind.TRUST, key_from_bytes(kid)) or b"", TrustNote)
    assert (trust.kid, trust.public, trust.purpose) == (kid, issuer()[kid].to_bytes(), "venue")
