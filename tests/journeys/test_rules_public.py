"""Everybody reads the rules in force: in plain words, in both languages, with each color's shape (Art. 41, 45)."""

from __future__ import annotations

from tests.control_world import World


def test_the_public_page_says_days_tests_and_shape_of_a_close_contact(world: World) -> None:
    page = world.client().get("/rules/").content.decode()
    assert "第1、2、3、5、7天各检测一次" in page
    assert "第10天检测一次" in page
    assert "#octagon-cross" in page


def test_programs_read_the_same_in_english(world: World) -> None:
    told = world.client().get("/api/rules/in-force?lang=en").json()
    assert told["in_force"]["key"] == "ninth-edition@1.1"
    (contact,) = [rule for rule in told["rules"] if rule["id"] == "close_contact"]
    assert "one test on day 1, 2, 3, 5, 7" in contact["phases"][0]
