"""Files that come in: whole or not at all, the same twice changes nothing, each fault with what to do."""

import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from healthcode.control.exchange.reading import BLOCK
from healthcode.domain.division import counties
from healthcode.domain.document import resident_id_check_digit
from tests.control_world import World
from tests.intake import (
    LEAD_HEADER,
    NOW,
    RESULT_HEADER,
    csv_bytes,
    hand_in,
    lead,
    leads,
    leads_file,
    result,
    results,
    results_file,
    signed,
    with_code,
)
from tests.people import HE, LIN, QIAN, SHEN, SUN, ZHAO

TABLES = (
    "people_subject",
    "people_identity",
    "casework_lead",
    "casework_workitem",
    "evidence_evidence",
    "evidence_decision",
    "exchange_batch",
    "exchange_batchrow",
    "feed_outbox",
)


def counts(world: World) -> dict[str, int]:
    return {table: int(world.superuser(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES}


def faults(world: World) -> list[tuple[int, str, str]]:
    report = world.superuser("SELECT report FROM exchange_upload ORDER BY uploaded_at DESC, id DESC LIMIT 1")[0][0]
    return [(fault["row"], fault["column"], fault["code"]) for fault in report["faults"]]


def test_leads_become_subjects_and_work_items_with_a_clock(world: World) -> None:
    report = leads(world, lead(ZHAO, row="1"), lead(QIAN, row="2"))
    assert (report.state, report.new, report.known) == ("imported", 2, 0)
    due = world.superuser("SELECT division, state, due_at FROM casework_workitem")
    assert due == [(ZHAO.division, "queued", NOW + timedelta(hours=24))] * 2


def test_nothing_about_a_person_stands_readable_in_the_database(world: World) -> None:
    leads(world, lead(ZHAO))
    rows = world.superuser(
        "SELECT l::text || i::text || u::text FROM casework_lead l, people_identity i, exchange_upload u"
    )
    for text in (ZHAO.name, ZHAO.document.number, ZHAO.phone, ZHAO.address):
        assert text not in rows[0][0]
        assert text.encode().hex() not in rows[0][0]


def test_the_same_file_again_changes_nothing(world: World) -> None:
    leads(world, lead(ZHAO))
    before = counts(world)
    again = leads(world, lead(ZHAO))
    assert (again.state, again.new, again.known) == ("imported", 0, 1)
    assert counts(world) == before


def test_a_row_that_came_before_in_another_file_is_already_known(world: World) -> None:
    leads(world, lead(ZHAO, row="A1"))
    report = leads(world, lead(ZHAO, row="A1"), lead(QIAN, row="A2"))
    assert (report.new, report.known) == (1, 1)


def test_one_bad_row_of_many_leaves_the_database_as_it_was(world: World) -> None:
    before = counts(world)
    rows = [lead(ZHAO, row="1"), lead(QIAN, row="2"), lead(SUN, row="3")]
    rows[1][3] = rows[1][3][:-1] + ("0" if rows[1][3][-1] != "0" else "1")
    assert leads(world, *rows).state == "refused"
    assert counts(world) == before
    assert faults(world) == [(3, "document_number", "document_check_digit")]


def test_a_refused_file_is_unreadable_afterwards(world: World) -> None:
    from healthcode.control.exchange.models import Upload
    from healthcode.control.exchange.uploads import upload_content

    hand_in(world, SHEN, b"x,y\r\n1,2\r\n")
    with world.system():
        assert upload_content(Upload.objects.get()) is None
    assert world.superuser("SELECT count(*) FROM exchange_uploadpart") == [(0,)]


BAD = {
    "header_missing": b"a,b\r\n1,2\r\n",
    "header_unknown": csv_bytes([*LEAD_HEADER, "银行账号"], [[*lead(ZHAO), "1"]]),
    "header_repeated": csv_bytes([*LEAD_HEADER, "姓名"], [[*lead(ZHAO), "1"]]),
    "no_rows": leads_file(),
    "file_spreadsheet": b"%PDF-1.7" + bytes(range(200)),
    "file_damaged_sheet": b"PK\x03\x04" + bytes(range(200)),
    "file_utf16": leads_file(lead(ZHAO)).decode().encode("utf-16"),
    "file_nul": leads_file(lead(ZHAO)) + b"\0\0\0",
    "file_binary": leads_file(lead(ZHAO)) + b"\x07\x1b[2J",
    "file_truncated": leads_file(lead(ZHAO))[:-3],
    "file_encoding": leads_file(lead(ZHAO)).replace("同桌".encode(), "同桌".encode()[1:]),
    "file_quotes": leads_file(lead(ZHAO)).replace("与病例".encode(), b'"x"y'),
    "row_columns": leads_file(lead(ZHAO)[:-1]),
    "cell_too_long": leads_file([*lead(ZHAO)[:10], "长" * 501, "文号"]),
    "row_id_repeated": leads_file(lead(ZHAO), lead(QIAN)),
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_file_is_answered_with_what_to_fix_and_changes_nothing(world: World, code: str) -> None:
    from healthcode.control.exchange.messages import message
    from healthcode.control.exchange.models import Upload

    before = counts(world)
    assert hand_in(world, SHEN, BAD[code]).state == "refused"
    assert counts(world) == before
    with world.system():
        found = [f for f in Upload.objects.get().report["faults"] if f["code"] == code]
    assert found
    assert message(code, found[0]["params"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_every_usual_encoding_is_read(world: World, encoding: str) -> None:
    content = csv_bytes(LEAD_HEADER, [lead(ZHAO)], encoding)
    assert hand_in(world, SHEN, content).state == "imported"


def test_english_headers_in_any_order_are_read(world: World) -> None:
    header = ["Name", "Row ID", "document number", "suspected_kind", "Anchor Date", "source document"]
    row = [LIN.name, "1", LIN.document.number, "close_contact", "2022-10-09", "letter 28"]
    assert hand_in(world, SHEN, csv_bytes(header, [row])).new == 1


def test_a_signed_result_renews_the_test_age(world: World) -> None:
    with_code(world, LIN)
    assert results(world, result(LIN, at=NOW - timedelta(hours=3))).new == 1
    assert world.superuser("SELECT kind, fields ->> 'result', division FROM evidence_evidence") == [
        ("test", "negative", LIN.division)
    ]


def test_a_positive_of_a_single_tube_turns_red_at_once_and_a_pooled_one_yellow(world: World) -> None:
    lin, sun = with_code(world, LIN, SUN)
    at = NOW - timedelta(hours=3)
    results(world, result(LIN, row="1", at=at, word="阳性"), result(SUN, row="2", at=at, word="阳性", pool="10"))
    colors = dict(world.superuser("SELECT number, color FROM subject_state"))
    assert (colors[lin], colors[sun]) == ("red", "yellow")


def test_a_result_takes_the_place_of_its_pending_row(world: World) -> None:
    at = NOW - timedelta(hours=3)
    results(world, result(LIN, row="1", at=at, word="待出"))
    results(world, result(LIN, row="2", at=at), now=NOW + timedelta(hours=1))
    rows = world.superuser("SELECT id, supersedes_id FROM evidence_evidence ORDER BY id")
    assert rows[1][1] == rows[0][0]


def test_results_without_the_laboratorys_signature_are_not_even_taken(world: World) -> None:
    from healthcode.control.exchange.faults import FileFault

    with pytest.raises(FileFault, match="signature_missing"):
        hand_in(world, HE, results_file(result(LIN, at=NOW)))


@pytest.mark.parametrize("change", [b"\xe9\x98\xb4", b"PY1"])
def test_a_forged_laboratory_row_is_refused(world: World, change: bytes) -> None:
    from healthcode.control.exchange.faults import FileFault

    genuine = results_file(result(LIN, at=NOW - timedelta(hours=3)))
    forged = genuine.replace(change, "阳".encode() if change != b"PY1" else b"PY2")
    with pytest.raises(FileFault, match="signature_invalid"):
        hand_in(world, HE, forged, signature=signed(genuine))


def test_a_sampling_time_ahead_of_the_clock_is_refused(world: World) -> None:
    assert results(world, result(LIN, at=NOW + timedelta(minutes=6))).state == "refused"
    assert (2, "sampled_at", "time_future") in faults(world)


def test_the_headers_of_both_files_are_the_published_ones() -> None:
    from healthcode.control.exchange.schema import COLUMNS

    for kind, header in (("leads", LEAD_HEADER), ("results", RESULT_HEADER)):
        assert set(header) == {column.zh for column in COLUMNS[kind]}


def test_the_command_line_imports_the_same_way(world: World, tmp_path: Path) -> None:
    file, sig = tmp_path / "results.csv", tmp_path / "results.sig"
    file.write_bytes(results_file(result(LIN, at=NOW)))
    sig.write_bytes(signed(file.read_bytes()))
    command = [sys.executable, "-m", "healthcode.cli.main", "import", "results", str(file), "--unit"]
    environment = {**os.environ, **world.database.environment}
    for words, told in (
        (["平遥县核酸检测中心", "--signature", str(sig)], "1 rows, 1 new"),
        (["平遥县核酸检测中心"], "signature_missing"),
        (["平遥县赋码转码专班", "--signature", str(sig)], "unit_kind"),
    ):
        done = subprocess.run([*command, *words], env=environment, capture_output=True, text=True, check=False)
        assert told in done.stdout + done.stderr
        assert (done.returncode == 0) == ("new" in told)
    assert world.superuser("SELECT count(*) FROM evidence_evidence") == [(1,)]


def many(how_many: int) -> list[list[str]]:
    draw, places = random.Random(7), [county.code for county in counties()]
    rows = []
    for i in range(how_many):
        first17 = f"{draw.choice(places)}{draw.randint(1950, 2009)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
        first17 += f"{draw.randint(0, 999):03d}"
        number = first17 + resident_id_check_digit(first17)
        rows.append(
            [
                f"L{i}",
                "张三",
                "",
                number,
                f"139{draw.randint(0, 99999999):08d}",
                "密接",
                "2022-10-09",
                draw.choice(places),
                "古陶镇某街某号",
                "永兴市场",
                "同桌就餐",
                "晋疫防数〔2022〕118号",
            ]
        )
    return rows


@pytest.mark.slow
def test_a_file_of_more_rows_than_are_read_at_once_is_imported_whole(world: World) -> None:
    rows = 2 * BLOCK + 5_000
    report = hand_in(world, SHEN, leads_file(*many(rows)))
    assert (report.state, report.new) == ("imported", rows)
    assert [counts(world)[table] for table in ("casework_lead", "exchange_batchrow")] == [rows, rows]
