"""A laboratory's machine hands files in: its signature is all it has, and all it needs."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from healthcode.crypto.suites import suite
from tests.control_world import LABORATORY, World
from tests.intake import RESULT_HEADER, result, results_file
from tests.people import LIN, SUN, ZHAO

STRANGER = suite("intl").generate_signing_key()
NOW = datetime.now(UTC)
FILE = results_file(result(LIN, at=NOW - timedelta(hours=3)))


def unit(world: World, kind: str = "laboratory") -> int:
    return int(
        world.superuser("SELECT id FROM offices_unit WHERE kind = %s ORDER BY signing_key IS NULL, id LIMIT 1", [kind])[
            0
        ][0]
    )


def send(world: World, content: bytes = FILE, *, kind: str = "results", key: Any = LABORATORY, **change: Any) -> Any:
    """What the machine sends; `body`, `length` and `unit` change what it would send."""
    digest = hashlib.sha256(content).digest()
    headers = {
        "HTTP_HEALTHCODE_UNIT": str(change.get("unit") or unit(world)),
        "HTTP_CONTENT_DIGEST": f"sha-256=:{base64.b64encode(digest).decode()}:",
        "HTTP_HEALTHCODE_SIGNATURE": base64.urlsafe_b64encode(key.sign(digest)).decode().rstrip("="),
        **({"CONTENT_LENGTH": str(change["length"])} if "length" in change else {}),
    }
    body = change.get("body", content)
    return world.client().generic("POST", f"/api/exchange/batches/{kind}", body, "text/csv", **headers)


def state(world: World, answer: Any, token: str | None = None, suffix: str = "") -> Any:
    handed = answer.json()
    bearer = {"Authorization": f"Bearer {handed['token'] if token is None else token}"}
    return world.client().get(handed["state"] + suffix, headers=bearer)


def imported(world: World, answer: Any) -> Any:
    from uuid import UUID

    from healthcode.control.exchange.services import upload_import

    upload_import(UUID(answer.json()["id"]), now=datetime.now(UTC))
    return state(world, answer).json()


def uploads(world: World) -> int:
    return int(world.superuser("SELECT count(*) FROM exchange_upload")[0][0])


def test_a_signed_file_is_taken_imported_and_told(world: World) -> None:
    answer = send(world)
    assert (answer.status_code, state(world, answer).json()["state"]) == (202, "received")
    assert world.superuser("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'imports'") == [(1,)]
    told = imported(world, answer)
    assert (told["state"], told["rows"], told["new"], told["known"], told["faults"]) == ("imported", 1, 1, 0, 0)
    assert world.superuser("SELECT kind, batch_id::text FROM evidence_evidence") == [("test", told["batch"])]


def test_json_lines_are_taken_the_same_way(world: World) -> None:
    from healthcode.control.exchange.schema import COLUMNS

    ids = {column.zh: column.id for column in COLUMNS["results"]}
    cells = zip(RESULT_HEADER, result(SUN, at=NOW - timedelta(hours=2)), strict=True)
    line = json.dumps({ids[name]: cell for name, cell in cells if cell})
    assert imported(world, send(world, line.encode()))["new"] == 1


def test_the_same_file_again_is_the_same_batch(world: World) -> None:
    first = send(world)
    imported(world, first)
    again = send(world)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (uploads(world), len(world.superuser("SELECT 1 FROM exchange_batch"))) == (1, 1)


def test_a_refused_file_names_its_faults_and_no_cell(world: World) -> None:
    rows = result(LIN, row="1", at=NOW - timedelta(hours=3)), result(SUN, row="2", at=NOW + timedelta(hours=1))
    answer = send(world, results_file(*rows))
    told = imported(world, answer)
    assert (told["state"], told["faults"]) == ("refused", 2)
    report = state(world, answer, suffix="/report").content.decode()
    assert "3,采样时间,time_future" in report
    assert SUN.name not in report


def test_another_key_is_refused_before_anything_is_kept(world: World) -> None:
    answer = send(world, key=STRANGER)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert uploads(world) == 0


def test_a_units_key_does_not_sign_for_another_unit(world: World) -> None:
    office = unit(world, "county_office")
    world.superuser("UPDATE offices_unit SET signing_key = %s WHERE id = %s", [STRANGER.public.to_bytes(), office])
    answer = send(world, key=STRANGER)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")


@pytest.mark.parametrize("number", ["999999", "x", "9" * 40])
def test_an_unknown_unit_is_answered_as_one_without_a_key(world: World, number: str) -> None:
    answer = send(world, unit=number)
    assert (answer.status_code, answer.json()["code"]) == (401, "unit_without_key")


def test_an_altered_byte_is_refused(world: World) -> None:
    answer = send(world, body=FILE.replace("阴性".encode(), "阳性".encode()))
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_differs")
    assert uploads(world) == 0


def test_a_laboratory_hands_in_no_leads(world: World) -> None:
    answer = send(world, kind="leads")
    assert (answer.status_code, answer.json()["code"]) == (403, "unit_kind")


@pytest.mark.parametrize(("length", "status"), [(600 << 20, 413), ("", 411)])
def test_what_is_too_large_or_of_unknown_length_is_not_read(world: World, length: object, status: int) -> None:
    assert send(world, length=length).status_code == status


@pytest.mark.parametrize("missing", ["HTTP_CONTENT_DIGEST", "HTTP_HEALTHCODE_SIGNATURE", "HTTP_HEALTHCODE_UNIT"])
def test_what_is_missing_is_named(world: World, missing: str) -> None:
    header = missing.removeprefix("HTTP_").replace("_", "-")
    sent = {"HTTP_CONTENT_DIGEST": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:", "HTTP_HEALTHCODE_UNIT": "1"}
    sent["HTTP_HEALTHCODE_SIGNATURE"] = base64.urlsafe_b64encode(bytes(64)).decode()
    sent = {name: value for name, value in sent.items() if name != missing}
    answer = world.client().generic("POST", "/api/exchange/batches/results", FILE, "text/csv", **sent)
    assert answer.status_code in {400, 401}
    assert header in answer.json()["detail"].upper()


def test_a_stranger_learns_nothing_of_a_file(world: World) -> None:
    answer, other = send(world), send(world, results_file(result(ZHAO, at=NOW - timedelta(hours=4))))
    forged = "1." + answer.json()["token"].partition(".")[2]
    for token in ("", "x", "9" * 5000, forged, other.json()["token"]):
        refused = state(world, answer, token)
        assert (refused.status_code, refused.json()["code"]) == (404, "upload_unknown")
    assert state(world, answer, "", "/report").status_code == 404


def test_a_unit_with_many_files_waiting_is_asked_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthcode.control.exchange.handing.WAITING", 1)
    send(world)
    answer = send(world, results_file(result(ZHAO, at=NOW - timedelta(hours=4))))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert send(world).status_code == 200


def test_anybody_reads_the_schemas(world: World) -> None:
    answer = world.client().get("/api/exchange/schemas/results")
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.json()["$id"] == "urn:healthcode:intake:results"
    assert world.client().get("/api/exchange/schemas/x").status_code == 404
