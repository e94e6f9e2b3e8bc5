"""Attacks on identities, phones and sessions: each must fail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from healthcode.control.access import RESIDENT_COOKIE
from healthcode.control.ports import ports
from healthcode.control.seed.cast import resident_id
from tests.control_world import World
from tests.people import COUNTY, FENG, GAO, LIN, MEI, QIAN, SHEN, TAO, WU, ZHAO, ZHOU, OfficerRole, Person

if TYPE_CHECKING:
    from django.http import HttpResponse

JSON = "application/json"
WORDS = "我昨天去过晋祠博物馆"


def code_of(world: World, phone: str) -> str:
    world.client().post("/api/people/phone-codes", {"phone": phone}, JSON)
    found = re.search(r"\d{6}", world.sms.last(phone))
    assert found
    return found.group()


def application(person: Person, code: str, **changes: Any) -> dict[str, Any]:
    declaration = {"symptoms": ["fever"], "exposure": False, "text": WORDS}
    return {
        "name": person.name,
        "document_kind": "resident_id",
        "document_number": person.document.number,
        "phone": person.phone,
        "phone_code": code,
        "residence": COUNTY,
        "address": person.address,
        "declaration": declaration,
        "consent_version": "2022-10-13",
        **changes,
    }


def apply(world: World, person: Person, **changes: Any) -> HttpResponse:
    body = application(person, code_of(world, changes.get("phone", person.phone)), **changes)
    return world.client().post("/api/people/applications", body, JSON)


def number_of(world: World, person: Person) -> int:
    from healthcode.control.people.vault import subject_find

    with world.system():
        found = subject_find(person.document)
    assert found is not None
    return found


def dump(world: World) -> str:
    """Every row of every table, as the superuser reads it; bytes stand as hexadecimal digits."""
    tables = world.superuser(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = [row for (table,) in tables for row in world.superuser(f"SELECT t::text FROM {table} t")]
    return "\n".join(str(row[0]) for row in rows)


def forms(text: str) -> Sequence[str]:
    """How a value would look in a dump: plainly, as bytes, or escaped in JSON."""
    return (text, text.encode().hex(), text.encode("utf-16-le").hex(), text.encode("unicode_escape").decode())


def test_no_table_holds_an_identity_in_clear(world: World) -> None:
    """Name, document, phone, address and declaration, in whatever form, in no row of any table."""
    assert apply(world, LIN).status_code == 200
    with world.system():
        world.subject(ZHAO)
    everything = dump(world)
    assert "resident:application:accepted" in everything
    secrets = [WORDS]
    for person in (LIN, ZHAO):
        secrets += [person.name, person.document.number, person.phone, person.address]
    assert [secret for secret in secrets for form in forms(secret) if form in everything] == []


def test_no_table_holds_a_key(world: World) -> None:
    """Per-person keys, the blind key and the epoch master stay outside the database."""
    apply(world, LIN)
    key = ports().key_store.get(str(number_of(world, LIN)))
    keys, everything = (key, ports().blind_key, ports().epoch_master, ports().issuer_key), dump(world)
    assert [key for key in keys if key.hex() in everything] == []


def test_a_resident_cannot_read_or_change_another_by_sql(world: World) -> None:
    """As role `app`, in Lin's own act: Zhao's rows do not exist and cannot be made or altered."""
    for person in (LIN, ZHAO):
        assert apply(world, person).status_code == 200
    lin, zhao = number_of(world, LIN), number_of(world, ZHAO)
    tables = (
        "people_identity",
        "people_identityindex",
        "people_consent",
        "people_declaration",
        "evidence_evidence",
        "evidence_decision",
    )
    with world.database.connect("app") as app, app.transaction():
        app.execute("SELECT act_begin(%s, 'attack')", [world.session(lin)])
        for table in tables:
            assert app.execute(f"SELECT DISTINCT subject_id FROM {table}").fetchall() in ([(lin,)], [])
        assert app.execute("SELECT number FROM people_subject").fetchall() == [(lin,)]
        assert app.execute("SELECT number FROM subject_state").fetchall() == [(lin,)]
        assert app.execute("SELECT * FROM subject_evidence(ARRAY[%s]::bigint[])", [zhao]).fetchall() == []
        for change in ("people_subject SET holds_code = false", "subject_state SET color = 'green'"):
            assert app.execute(f"UPDATE {change} WHERE number = %s", [zhao]).rowcount == 0


ATTACKS = (
    "SELECT act_become_resident(%s)",
    "INSERT INTO people_consent (subject_id, version, given, at) VALUES (%s, 'x', true, now())",
    "INSERT INTO people_identityindex (index, field, subject_id) VALUES ('x', 'phone', %s)",
    "INSERT INTO people_declaration (subject_id, at, content_sealed) VALUES (%s, now(), '')",
    "DELETE FROM people_identity WHERE subject_id = %s",
    "UPDATE people_identity SET document_sealed = '' WHERE subject_id = %s",
    "UPDATE people_identityindex SET subject_id = %s",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_resident_cannot_become_or_write_for_another(world: World, attack: str) -> None:
    """Each statement is refused by the database itself, whatever the application believes."""
    for person in (LIN, ZHAO):
        apply(world, person)
    with world.database.connect("app") as app, app.transaction():
        app.execute("SELECT act_begin(%s, 'attack')", [world.session(number_of(world, LIN))])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(attack, [number_of(world, ZHAO)])


@pytest.mark.parametrize("who", [FENG, GAO, SHEN, WU, TAO], ids=lambda who: who.key)
def test_without_a_work_item_no_officer_sees_a_person(world: World, who: OfficerRole) -> None:
    """Not even masked, and unmasking answers as if she did not exist."""
    from healthcode.control.people.vault import identity_masked, identity_unmask
    from healthcode.control.problems import Problem

    with world.system():
        number = world.subject(ZHAO)
    with world.acting(who):
        assert identity_masked(number) is None
        with pytest.raises(Problem) as caught:
            identity_unmask(number, ["phone"], reason="好奇", now=datetime.now(UTC))
    assert caught.value.status == 404


def test_unmasking_needs_a_reason(world: World) -> None:
    """Even where the person may be seen."""
    from healthcode.control.people.vault import identity_unmask
    from healthcode.control.problems import Problem

    with world.system():
        number = world.subject(ZHAO)
        with pytest.raises(Problem) as caught:
            identity_unmask(number, ["phone"], reason="  ", now=datetime.now(UTC))
    assert caught.value.code == "reason_missing"
    with world.acting(ZHOU), pytest.raises(Problem):
        identity_unmask(number, ["phone"], reason="核实", now=datetime.now(UTC))


def test_guessing_a_phone_code_stops_after_five_also_at_once(world: World) -> None:
    """Forty guesses in parallel: five are compared; then the right code is worth nothing."""
    from django.db import connection

    apply(world, LIN)
    world.superuser("UPDATE people_phonecode SET sent_at = sent_at - interval '1 day'")
    right = code_of(world, LIN.phone)

    def guess(n: int) -> int:
        body = {"phone": LIN.phone, "phone_code": f"{(int(right) + 1 + n) % 1_000_000:06d}"}
        try:
            return world.client().post("/api/people/sessions", body, JSON).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(guess, range(40))) == {422}
    assert world.superuser("SELECT attempts FROM people_phonecode ORDER BY id DESC LIMIT 1") == [(5,)]
    late = world.client().post("/api/people/sessions", {"phone": LIN.phone, "phone_code": right}, JSON)
    assert (late.status_code, late.json()["code"]) == (422, "phone_code_wrong")


def test_answers_do_not_tell_whether_a_phone_is_known(world: World) -> None:
    """Sending a code and guessing one answer the same for Lin, who applied, and for a phone nobody has."""
    apply(world, LIN)
    world.superuser("UPDATE people_phonecode SET sent_at = sent_at - interval '1 day'")
    client = world.client()
    sent = [client.post("/api/people/phone-codes", {"phone": p}, JSON) for p in (LIN.phone, "13900000000")]
    wrong = [
        client.post("/api/people/sessions", {"phone": p, "phone_code": "000000"}, JSON)
        for p in (LIN.phone, "13900000000", "13900000001")
    ]
    assert len({(r.status_code, r.content) for r in sent}) == 1
    assert len({(r.status_code, r.content) for r in wrong}) == 1


def test_a_borrowed_or_invented_identity_is_refused_and_recorded(world: World) -> None:
    """Lin's document under Zhao's name, and a document that nobody has: one answer, two open refusals, no person."""
    invented = resident_id(COUNTY, QIAN.document.birth_date or datetime.now(UTC).date(), 999)
    borrowed = apply(world, LIN, name=ZHAO.name)
    unknown = apply(world, MEI, document_number=invented.number)
    assert (borrowed.status_code, borrowed.json()["code"]) == (422, "identity_not_matched")
    assert borrowed.content == unknown.content
    assert world.superuser("SELECT reason, handled FROM people_refusal ORDER BY id") == [
        ("mismatch", False),
        ("unknown", False),
    ]
    events = "SELECT count(*), count(subject) FROM audit_event WHERE name = 'resident:application:refused'"
    assert world.superuser(events) == [(2, 0)]
    assert world.superuser("SELECT count(*) FROM people_subject") == [(0,)]


def test_a_refused_application_spends_its_code(world: World) -> None:
    """Names cannot be tried out on a document with one text message."""
    code = code_of(world, LIN.phone)
    for name, expected in ((ZHAO.name, "identity_not_matched"), (LIN.name, "phone_code_wrong")):
        answer = world.client().post("/api/people/applications", application(LIN, code, name=name), JSON)
        assert answer.json()["code"] == expected


def test_a_sealed_edge_session_opens_nothing_in_control(world: World) -> None:
    """A stolen edge can mint such sessions; with one nobody reads a person's page."""
    session = apply(world, LIN).json()["session"]
    client = world.client()
    assert client.get("/api/people/me", headers={"authorization": f"Bearer {session}"}).status_code == 401
    client.cookies[RESIDENT_COOKIE] = session
    assert client.get("/api/people/me").status_code == 401


def test_another_site_cannot_act_with_the_cookie(world: World) -> None:
    """A form elsewhere that posts the withdrawal with Lin's cookie is refused."""
    apply(world, LIN)
    client = world.client(number_of(world, LIN))
    answer = client.post("/api/people/withdrawal", {}, JSON, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert client.get("/api/people/me").json()["color"] == "green"


def test_an_unproved_phone_cannot_take_over_a_code(world: World) -> None:
    """Name and document of Lin with a code for another phone than the one named: nothing moves."""
    apply(world, LIN)
    body = application(LIN, code_of(world, "13900000000"), phone=MEI.phone)
    answer = world.client().post("/api/people/applications", body, JSON)
    assert answer.json()["code"] == "phone_code_wrong"
    assert world.superuser("SELECT generation FROM subject_state") == [(1,)]


def test_four_applications_at_once_make_one_person(world: World) -> None:
    """The same document from four phones at the same moment: one subject, one identity, one phone holds it."""
    from django.db import connection

    phones = [f"1390000000{n}" for n in range(4)]
    codes = {phone: code_of(world, phone) for phone in phones}

    def one(phone: str) -> int:
        try:
            body = application(LIN, codes[phone], phone=phone)
            return world.client().post("/api/people/applications", body, JSON).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, phones)) == [200, 409, 409, 409]
    counts = "SELECT (SELECT count(*) FROM people_identity), (SELECT count(*) FROM people_subject), generation"
    assert world.superuser(counts + " FROM subject_state") == [(1, 1, 1)]
