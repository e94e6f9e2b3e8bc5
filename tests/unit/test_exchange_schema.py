"""The published description of incoming files is the one that the code keeps."""

import json
import re
from pathlib import Path

import pytest

from healthcode.control.exchange.messages import CELL, FILE
from healthcode.control.exchange.schema import COLUMNS, FileKind, header_fold, schema_document

SPEC = Path(__file__).resolve().parents[2] / "spec"


@pytest.mark.parametrize("kind", ["leads", "results"])
def test_the_published_schema_is_written_from_the_code(kind: FileKind) -> None:
    published = json.loads((SPEC / f"intake-{kind}.schema.json").read_text(encoding="utf-8"))
    assert published == schema_document(kind)


def test_the_page_names_every_code_and_no_other() -> None:
    codes = (SPEC / "intake.md").read_text(encoding="utf-8").partition("## Codes")[2]
    assert set(re.findall(r"`(\w+)`", codes)) == {*FILE, *CELL}


@pytest.mark.parametrize("kind", ["leads", "results"])
def test_no_header_stands_for_two_columns(kind: FileKind) -> None:
    headers = [header for column in COLUMNS[kind] for header in column.headers]
    assert len(headers) == len(set(headers))


def test_headers_are_compared_without_width_case_and_spaces() -> None:
    assert {header_fold(h) for h in ("Row ID", "row_id", "ＲＯＷ－ＩＤ", "\ufeffrow id*", "row id (必填)")} == {"rowid"}


@pytest.mark.parametrize("code", [*FILE, *CELL])
def test_every_fault_says_in_both_languages_what_to_do(code: str) -> None:
    zh, en = FILE.get(code) or CELL[code]
    assert set(re.findall(r"\{(\w+?)(?:_zh)?\}", zh)) == set(re.findall(r"\{(\w+?)(?:_en)?\}", en))
    assert en.endswith(".")
    assert zh.endswith("。")
