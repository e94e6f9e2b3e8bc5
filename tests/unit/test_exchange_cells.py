"""One cell → one value, or the fault with its stable code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from healthcode.control.exchange import cells
from healthcode.control.exchange.faults import CellFault
from healthcode.domain.document import DocumentKind
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import date_of
from tests.people import LIN

NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)


def code(parse: Callable[[], object]) -> str:
    with pytest.raises(CellFault) as raised:
        parse()
    return raised.value.code


@pytest.mark.parametrize(("text", "county"), [
    ("140728", "140728"), ("平遥县", "140728"), ("晋中市平遥县", "140728"), ("山西省 晋中市 平遥县", "140728"),
    ("Pingyao County", "140728"), ("阳泉市城区", "140302"), ("", ""), ("110105", ""), ("140211", "140214"),
])  # fmt: skip
def test_a_division_is_read_by_code_or_name_of_any_time(text: str, county: str) -> None:
    assert cells.division_cell(text) == county


@pytest.mark.parametrize(("text", "fault"), [
    ("城区", "division_ambiguous"), ("晋中市", "division_not_county"), ("140700", "division_not_county"),
    ("山西省", "division_not_county"), ("149999", "division_unknown"), ("某地", "division_unknown"),
    ("990101", "division_unknown"),
])  # fmt: skip
def test_what_is_no_county_is_told_apart(text: str, fault: str) -> None:
    assert code(lambda: cells.division_cell(text)) == fault


@pytest.mark.parametrize("text", ["2022-10-09", "2022/10/9", "2022.10.09", "2022年10月9日", "20221009"])
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert date_of(cells.day_cell(text, NOW)).isoformat() == "2022-10-09"


@pytest.mark.parametrize(("text", "fault"), [
    ("2022-10-11", "date_future"), ("2019-11-30", "date_too_old"), ("2022-02-30", "date_unreadable"),
    ("44843", "date_unreadable"), ("昨天", "date_unreadable"), ("10/09/2022", "date_unreadable"),
])  # fmt: skip
def test_a_day_that_cannot_be_is_refused(text: str, fault: str) -> None:
    assert code(lambda: cells.day_cell(text, NOW)) == fault


@pytest.mark.parametrize("text", ["2022-10-10 09:30", "2022/10/10 9:30:00", "2022-10-10T01:30:00+00:00"])
def test_a_time_is_beijing_time_unless_it_says_otherwise(text: str) -> None:
    assert cells.time_cell(text, NOW) == datetime(2022, 10, 10, 1, 30, tzinfo=UTC)


def test_a_sampling_time_may_lie_five_minutes_ahead_and_no_more() -> None:
    ahead = [(NOW + timedelta(minutes=minutes)).isoformat() for minutes in (5, 6)]
    assert cells.time_cell(ahead[0], NOW)
    assert code(lambda: cells.time_cell(ahead[1], NOW)) == "time_future"
    assert code(lambda: cells.time_cell("2022-10-10", NOW)) == "time_unreadable"


def test_a_number_that_the_spreadsheet_rounded_is_named_as_such() -> None:
    assert code(lambda: cells.document_cell(DocumentKind.resident_id, "1.40728E+17", NOW)) == "document_scientific"


@pytest.mark.parametrize("text", [LIN.document.number, "'" + LIN.document.number, LIN.document.number + "\t"])
def test_a_resident_id_is_read_with_and_without_text_marks(text: str) -> None:
    document = cells.document_cell(DocumentKind.resident_id, text.strip(), NOW)
    assert (document.kind, document.number) == (DocumentKind.resident_id, LIN.document.number)


@pytest.mark.parametrize("word", ["密接", "密切接触", "close_contact", "Close contact"])
def test_a_kind_is_read_by_its_names(word: str) -> None:
    assert cells.kind_cell(word) is EvidenceKind.close_contact


@pytest.mark.parametrize("word", ["test", "核酸检测", "release", "红码", "银行储户"])
def test_what_no_officer_may_suspect_is_no_kind(word: str) -> None:
    assert code(lambda: cells.kind_cell(word)) == "kind_unknown"


@pytest.mark.parametrize("text", ["0", "51", "1.5", "-1", "十"])
def test_a_pool_has_one_to_fifty_samples(text: str) -> None:
    assert code(lambda: cells.pool_cell(text)) == "pool_size"
