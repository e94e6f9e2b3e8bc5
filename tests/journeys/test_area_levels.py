"""Levels that end by rule: county and city see the day, the worker makes it, whoever lives there is released."""

from datetime import datetime, timedelta

import pytest

from healthcode.domain.time import day_of, minute_of
from tests.audit_world import codes, found
from tests.control_world import World
from tests.designation import county_wide, decided, designated, designation
from tests.intake import NOW, lead, leads, proposed, reviewed, with_code
from tests.people import FENG, GAO, LIN, ZHAO, ZHOU

TODAY = day_of(minute_of(NOW))
EIGHTH = NOW.replace(day=17, hour=16)
"""Midnight in the region when the seventh clear day, 17 October, ends."""
ELEVENTH = EIGHTH + timedelta(days=3)


def ruled(world: World, now: datetime) -> list[int]:
    """The worker's hour: steps, and everybody concerned derived."""
    from healthcode.control.areas.consequences import area_derive
    from healthcode.control.areas.ruling import levels_rule

    changed = levels_rule(now=now)
    for area in changed:
        area_derive(area, now=now)
    return changed


def colors(world: World) -> list[str]:
    return [row[0] for row in world.superuser("SELECT color FROM subject_state ORDER BY number")]


@pytest.fixture
def area(world: World) -> tuple[World, int]:
    """Pingyao at high risk with Lin and Zhao in it, both red."""
    with_code(world, LIN, ZHAO)
    return world, county_wide(world).area_id


def test_red_while_high_yellow_after_seven_clear_days_green_after_three_more(area: tuple[World, int]) -> None:
    world, pingyao = area
    assert ruled(world, EIGHTH - timedelta(minutes=1)) == []
    assert colors(world) == ["red", "red"]
    assert ruled(world, EIGHTH) == [pingyao]
    assert colors(world) == ["yellow", "yellow"]
    assert ruled(world, ELEVENTH - timedelta(minutes=1)) == []
    assert ruled(world, ELEVENTH) == [pingyao]
    assert colors(world) == ["green", "green"]
    assert found(world) == []


def test_a_step_names_its_rule_and_days_and_no_officer(area: tuple[World, int]) -> None:
    world, pingyao = area
    ruled(world, EIGHTH)
    row = world.superuser("SELECT former, level, ruleset, rule, clear_since, clear_days FROM areas_ruledstep")
    assert row == [("high", "medium", "ninth-edition@1.1", "ninth", TODAY, 7)]
    event = world.superuser(
        "SELECT e.officer, l.id IS NOT NULL FROM audit_event e LEFT JOIN audit_pendingleaf l ON l.event_id = e.id"
        " WHERE e.name = 'system:area_level:ruled' AND e.reference = %s",
        [f"area:{pingyao}"],
    )
    assert event == [(None, True)]


def test_the_worker_makes_a_step_once_and_after_an_outage_all_that_are_due(area: tuple[World, int]) -> None:
    world, pingyao = area
    assert ruled(world, ELEVENTH + timedelta(hours=5)) == [pingyao]
    assert ruled(world, ELEVENTH + timedelta(hours=5)) == []
    assert world.superuser("SELECT former, level FROM areas_ruledstep ORDER BY id") == [
        ("high", "medium"),
        ("medium", "low"),
    ]
    assert (colors(world), found(world)) == (["green", "green"], [])


def test_zhaos_infection_starts_the_days_again(area: tuple[World, int]) -> None:
    world, _ = area
    leads(world, lead(ZHAO, kind="感染者"))
    fifth = NOW + timedelta(days=4)
    case = {"kind": "infection", "fields": {"category": "confirmed"}, "anchor_day": TODAY + 4}
    reviewed(world, proposed(world, ZHAO, now=fifth, **case), now=fifth)
    assert ruled(world, EIGHTH) == []
    assert ruled(world, EIGHTH + timedelta(days=4)) != []
    assert found(world) == []


def test_a_case_that_the_county_reports_counts_once_the_city_agrees(area: tuple[World, int]) -> None:
    world, pingyao = area
    third = NOW + timedelta(days=3)
    decided(world, designation(world, area=pingyao, level="", case_day=TODAY + 3, now=third), now=third)
    assert ruled(world, EIGHTH) == []
    assert ruled(world, EIGHTH + timedelta(days=3)) == [pingyao]
    assert found(world) == []


def test_a_hold_with_a_reason_keeps_the_level_for_days_only(area: tuple[World, int]) -> None:
    from healthcode.control.problems import Problem

    world, pingyao = area
    evening = EIGHTH - timedelta(hours=3)
    with pytest.raises(Problem, match="draft_incomplete"):
        designation(world, area=pingyao, level="", hold_until=evening + timedelta(days=8), now=evening)
    held = designation(world, area=pingyao, level="", hold_until=evening + timedelta(days=2), now=evening)
    decided(world, held, now=evening)
    assert ruled(world, EIGHTH) == []
    assert ruled(world, evening + timedelta(days=2)) == [pingyao]
    assert found(world) == []


def test_a_step_waits_a_day_for_the_citys_word_and_no_longer(area: tuple[World, int]) -> None:
    world, pingyao = area
    evening = EIGHTH - timedelta(hours=3)
    designation(world, area=pingyao, level="", case_day=TODAY + 6, now=evening)
    assert ruled(world, EIGHTH) == []
    assert ruled(world, evening + timedelta(hours=24)) == [pingyao]


def test_a_case_is_reported_while_another_proposal_waits(area: tuple[World, int]) -> None:
    world, pingyao = area
    designation(world, area=pingyao, level="medium")
    assert designation(world, area=pingyao, level="", case_day=TODAY).pk


def test_lifting_ends_the_count(area: tuple[World, int]) -> None:
    world, pingyao = area
    designated(world, area=pingyao, level="", now=NOW + timedelta(days=1))
    assert ruled(world, ELEVENTH) == []


def test_zhou_and_gao_read_what_comes_and_why_the_level_changed(area: tuple[World, int]) -> None:
    world, pingyao = area
    ruled(world, EIGHTH)
    for who, base in ((ZHOU, "county"), (GAO, "city")):
        page = world.client(who).get(f"/console/{base}/areas/{pingyao}/").content.decode()
        assert "按规则：连续7天无新增病例" in page
    assert world.client(FENG).get(f"/console/county/areas/{pingyao}/").status_code == 404


def test_a_step_made_too_early_or_by_another_table_is_found(area: tuple[World, int]) -> None:
    world, _ = area
    ruled(world, EIGHTH)
    for tampering in ("clear_days = 6", "clear_since = clear_since - 1", "level = 'low'", "rule = 'practice'"):
        world.superuser(f"UPDATE areas_ruledstep SET {tampering}")
        assert "area_level_differs" in codes(world), tampering
        world.superuser(
            f"UPDATE areas_ruledstep SET clear_days = 7, clear_since = {TODAY}, level = 'medium', rule = 'ninth'"
        )


def test_a_case_backdated_before_a_step_is_found(area: tuple[World, int]) -> None:
    world, pingyao = area
    ruled(world, EIGHTH)
    decided(world, designation(world, area=pingyao, level="", case_day=TODAY + 3, now=ELEVENTH), now=ELEVENTH)
    assert found(world) == []
    world.superuser("UPDATE areas_approval SET reviewed_at = %s WHERE id = (SELECT max(id) FROM areas_approval)", [NOW])
    assert "area_level_differs" in codes(world)
