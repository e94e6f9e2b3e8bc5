"""What must not work: foreign codes, other people's venues, other counties, invitations used twice, SQL as the app."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.db import Error as DatabaseError
from django.db import connection

from healthcode.codes.errors import CodeError, Forged
from healthcode.codes.venue import VenueClaim, venue_open, venue_static
from healthcode.control.problems import Problem
from healthcode.crypto.suites import suite
from healthcode.domain.time import minute_of
from tests.people import FENG, GAO, WU, ZHOU
from tests.venue_world import Shop, issuer, nobody, now, shop

__all__ = ["shop"]
TABLES = ("venue", "checkpoint", "inspector")
OURS = ("127.0.0.1:8001",)
SIGNED_IN_PAGES = (
    "/console/venue/{v}/",
    "/console/venue/{v}/poster/1/",
    "/console/venue/{v}/screen/1/",
    "/console/venue/{v}/screen/1/code",
    "/api/venues/{v}",
    "/api/venues/{v}/inspectors",
)


@pytest.mark.parametrize(
    "link",
    [
        "https://healthcode.example/v#{signed}",
        "https://127.0.0.1:8001.example/v#{signed}",
        "https://example/?u=http://127.0.0.1:8001/v#{signed}",
        "http://127.0.0.1:8001@example/v#{signed}",
        "javascript:alert(1)#{signed}",
        "http://127.0.0.1:8001/v",
        "http://127.0.0.1:8001/v#",
        "http://127.0.0.1:8001/v#{signed}=",
        "",
    ],
)
def test_a_poster_code_inside_a_link_elsewhere_is_refused(shop: Shop, link: str) -> None:
    """Also when what it carries is genuinely signed."""
    from healthcode.control.venues.codes import epoch_keys, poster_link

    venue, minute = shop.approved(), minute_of(now())
    with shop.world.acting(shop.bai):
        signed = poster_link(venue, venue.checkpoints.get(number=1)).partition("#")[2]
    with pytest.raises(CodeError):
        venue_open(issuer(), epoch_keys(minute), link.format(signed=signed), region=140000, now=minute, hosts=OURS)


def test_a_code_signed_by_another_key_under_our_key_id_is_forged(shop: Shop) -> None:
    """Knowing the key id is not enough."""
    from healthcode.control.venues.codes import epoch_keys

    kid, minute = next(iter(issuer())), minute_of(now())
    mine = suite("intl").generate_signing_key()
    link = venue_static(mine, kid, VenueClaim(1, 1), region=140000, base_url="http://127.0.0.1:8001")
    with pytest.raises(Forged):
        venue_open(issuer(), epoch_keys(minute), link, region=140000, now=minute, hosts=OURS)


@pytest.mark.parametrize("page", SIGNED_IN_PAGES)
def test_another_manager_sees_nothing_of_the_market(shop: Shop, page: str) -> None:
    """The same answer as for a venue that does not exist."""
    venue = shop.approved()
    stranger = shop.world.client(shop.lin)
    answers = [stranger.get(page.format(v=number)) for number in (venue.pk, venue.pk + 999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert shop.world.client(shop.bai).get(page.format(v=venue.pk)).status_code == 200


def test_another_manager_neither_appoints_nor_dismisses_nor_adds_gates(shop: Shop) -> None:
    """Nothing changed afterwards."""
    venue = shop.approved()
    made = shop.accept(shop.invite(venue))
    before = shop.world.superuser("SELECT count(*), max(dismissed_at) FROM venues_inspector")
    stranger = shop.world.client(shop.lin)
    for path, form in (
        (f"/console/venue/{venue.pk}/inspectors/", {"label": "x", "checkpoint": "1"}),
        (f"/console/venue/{venue.pk}/inspectors/{made.standing.id}/dismissal/", {}),
        (f"/console/venue/{venue.pk}/checkpoints/", {"name": "后门"}),
    ):
        assert stranger.post(path, form).status_code == 404
    assert shop.world.superuser("SELECT count(*), max(dismissed_at) FROM venues_inspector") == before
    assert shop.world.superuser("SELECT count(*) FROM venues_checkpoint") == [(2,)]


@pytest.mark.parametrize(("officer", "status"), [(FENG, 404), (GAO, 403), (WU, 403)])
def test_nobody_but_the_countys_own_officers_reviews(shop: Shop, officer: object, status: int) -> None:
    """Another county, the city above, an auditor."""
    venue = shop.register()
    client = shop.world.client(officer)  # type: ignore[arg-type]  # an officer of the cast
    assert client.get(f"/console/county/venues/{venue.pk}/").status_code == status
    posted = client.post(f"/console/county/venues/{venue.pk}/decision/", {"act": "approve"})
    assert posted.status_code == status
    assert shop.world.superuser("SELECT state FROM venues_venue") == [("pending",)]


def test_a_manager_approves_nothing_himself(shop: Shop) -> None:
    """The service called inside his own act is refused by the row policy."""
    from healthcode.control.venues.services import venue_review

    venue = shop.register()
    with pytest.raises((Problem, DatabaseError)), shop.world.acting(shop.bai):
        venue_review(venue=venue.pk, officer=shop.world.officer(ZHOU), approve=True, reason="", now=now())
    assert shop.world.superuser("SELECT state FROM venues_venue") == [("pending",)]


def test_an_invitation_works_once(shop: Shop) -> None:
    """The second who tries is told to ask for another."""
    token = shop.invite(shop.approved())
    shop.accept(token)
    with pytest.raises(Problem) as used:
        shop.accept(token, shop.lin)
    assert used.value.code == "invite_not_valid"


def test_of_two_who_accept_at_once_one_gets_the_post(shop: Shop) -> None:
    """The second waits for the first's transaction and then finds the invitation used."""
    from healthcode.control.venues.inspectors import invite_hash

    token = invite_hash(shop.invite(shop.approved()))
    accept = "SELECT inspector_accept(%s, '\\x00112233445566778899aabbccddeeff')"
    with shop.world.database.connect("app") as first, shop.world.database.connect("app") as second:
        for session, who in ((first, shop.kong), (second, shop.lin)):
            session.execute("BEGIN")
            session.execute("SELECT act_begin(%s, 'test')", [shop.world.session(who)])
        with ThreadPoolExecutor() as pool:
            assert first.execute(accept, [token]).fetchone() != (None,)
            late = pool.submit(second.execute, accept, [token])
            assert not wait([late], timeout=0.3).done
            first.execute("COMMIT")
            assert late.result().fetchone() == (None,)
    assert shop.world.superuser("SELECT subject_id FROM venues_inspector") == [(shop.kong,)]


@pytest.mark.parametrize("change", ["invite_expires_at = now() - interval '1 second'", "dismissed_at = now()"])
def test_a_lapsed_or_withdrawn_invitation_opens_nothing(shop: Shop, change: str) -> None:
    """Nor does one of a suspended venue."""
    token = shop.invite(shop.approved())
    shop.world.superuser(f"UPDATE venues_inspector SET {change}")
    with pytest.raises(Problem):
        shop.accept(token)


def test_an_invitation_to_a_suspended_venue_opens_nothing(shop: Shop) -> None:
    """Neither do sessions renew there."""
    from healthcode.control.venues.inspectors import inspector_renew

    venue = shop.approved()
    made, token = shop.accept(shop.invite(venue)), shop.invite(venue)
    shop.world.superuser("UPDATE venues_venue SET state = 'suspended'")
    with pytest.raises(Problem):
        shop.accept(token)
    with pytest.raises(Problem) as over, nobody():
        inspector_renew(session=made.session, now=now() + timedelta(minutes=1))
    assert over.value.code == "appointment_over"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE venues_inspector SET subject_id = %(lin)s, accepted_at = now(), device = '\\x00'",
        "UPDATE venues_inspector SET dismissed_at = now()",
        """INSERT INTO venues_inspector (venue_id, label, invite_hash, invited_at, invite_expires_at, subject_id)
           VALUES (%(venue)s, 'x', '\\x01', now(), now(), %(lin)s)""",
        "UPDATE venues_venue SET state = 'approved', reviewed_by_id = 1",
        "UPDATE venues_venue SET manager_id = %(lin)s",
        "INSERT INTO venues_checkpoint (venue_id, number, name) VALUES (%(venue)s, 9, 'x')",
        "DELETE FROM venues_inspector",
        "SELECT inspector_device_change(id, '\\x00112233445566778899aabbccddeeff') FROM generate_series(1, 9) id",
    ],
)
def test_sql_as_the_application_in_lins_act_changes_nothing(shop: Shop, attack: str) -> None:
    """Grants and row policies refuse it, or it meets no row."""
    venue = shop.approved()
    shop.accept(shop.invite(venue))
    shop.invite(venue)
    before = [shop.world.superuser(f"SELECT * FROM venues_{table} ORDER BY 1") for table in TABLES]
    with suppress(DatabaseError), shop.world.acting(shop.lin), connection.cursor() as cursor:
        cursor.execute(attack, {"lin": shop.lin, "venue": venue.pk})
    assert [shop.world.superuser(f"SELECT * FROM venues_{table} ORDER BY 1") for table in TABLES] == before


def test_the_application_cannot_read_who_was_where(shop: Shop) -> None:
    """It counts visits through one function; it reads them through two that answer acts of the system alone."""
    with shop.world.database.connect("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT subject FROM visit")


def test_lin_lists_no_invitations_and_no_inspectors_of_others(shop: Shop) -> None:
    """Not even their hashes."""
    from healthcode.control.venues.models import Checkpoint, Inspector, Venue

    venue = shop.approved()
    shop.accept(shop.invite(venue))
    shop.invite(venue)
    with shop.world.acting(shop.lin):
        assert [model.objects.count() for model in (Inspector, Venue, Checkpoint)] == [0, 0, 0]
    with shop.world.acting(shop.kong):
        assert [model.objects.count() for model in (Inspector, Venue, Checkpoint)] == [1, 1, 2]


@pytest.mark.parametrize("session", ["", "HS1.", "HS1.AAAA", "HS9.x", "\ud800", "x" * 5000, "HS1." + "A" * 200])
def test_a_made_up_session_is_not_renewed(shop: Shop, session: str) -> None:
    """One answer for all of them."""
    from healthcode.control.venues.inspectors import inspector_renew

    with pytest.raises(Problem) as refused, nobody():
        inspector_renew(session=session, now=now())
    assert refused.value.code == "session_expired"


def test_the_same_clients_meet_no_error_page_on_hostile_numbers(shop: Shop) -> None:
    """Numbers beyond the database's, and invitations that are no text."""
    client = shop.world.client(shop.bai)
    for path in ("/console/venue/99999999999999999999999/", "/console/venue/0/poster/99999999999/"):
        assert client.get(path).status_code == 404
    resumed = client.post("/api/venues/inspectors/99999999999999999999999/resume")
    accepted = client.post("/api/venues/inspectors/accept", '{"invite": "\\ud800\\u0000"}', "application/json")
    assert (resumed.status_code, accepted.status_code) == (403, 404)
