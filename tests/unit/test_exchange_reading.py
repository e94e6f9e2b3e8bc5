"""Bytes → rows: encoding, damage, and laws that hold for any bytes at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.control.exchange.checking import Checker, Chunk
from healthcode.control.exchange.content import content_of
from healthcode.control.exchange.encoding import encoding_of
from healthcode.control.exchange.faults import LISTED, FileFault
from healthcode.control.exchange.reading import blocks_read
from healthcode.control.exchange.schema import KINDS, FileKind
from tests.intake import LEAD_HEADER, csv_bytes, lead, leads_file
from tests.people import LIN, QIAN

NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)


def checked(content: bytes, kind: FileKind = "leads") -> tuple[Checker, list[Chunk]]:
    """A file checked whole: the checker with its faults, and the rows without."""
    checker = Checker(kind, NOW)
    return checker, list(checker.chunks(content_of(content)))


@pytest.mark.parametrize(("encoding", "found"), [
    ("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"),
])  # fmt: skip
def test_the_encoding_is_found_out_from_the_whole_file(encoding: str, found: str) -> None:
    content = csv_bytes(LEAD_HEADER, [lead(LIN)], encoding)
    assert encoding_of(content_of(content)) == found
    assert checked(content)[1][0].values["name"] == [LIN.name]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_separate_as_well(delimiter: str) -> None:
    content = leads_file(lead(LIN)).replace(b",", delimiter.encode())
    assert len(checked(content)[1][0].numbers) == 1


def test_damaged_utf8_is_not_read_as_gbk() -> None:
    content = leads_file(lead(LIN), lead(QIAN, row="2")).replace("同桌".encode(), "同桌".encode()[:-1], 1)
    with pytest.raises(FileFault) as raised:
        encoding_of(content_of(content))
    assert (raised.value.code, raised.value.params) == ("file_encoding", {"line": 2})


def test_empty_lines_count_for_the_row_number_and_for_nothing_else() -> None:
    content = leads_file(lead(LIN), [""] * 12, lead(QIAN, row="2"))
    assert [block.numbers for block in blocks_read("leads", content_of(content))] == [[2, 4]]


def test_a_report_lists_so_many_faults_and_counts_all() -> None:
    bad = [lead(LIN, row=str(i), kind="?") for i in range(LISTED + 50)]
    faults = checked(leads_file(*bad))[0].faults
    assert (len(faults.listed), faults.total) == (LISTED, LISTED + 50)


def test_no_fault_repeats_the_content_of_a_cell() -> None:
    row = lead(LIN)
    row[3], row[4], row[6] = "140728199003071260", "110", "一九八五"
    told = str(checked(leads_file(row))[0].faults.listed)
    assert not any(cell in told for cell in (row[1], row[3], row[6], row[8]))


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_the_check_fail_in_any_other_way_than_by_faults(data: bytes) -> None:
    for kind in KINDS:
        assert checked(data, kind)[0].faults.total > 0


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_genuine_file_with_one_byte_changed_never_raises(data: st.DataObject) -> None:
    content = bytearray(leads_file(lead(LIN)))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    checker, chunks = checked(bytes(content))
    assert checker.faults.total > 0 or sum(len(chunk.numbers) for chunk in chunks) <= 1
