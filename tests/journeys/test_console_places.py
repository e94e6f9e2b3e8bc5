"""Which place of the left column a page belongs to."""

from __future__ import annotations

from typing import Any


def place(world: Any, path: str) -> str:
    from healthcode.control.console import PLACES, place_of

    del world  # whoever has it has a configured control
    return place_of(path, PLACES)


def test_a_page_below_a_place_marks_that_place_and_not_a_shorter_one(world: Any) -> None:
    assert place(world, "/console/county/areas/7/propose") == "/console/county/areas/"
    assert place(world, "/console/county/items/7") == "/console/county/"
    assert place(world, "/console/county/") == "/console/county/"


def test_a_page_of_no_place_marks_none(world: Any) -> None:
    assert place(world, "/console/") == ""
