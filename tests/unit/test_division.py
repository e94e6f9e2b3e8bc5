"""Shanxi's divisions: eleven cities, 117 counties, and what changed since 2018."""

from datetime import date

from healthcode.domain.division import (
    cities,
    counties,
    division_current,
    division_get,
    division_within,
    history,
    prefix_known,
)


def test_shanxi_has_eleven_cities_and_117_counties() -> None:
    """GB/T 2260, 14."""
    assert (len(cities()), len(counties())) == (11, 117)
    assert len({d.code for d in counties()}) == 117
    assert {d.parent for d in counties()} == {d.code for d in cities()}
    assert len({(d.parent, d.name_zh) for d in counties()}) == 117


def test_development_zones_are_no_counties() -> None:
    """Codes xx71 to xx79 are left out."""
    assert not [d for d in counties() if 71 <= int(d.code[4:]) <= 79]


def test_between_2018_and_2019_ten_codes_ended_and_eight_began() -> None:
    """Datong, Changzhi and Shuozhou; Taigu followed."""
    window = (date(2018, 1, 1), date(2019, 12, 31))
    ended = [d for d in history() if d.until and window[0] <= d.until <= window[1]]
    began = [d for d in history() if d.current and window[0] <= d.since <= window[1]]
    assert (len(ended), len(began)) == (10, 8)
    assert {d.code[:4] for d in ended} == {"1402", "1404", "1406"}


def test_a_record_of_the_old_datong_county_is_found_in_yunzhou() -> None:
    """Mergers keep records reachable."""
    assert division_current("140227") == "140215"
    assert division_get("140227").successors == ("140215",)
    assert division_within("140227", "140200")
    assert division_within("140227", "140215")
    assert division_current("999999") == "999999"


def test_every_successor_is_in_use() -> None:
    """No chain ends in the air."""
    for division in history():
        for successor in division.successors:
            assert division_get(successor).current


def test_prefixes_of_ended_places_stay_known() -> None:
    """People keep their number for life."""
    assert all(prefix_known(d.code) for d in (*counties(), *history()))
    assert prefix_known("142401")
    assert not prefix_known("140000")
    assert not prefix_known("14072X")
