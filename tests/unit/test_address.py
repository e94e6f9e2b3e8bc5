"""Places in addresses: a compound is found however its people write their address, and nobody by her door number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.domain.address import MOST_PLACES, place_named, places_of


@pytest.mark.parametrize(
    ("address", "places"),
    [
        ("平遥县古陶镇南大街1号", ("古陶镇", "南大街", "古陶镇/南大街")),
        ("山西省晋中市平遥县 古陶镇 锦绣小区3号楼2单元501", ("古陶镇", "锦绣小区", "古陶镇/锦绣小区")),
        ("锦绣小区（北区）１２栋", ("锦绣小区",)),
        ("平遥县顺城路8号锦绣花园12栋", ("顺城路", "锦绣花园")),
        ("中都乡东泉村", ("中都乡", "东泉村", "中都乡/东泉村")),
        ("3号楼501室", ()),
        ("", ()),
    ],
)
def test_an_address_is_found_by_town_street_and_compound(address: str, places: tuple[str, ...]) -> None:
    assert places_of(address) == places


def test_a_line_of_a_designation_finds_those_whose_address_says_as_much() -> None:
    lin, zhao = places_of("平遥县古陶镇锦绣小区3号楼"), places_of("锦绣小区12栋")
    assert (place_named("锦绣小区") in lin, place_named("锦绣小区") in zhao) == (True, True)
    assert (place_named("古陶镇锦绣小区") in lin, place_named("古陶镇锦绣小区") in zhao) == (True, False)
    assert place_named("古陶镇") in lin


@given(st.text(max_size=60))
def test_whatever_names_a_place_finds_an_address_written_alike(text: str) -> None:
    places = places_of(text)
    assert len(places) <= MOST_PLACES
    assert "" not in places
    assert not places or place_named(text)
