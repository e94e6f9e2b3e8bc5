"""Which place of the left column a page belongs to."""

from __future__ import annotations

from healthcode.control.console import PLACES, place_of


def test_a_page_below_a_place_marks_that_place_and_not_a_shorter_one() -> None:
    assert place_of("/console/county/areas/7/propose", PLACES) == "/console/county/areas/"
    assert place_of("/console/county/items/7", PLACES) == "/console/county/"
    assert place_of("/console/county/", PLACES) == "/console/county/"


def test_a_page_of_no_place_marks_none() -> None:
    assert place_of("/console/", PLACES) == ""
