"""Codes are recalled by code, person, officer, site, batch and key: refused at once at a gate, others not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from healthcode.codes.passes import pass_show
from healthcode.crypto.suites import suite
from healthcode.domain.time import minute_of
from healthcode.table.feed import FeedKind, key_from_bytes
from tests.followed_edge import Gate
from tests.intake import NOW, with_code
from tests.people import FENG, GAO, HU, LIN, SHEN, SUN, WU, ZHOU
from tests.venue_world import Shop, now, shop

__all__ = ["shop"]

PHONE = suite("intl").generate_signing_key()
REASON = "群众举报被冒用"


def paper(world, number, at=NOW):
    from healthcode.control.credentials.services import paper_give

    with world.acting(number):
        return paper_give(number=number, now=at).code


def shown(world, number, at=NOW):
    from healthcode.control.credentials.services import pass_give

    with world.acting(number):
        given = pass_give(number=number, holder=PHONE.public.to_bytes(), now=at)
    return pass_show(PHONE, given.code, minute=minute_of(at))


def asked(world, who, scope, target, at=NOW):
    from django.db import transaction

    from healthcode.control.access import act_begin
    from healthcode.control.credentials.recalls import recall_request

    with transaction.atomic():
        act = act_begin(world.session(who), "test")
        return recall_request(act=act, scope=scope, target=str(target), reason=REASON, now=at).pk


def decided(world, who, recall, approve=True):
    from django.db import transaction

    from healthcode.control.access import act_begin
    from healthcode.control.credentials.recalls import recall_review

    with transaction.atomic():
        act = act_begin(world.session(who), "test")
        recall_review(act=act, recall=recall, approve=approve, reason=REASON, now=NOW)


def carried_out(recall, at=NOW):
    from healthcode.control.credentials.recalling import recall_carry_out

    return recall_carry_out(recall, now=at)


def approved(world, who, scope, target, at=NOW):
    recall = asked(world, who, scope, target, at)
    decided(world, SHEN, recall)
    return carried_out(recall, at)


def refusal(call):
    from healthcode.control.problems import Problem

    with pytest.raises(Problem) as refused:
        call()
    return refused.value.code


def test_a_sheet_found_in_the_street_is_recalled_by_its_text_and_no_other(world):
    lin, sun = with_code(world, LIN, SUN)
    gate, found, other = Gate(world, NOW), paper(world, lin), paper(world, sun)
    assert gate.outcomes(found, other) == ["green", "green"]
    assert carried_out(asked(world, ZHOU, "code", found)) == 1
    assert gate.outcomes(found, other) == ["recalled", "green"]


def test_a_pass_is_recalled_by_its_text_also_for_readers_without_network(world):
    [lin] = with_code(world, LIN)
    gate, first, second = Gate(world, NOW), shown(world, lin), shown(world, lin)
    assert carried_out(asked(world, ZHOU, "code", first)) == 1
    assert gate.outcomes(first, second) == ["recalled", "green"]


def test_all_codes_of_a_person_minted_before_are_refused_at_once_and_nobody_elses(world):
    lin, sun = with_code(world, LIN, SUN)
    gate = Gate(world, NOW)
    session, live, others = gate.session(lin), gate.live(lin), gate.live(sun)
    codes = [live, shown(world, lin), paper(world, lin)]
    assert gate.outcomes(*codes) == ["green"] * 3
    assert carried_out(asked(world, ZHOU, "person", lin)) == 3
    assert gate.outcomes(*codes, others) == ["recalled"] * 3 + ["green"]
    assert gate.ask("POST", "/v1/codes", None, bearer=session).json["code"] == "session_recalled"
    assert gate.outcomes(gate.live(lin, generation=2)) == ["green"]  # her color is what it was


def test_she_sees_who_recalled_her_codes_and_a_leaf_says_so(world):
    [lin] = with_code(world, LIN)
    carried_out(asked(world, ZHOU, "person", lin))
    sql = "SELECT e.name, l.id IS NOT NULL FROM audit_event e LEFT JOIN audit_pendingleaf l ON l.event_id = e.id"
    rows = world.superuser(f"{sql} WHERE e.subject = %s AND e.name LIKE '%%:recall:%%' ORDER BY e.id", [lin])
    assert rows == [("office:recall:asked", False), ("system:recall:done", True)]


def test_posters_of_a_site_are_recalled_by_two_officers_and_new_ones_work(shop: Shop):
    from healthcode.control.venues.codes import poster_link, screen_link

    world, venue, other = shop.world, shop.approved(), shop.approved()
    with world.acting(shop.bai):
        old, others = (poster_link(one, one.checkpoints.first()) for one in (venue, other))
        screen = screen_link(venue, venue.checkpoints.first(), now=minute_of(now()))
    gate = Gate(world, now())
    gate.record(1, 2)
    recall = asked(world, ZHOU, "site", venue.pk, now())
    assert (carried_out(recall), gate.visit(old)) == (0, "stored")  # nothing without the second officer
    decided(world, SHEN, recall)
    assert (carried_out(recall, now()), carried_out(recall)) == (2, 0)
    assert [gate.visit(code) for code in (old, screen, others)] == ["venue_code_recalled"] * 2 + ["stored"]
    with world.acting(shop.bai):
        venue.refresh_from_db()
        assert gate.visit(poster_link(venue, venue.checkpoints.first())) == "stored"


def test_the_posters_of_every_site_that_an_officer_approved_are_recalled(shop: Shop):
    by_zhou, by_hu = shop.approved(), shop.review(shop.register(), HU)
    assert approved(shop.world, GAO, "officer", ZHOU.key, now()) == 2
    editions = dict(shop.world.superuser("SELECT number, edition FROM venues_venue"))
    assert (editions[by_zhou.pk], editions[by_hu.pk]) == (1, 0)


def test_what_was_issued_within_an_hour_is_recalled_and_what_came_after_not(world):
    lin, sun = with_code(world, LIN, SUN)
    early, late = paper(world, lin), paper(world, sun, NOW + timedelta(hours=2))
    gate = Gate(world, NOW + timedelta(hours=2))
    window = f"{(NOW - timedelta(minutes=5)).isoformat()}/{(NOW + timedelta(hours=1)).isoformat()}"
    assert approved(world, GAO, "batch", window) == 1
    assert gate.outcomes(early, late) == ["recalled", "green"]


def test_a_stolen_issuer_key_is_recalled_and_stays_so_and_a_new_one_is_believed(world, monkeypatch):
    from healthcode.control import ports as held
    from healthcode.control.bridge.publication import standing_ensure

    lin, sun = with_code(world, LIN, SUN)
    old, gate = paper(world, lin), Gate(world, NOW)
    key = suite("intl").generate_signing_key()
    fresh = held.Issuer("intl", b"issuer-2", key.to_bytes())
    kid = held.ports().person_issuer.kid
    monkeypatch.setattr(held, "_PORTS", replace(held.ports(), person_issuer=fresh))
    standing_ensure(NOW)
    new = paper(world, sun)
    assert gate.outcomes(old, new) == ["green", "green"]  # rotated: both are believed
    assert approved(world, GAO, "key", kid.hex()) == 1
    standing_ensure(NOW)
    assert gate.outcomes(old, new) == ["forged", "green"]


def test_a_process_that_starts_with_a_recalled_key_does_not_bring_it_back(world):
    from healthcode.control.bridge.publication import standing_ensure
    from healthcode.control.ports import ports

    standing_ensure(NOW)
    kid = ports().person_issuer.kid
    assert approved(world, GAO, "key", kid.hex()) == 1
    standing_ensure(NOW)
    sql = "SELECT payload FROM bridge_published WHERE kind = %s AND key = %s"
    [(payload,)] = world.superuser(sql, [int(FeedKind.TRUST), key_from_bytes(kid)])
    assert b"until" in bytes(payload)


def test_who_asked_does_not_approve_and_a_return_recalls_nothing(world):
    recall = asked(world, SHEN, "key", "00" * 8)
    assert refusal(lambda: decided(world, SHEN, recall)) == "own_request"
    recall = asked(world, GAO, "key", "11" * 8)
    decided(world, SHEN, recall, approve=False)
    assert carried_out(recall) == 0
    assert refusal(lambda: decided(world, SHEN, recall)) == "recall_decided"


def test_nobody_recalls_the_codes_of_a_person_whom_he_may_not_see(world):
    [lin] = with_code(world, LIN)
    assert refusal(lambda: asked(world, FENG, "person", lin)) == "recall_target_unknown"


@pytest.mark.parametrize(
    ("who", "scope", "target"), [(ZHOU, "key", "00" * 8), (ZHOU, "officer", HU.key), (SHEN, "code", "00" * 16)]
)
def test_a_post_recalls_within_its_power_alone(world, who, scope, target):
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError, match="row-level security"):
        asked(world, who, scope, target)


@pytest.mark.parametrize(
    ("scope", "target"),
    [("code", "HB1:nonsense"), ("code", "x"), ("batch", "2022/2021"), ("batch", "now"), ("key", "zz"), ("all", "")],
)
def test_what_does_not_fit_is_refused_with_what_to_write(world, scope, target):
    assert refusal(lambda: asked(world, GAO, scope, target)) == "recall_unfit"


def test_the_application_role_carries_out_nothing_that_was_not_approved(world):
    from django.db import ProgrammingError

    from healthcode.control.credentials.models import RecallDone

    recall = asked(world, GAO, "key", "00" * 8)
    with pytest.raises(ProgrammingError, match="row-level security"), world.system():
        RecallDone.objects.create(recall_id=recall, at=NOW, codes=0)


def test_zhou_recalls_on_his_page_and_wu_reads_it(world):
    [lin] = with_code(world, LIN)
    page = world.client(ZHOU)
    sent = page.post("/console/recalls/", {"scope": "person", "target": str(lin), "reason": REASON})
    assert (sent.status_code, sent.headers["Location"]) == (302, "/console/recalls/")
    jobs = world.superuser("SELECT args FROM procrastinate_jobs WHERE task_name = 'credentials.recall_carry_out'")
    carried_out(jobs[0][0]["recall"])
    assert REASON in world.client(WU).get("/console/recalls/").content.decode()
    assert REASON not in world.client(FENG).get("/console/recalls/").content.decode()


def test_shen_approves_on_his_page(world):
    recall = asked(world, GAO, "key", "00" * 8)
    page = world.client(SHEN)
    assert f"/console/recalls/{recall}/" in page.get("/console/recalls/").content.decode()
    page.post(f"/console/recalls/{recall}/", {"verdict": "approve"})
    assert carried_out(recall) == 0  # no key of that id was ever trusted
    assert "已收回：0" in page.get("/console/recalls/").content.decode().replace("\n", "")


def test_nobody_recalls_a_hundred_people_one_by_one_without_a_second_officer(world):
    from healthcode.control.credentials.models import Recall

    [lin] = with_code(world, LIN)
    first = asked(world, ZHOU, "person", lin)
    columns = ", ".join(f.column for f in Recall._meta.fields if f.column != "id")
    sql = f"INSERT INTO credentials_recall ({columns}) SELECT {columns} FROM credentials_recall, generate_series(1, 99)"
    world.superuser(f"{sql} WHERE credentials_recall.id = %s", [first])
    assert refusal(lambda: asked(world, ZHOU, "person", lin)) == "recall_too_many"
    assert asked(world, ZHOU, "person", lin, NOW + timedelta(days=1, minutes=1))
