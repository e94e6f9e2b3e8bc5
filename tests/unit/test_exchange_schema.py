"""The published description of incoming files is the one that the code keeps."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthcode.control.exchange.checking import Checker
from healthcode.control.exchange.columns import header_fold
from healthcode.control.exchange.content import content_of
from healthcode.control.exchange.messages import CELL, FILE
from healthcode.control.exchange.schema import COLUMNS, KINDS, SPECS, FileKind, sample_csv, schema_document
from healthcode.domain.evidence import KIND_SPECS

NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)
SPEC = Path(__file__).resolve().parents[2] / "spec"


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schema_is_written_from_the_code(kind: FileKind) -> None:
    published = json.loads((SPEC / "intake" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    assert published == schema_document(kind)


def test_the_page_names_every_code_and_no_other() -> None:
    codes = (SPEC / "intake.md").read_text(encoding="utf-8").partition("## Codes")[2]
    assert set(re.findall(r"`(\w+)`", codes)) == {*FILE, *CELL}


@pytest.mark.parametrize("kind", KINDS)
def test_no_header_stands_for_two_columns(kind: FileKind) -> None:
    headers = [header for column in COLUMNS[kind] for header in column.headers]
    assert len(headers) == len(set(headers))


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_file_has_no_fault(kind: FileKind) -> None:
    checker = Checker(kind, NOW)
    assert sum(len(chunk.numbers) for chunk in checker.chunks(content_of(sample_csv(kind)))) == 1
    assert checker.faults.listed == []


def test_what_needs_a_reviewer_can_only_come_as_leads() -> None:
    for spec in SPECS.values():
        assert spec.evidence is None or KIND_SPECS[spec.evidence].reviewed == spec.leads


def test_headers_are_compared_without_width_case_and_spaces() -> None:
    assert {header_fold(h) for h in ("Row ID", "row_id", "ＲＯＷ－ＩＤ", "\ufeffrow id*", "row id (必填)")} == {"rowid"}


@pytest.mark.parametrize("code", [*FILE, *CELL])
def test_every_fault_says_in_both_languages_what_to_do(code: str) -> None:
    zh, en = FILE.get(code) or CELL[code]
    assert set(re.findall(r"\{(\w+?)(?:_zh)?\}", zh)) == set(re.findall(r"\{(\w+?)(?:_en)?\}", en))
    assert en.endswith(".")
    assert zh.endswith("。")
