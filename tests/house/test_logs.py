"""Nothing personal and no secret reaches a log, whoever writes it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from healthcode.wiring.logs import PERSONAL_FIELDS, REDACTED, redact_fields, redact_text
from tests.people import LIN, RESIDENTS, Person

SPEAKING = """
import logging, sys
import structlog
from healthcode.wiring.logs import logs_setup
logs_setup("test", "debug")
name, number, phone = sys.argv[1:]
structlog.get_logger("ours").info("applied", name=name, row={"number": 7, "document_number": number}, phones=[phone])
logging.getLogger("library").warning("refused %s for %s", number, phone)
try:
    raise ValueError(f"no such document {number}, call {phone}")
except ValueError:
    structlog.get_logger("ours").exception("failed")
    logging.getLogger("library").exception("failed")
logging.getLogger("library").info("connecting to postgresql://app:hunter2@db/hc")
"""


@pytest.mark.parametrize("person", RESIDENTS, ids=lambda person: person.key)
def test_no_document_and_no_phone_of_the_cast_survives_in_a_line(person: Person) -> None:
    for text in (
        person.document.number,
        person.phone,
        f"+86 {person.phone}",
        "E12345678",
        "H1234567890",
        "9" * 17 + "X",
    ):
        assert text not in redact_text(f"row 7: {text}, refused")


@pytest.mark.parametrize(
    "harmless", ["2026-11-23T19:04:59.459471Z", "at_ms=1795460699118", "127.0.0.1:18001", "140728", "subject 12345678"]
)
def test_times_ports_divisions_and_subject_numbers_stay_readable(harmless: str) -> None:
    assert redact_text(harmless) == harmless


def test_fields_named_for_something_personal_are_replaced_at_any_depth() -> None:
    event = {"event": "x", "rows": [{"name": LIN.name, "row": 3}], "token": "abc", "address": {"street": "南大街"}}
    assert redact_fields(None, "", event) == {
        "event": "x",
        "rows": [{"name": REDACTED, "row": 3}],
        "token": REDACTED,
        "address": REDACTED,
    }
    assert {"name", "phone", "document_number", "token", "session", "password"} <= PERSONAL_FIELDS


def test_a_process_logs_nothing_personal_through_any_library_or_traceback() -> None:
    spoken = subprocess.run(
        [sys.executable, "-c", SPEAKING, LIN.name, LIN.document.number, LIN.phone],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(spoken.stderr.splitlines()) == 5
    assert not [secret for secret in (LIN.name, LIN.document.number, LIN.phone, "hunter2") if secret in spoken.stderr]
