"""Story 1's first half: applying, signing in again, reading one's own page, withdrawing (H1-H3)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from healthcode.codes.epoch import EpochKeys
from healthcode.codes.session import SessionClaim, session_open
from healthcode.control.access import RESIDENT_COOKIE
from healthcode.control.ports import ports, ports_set
from healthcode.domain.time import day_of, minute_of
from healthcode.table.record import record_decode
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import COUNTY, LIN, MEI, OTHER_COUNTY, QIAN, ZHAO, ZHOU, Person

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

APPLICATIONS = "/api/people/applications"
JSON = "application/json"


def code_of(world: World, client: Client, phone: str) -> str:
    """Ask for a one-time code and read the text message. What was sent before is forgotten, as after a minute."""
    world.superuser("UPDATE people_phonecode SET sent_at = sent_at - interval '1 day'")
    sent = client.post("/api/people/phone-codes", {"phone": phone}, JSON)
    assert sent.status_code == 200, sent.content
    found = re.search(r"\d{6}", world.sms.last(phone))
    assert found
    return found.group()


def application_of(person: Person, code: str, **changes: Any) -> dict[str, Any]:
    """What the page sends for somebody of the cast."""
    return {
        "name": person.name,
        "document_kind": "resident_id",
        "document_number": person.document.number,
        "phone": person.phone,
        "phone_code": code,
        "residence": person.division,
        "address": person.address,
        "declaration": {"symptoms": [], "exposure": False},
        "consent_version": "2022-10-13",
        **changes,
    }


def apply(world: World, client: Client, person: Person, **changes: Any) -> HttpResponse:
    """Apply as somebody of the cast, with a fresh code for the phone that is used."""
    code = code_of(world, client, changes.get("phone", person.phone))
    return client.post(APPLICATIONS, application_of(person, code, **changes), JSON)


def sign_in(world: World, client: Client, phone: str, **more: Any) -> HttpResponse:
    """Sign in with a fresh code."""
    body = {"phone": phone, "phone_code": code_of(world, client, phone), **more}
    return client.post("/api/people/sessions", body, JSON)


def claim_of(answer: HttpResponse) -> SessionClaim:
    """What the sealed session says, opened as an edge opens it."""
    now = minute_of(datetime.now(UTC))
    keys = EpochKeys.from_master(ports().epoch_master, [day_of(now)])
    return session_open(keys, answer.json()["session"], region=140000, now=now)


def generation_of(world: World, number: int) -> int:
    """The generation that the edges were told last."""
    rows = world.superuser("SELECT payload FROM feed_outbox WHERE kind = 1 AND key = %s ORDER BY id DESC", [number])
    return record_decode(bytes(rows[0][0])).generation


def test_lin_applies_and_holds_a_green_code(world: World) -> None:
    """Phone, document and name fit: a session for control, one for the edges, and a record on its way to them."""
    client = world.client()
    answer = apply(world, client, LIN)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["masked_name"], answer.json()["residence"]) == ("林**", COUNTY)
    claim = claim_of(answer)
    page = client.get("/api/people/me").json()
    assert (page["color"], page["masked_document"], page["grounds"]) == ("green", answer.json()["masked_document"], [])
    assert page["consent"]["version"] == "2022-10-13"
    assert (claim.kind, claim.masked_name) == ("resident", "林**")
    assert claim.generation == generation_of(world, claim.subject)


def test_applying_twice_is_one_person(world: World) -> None:
    """The second application brings the first up to date: same number, new address, one declaration a day."""
    first = claim_of(apply(world, world.client(), LIN))
    again = claim_of(apply(world, world.client(), LIN, residence=OTHER_COUNTY, address="清徐县文源路2号"))
    assert again.subject == first.subject
    assert again.generation == first.generation
    counts = "(SELECT count(*) FROM people_declaration), (SELECT count(*) FROM people_consent)"
    assert world.superuser(f"SELECT {counts}, residence_division FROM people_subject") == [(1, 1, OTHER_COUNTY)]


def test_somebody_mentioned_before_keeps_her_number(world: World) -> None:
    """Zhao was in a lead before she applied: the application finds her by document."""
    with world.system():
        number = world.subject(ZHAO)
    assert claim_of(apply(world, world.client(), ZHAO)).subject == number


def test_each_wrong_field_is_named_in_the_language_asked_for_and_no_value_is_repeated(world: World) -> None:
    """One answer names everything that is wrong; the one-time code is not spent on it."""
    wrong = application_of(
        LIN,
        "12",
        document_number="14072819900307126",
        name="L1n",
        residence="110101",
        address="x",
        consent_version="2020-01-01",
        phone="12345",
    )
    answer = world.client().post(APPLICATIONS, wrong, JSON, headers={"accept-language": "en"})
    fields = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert set(fields) == {"document_number", "name", "residence", "address", "consent_version", "phone", "phone_code"}
    assert "18 characters" in fields["document_number"]
    assert "14072819900307126" not in answer.content.decode()
    chinese = world.client().post(APPLICATIONS, wrong, JSON).json()
    assert "18 位" in next(e["message"] for e in chinese["errors"] if e["field"] == "document_number")


def test_a_field_that_nobody_asked_for_is_refused(world: World) -> None:
    """Nothing is collected that is not needed (Art. 25): a portrait has no place here."""
    answer = world.client().post(APPLICATIONS, application_of(LIN, "123456", portrait="…"), JSON)
    assert answer.status_code == 422
    assert world.superuser("SELECT count(*) FROM people_subject") == [(0,)]


@pytest.mark.parametrize("body", ["", "{", "[]", '{"phone": 7}', '{"phone": "\\ud800"}', '{"phone": "\\u0000"}'])
def test_what_is_no_application_is_answered_with_what_to_do(world: World, body: str) -> None:
    """Broken, empty or strangely encoded bodies get the one error shape, never a defect of ours."""
    answer = world.client().generic("POST", APPLICATIONS, body, JSON, headers={"accept-language": "en"})
    assert answer.status_code in {400, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"title", "detail", "code"} <= set(answer.json())


def test_when_the_registry_does_not_answer_the_code_stays_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with what to do now; nothing is recorded, and a minute later the same code works."""
    client, code = world.client(), code_of(world, world.client(), LIN.phone)
    entries, ready = ports().registry, ports()
    ports_set(replace(ready, registry=type(entries)(world.database.cluster.data / "absent", ready.blind_key)))
    try:
        answer = client.post(APPLICATIONS, application_of(LIN, code), JSON)
    finally:
        ports_set(ready)
    assert (answer.status_code, answer.json()["code"]) == (503, "registry_unavailable")
    assert client.post(APPLICATIONS, application_of(LIN, code), JSON).status_code == 200


def test_lin_signs_in_again_by_phone(world: World) -> None:
    """A new session, the same person; the record of the sign-in is hers to see in the audit."""
    applied = claim_of(apply(world, world.client(), LIN))
    client = world.client()
    answer = sign_in(world, client, LIN.phone)
    assert answer.status_code == 200
    assert claim_of(answer).subject == applied.subject
    assert client.get("/api/people/me").status_code == 200


def test_a_phone_from_a_file_signs_nobody_in(world: World) -> None:
    """A lead names Zhao's phone; only a phone that she proved herself opens her page."""
    with world.system():
        world.subject(ZHAO)
    answer = sign_in(world, world.client(), ZHAO.phone)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_code_with_phone")


def test_two_who_share_a_phone_are_told_apart_by_document(world: World) -> None:
    """Lin and Mei use one phone: without a document nobody is signed in, with it the right one."""
    lin = claim_of(apply(world, world.client(), LIN))
    mei = claim_of(apply(world, world.client(), MEI, phone=LIN.phone))
    assert sign_in(world, world.client(), LIN.phone).status_code == 409
    for person, claim in ((LIN, lin), (MEI, mei)):
        answer = sign_in(world, world.client(), LIN.phone, document_number=person.document.number)
        assert claim_of(answer).subject == claim.subject


def test_a_stranger_who_knows_lins_name_and_number_cannot_move_her_code_to_his_phone(world: World) -> None:
    """He is refused with what Lin would have to do, the attempt is recorded, and nothing of hers changed."""
    old = world.client()
    before = claim_of(apply(world, old, LIN))
    for guess in ("", "000000"):
        refused = apply(world, world.client(), LIN, phone="13900000009", earlier_phone_code=guess)
        assert (refused.status_code, refused.json()["code"]) == (409, "other_phone")
    assert old.get("/api/people/me").status_code == 200
    assert generation_of(world, before.subject) == before.generation
    assert world.superuser("SELECT reason FROM people_refusal") == [("other_phone",)] * 2
    assert sign_in(world, world.client(), "13900000009").status_code == 404


def test_a_new_phone_ends_the_sessions_of_the_old_one_and_tells_it(world: World) -> None:
    """Both phones say yes by one-time code; the earlier phone can no longer show the code."""
    old = world.client()
    before = claim_of(apply(world, old, LIN))
    yes = code_of(world, old, LIN.phone)
    after = claim_of(apply(world, world.client(), LIN, phone="13900000009", earlier_phone_code=yes))
    assert after.subject == before.subject
    assert after.generation == before.generation + 1 == generation_of(world, after.subject)
    assert old.get("/api/people/me").status_code == 401
    assert "12345" in world.sms.last(LIN.phone)
    assert sign_in(world, world.client(), LIN.phone).status_code == 404
    assert sign_in(world, world.client(), "13900000009").status_code == 200


def test_withdrawing_ends_code_and_sessions_at_once(world: World) -> None:
    """The edges are told a new generation and `absent`; the cookie opens nothing; applying again is possible."""
    client = world.client()
    claim = claim_of(apply(world, client, LIN))
    token = client.cookies[RESIDENT_COOKIE].value
    assert client.post("/api/people/withdrawal", {}, JSON).status_code == 204
    client.cookies[RESIDENT_COOKIE] = token
    assert client.get("/api/people/me").status_code == 401
    assert generation_of(world, claim.subject) == claim.generation + 1
    assert world.superuser("SELECT color FROM subject_state") == [("absent",)]
    assert world.superuser("SELECT given FROM people_consent ORDER BY id") == [(True,), (False,)]
    assert sign_in(world, world.client(), LIN.phone).status_code == 404
    again = claim_of(apply(world, world.client(), LIN))
    assert (again.subject, again.generation) == (claim.subject, claim.generation + 1)


def test_renewing_replaces_the_token_and_leaving_ends_it(world: World) -> None:
    """Each token works until it is exchanged or left; leaving twice does no harm."""
    client = world.client()
    apply(world, client, LIN)
    first = client.cookies[RESIDENT_COOKIE].value
    assert client.post("/api/people/sessions/renew", {}, JSON).status_code == 200
    second = client.cookies[RESIDENT_COOKIE].value
    for token, status in ((first, 401), (second, 200)):
        client.cookies[RESIDENT_COOKIE] = token
        assert client.get("/api/people/me").status_code == status
    assert client.delete("/api/people/sessions").status_code == 204
    client.cookies[RESIDENT_COOKIE] = second
    assert client.get("/api/people/me").status_code == 401
    assert client.post("/api/people/sessions/leave", {}, JSON).status_code == 204


def test_qian_sees_which_office_looked_and_why(world: World) -> None:
    """An unmasking by Zhou stands on his page with office, post, time and reason, without the officer's name."""
    from healthcode.control.people.vault import identity_unmask

    client = world.client()
    number = claim_of(apply(world, client, QIAN)).subject
    leads(world, lead(QIAN))
    with world.acting(ZHOU):
        shown = identity_unmask(number, ["phone"], reason="核实行程", now=datetime.now(UTC))
    look = client.get("/api/people/me").json()["looks"][0]
    assert shown == {"phone": QIAN.phone}
    assert (look["office"]["zh"], look["fields"], look["purpose"]) == ("平遥县赋码转码专班", ["phone"], "核实行程")
    assert ZHOU.name not in str(look)


def test_zhao_reads_why_she_is_red_until_when_and_which_tests_in_both_languages(world: World) -> None:
    """Her page says what the determination was, what ends it, whom to ask, which tests are known and who acted."""
    from healthcode.control.people.selectors import me

    (number,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    results(world, result(ZHAO, at=NOW - timedelta(hours=3)))
    reviewed(world, proposed(world, ZHAO))
    with world.acting(number):
        page = me(number, now=NOW)
    (ground,) = page["grounds"]
    assert (page["color"], page["color_word"]["zh"], ground["rule"]) == ("red", "红码", "close_contact")
    assert ground["zh"]["tests"]
    assert "Pingyao" in ground["en"]["ask"]
    assert page["timeline"][0]["minute"] > minute_of(NOW)
    assert [test["result"] for test in page["tests"]] == ["negative"]
    assert [d["color"] for d in page["decisions"]] == ["red", "green"]
    assert [look["what"]["en"].split()[0] for look in page["looks"]] == ["reviewed", "proposed", "took"]


def test_the_page_knows_of_a_midnight_that_has_passed(world: World) -> None:
    """No decision is made at midnight; the page evaluates at the moment it is read."""
    from healthcode.control.people.selectors import me

    (number,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO))
    with world.acting(number):
        held = [me(number, now=NOW + timedelta(days=days))["grounds"][0]["held"] for days in (0, 30)]
    assert held == [False, True]  # no test was taken: the ground stays, and the page says so


def test_the_demo_shows_the_code_and_production_has_no_such_page(world: World) -> None:
    """Without invented people there is nothing to show, and the page does not exist."""
    client = world.client()
    code = code_of(world, client, LIN.phone)
    assert client.get("/demo/phone-codes", {"phone": LIN.phone}).json() == {"code": code}
    ready = ports()
    ports_set(replace(ready, demo=False))
    try:
        assert client.get("/demo/phone-codes", {"phone": LIN.phone}).status_code == 404
    finally:
        ports_set(ready)


def test_the_page_offers_117_counties_and_the_consent_text(world: World) -> None:
    """Cities before counties; the consent text in the language asked for."""
    client = world.client()
    places = client.get("/api/people/divisions").json()["divisions"]
    assert [sum(p["level"] == level for p in places) for level in ("city", "county")] == [11, 117]
    assert client.get("/api/people/consent").json()["text"] == "同意。"
    assert client.get("/api/people/consent?lang=en").json()["paragraphs"] == ["I agree."]
