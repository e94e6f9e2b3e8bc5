"""Spreadsheets: dates as numbers, and every way in which a file shows what it does not hold."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from healthcode.control.exchange.checking import Checker
from healthcode.control.exchange.content import content_of
from tests.people import LIN

NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)
HEADER = ["row id", "name", "document number", "suspected_kind", "anchor date", "source document"]
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

ROOT = (
    f'<Relationships {PACKAGE}><Relationship Id="r0" Type="{RELATED}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)

MERGED = '<mergeCells count="1"><mergeCell ref="A2:B2"/></mergeCells>'


def cell(value: str | float, formula: str = "") -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr">{formula}<is><t>{value}</t></is></c>'
    return f"<c>{formula}<v>{value}</v></c>"


def sheet(*rows: list[str | float], formula: str = "", after: str = "") -> str:
    lines = "".join("<row>" + "".join(cell(v, formula) for v in row) + "</row>" for row in rows)
    return f"<worksheet {MAIN}><sheetData>{lines}</sheetData>{after}</worksheet>"


def workbook(*sheets: str) -> bytes:
    names = "".join(f'<sheet name="S{i}" sheetId="{i}" r:id="r{i}"/>' for i, _ in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{i}" Type="{RELATED}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(sheets, 1)
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{TYPES}"/>')
        archive.writestr("_rels/.rels", ROOT)
        archive.writestr("xl/workbook.xml", f'<workbook {MAIN} xmlns:r="{RELATED}"><sheets>{names}</sheets></workbook>')
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships {PACKAGE}>{links}</Relationships>",
        )
        for i, text in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", text)
    return made.getvalue()


def row(number: str | float = LIN.document.number, day: str | float = 44843) -> list[str | float]:
    return ["1", LIN.name, number, "close_contact", day, "28"]


def found(content: bytes) -> tuple[list[str], list[object]]:
    checker = Checker("leads", NOW)
    rows = [value for chunk in checker.chunks(content_of(content)) for value in chunk.values["anchor_date"]]
    return [fault.code for fault in checker.faults.listed], rows


@pytest.mark.parametrize("day", [44843, "2022-10-09"])
def test_a_day_is_read_from_a_number_that_lost_its_format(day: str | float) -> None:
    assert found(workbook(sheet([*HEADER], row(day=day)))) == ([], [19274])


@pytest.mark.parametrize(("content", "code"), [
    (workbook(sheet([*HEADER], row(number=1.40728199003071e17))), "document_scientific"),
    (workbook(sheet([*HEADER], row()), sheet(["notes"])), "sheet_many"),
    (workbook(sheet([*HEADER], row(), formula="<f>A1</f>")), "sheet_formula"),
    (workbook(sheet([*HEADER], row(), after=MERGED)), "sheet_merged"),
    (workbook(sheet([*HEADER], row()))[:-40], "file_damaged_sheet"),
    (workbook(sheet(["nothing", "known"], ["1", "2"])), "header_missing"),
])  # fmt: skip
def test_what_a_sheet_shows_and_does_not_hold_is_named(content: bytes, code: str) -> None:
    assert code in found(content)[0]


def test_a_bomb_is_not_unpacked() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/worksheets/a.xml", "w") as into:
        for _ in range(600):
            into.write(bytes(1 << 20))
    assert found(made.getvalue())[0] == ["sheet_too_large"]
