"""Wu's audit of a county with risk areas: decisions replay with the areas that they knew."""

from datetime import timedelta

from tests.audit_world import codes, found
from tests.control_world import World
from tests.designation import county_wide, designated
from tests.intake import NOW, with_code
from tests.people import LIN, ZHAO

LATER = NOW + timedelta(days=1)


def test_residents_of_an_area_turned_red_and_released_leave_nothing_to_find(world: World) -> None:
    with_code(world, LIN, ZHAO)
    said = county_wide(world)
    assert found(world) == []
    designated(world, area=said.area_id, level="", now=LATER)
    assert found(world) == []


def test_an_area_raised_by_hand_after_the_fact_is_found(world: World) -> None:
    with_code(world, LIN, ZHAO)
    county_wide(world)
    world.superuser("UPDATE areas_designation SET level = 'medium'")
    assert {"decision_differs", "state_differs"} & codes(world)


def test_a_residents_row_that_names_another_area_is_found(world: World) -> None:
    with_code(world, LIN, ZHAO)
    county_wide(world)
    world.superuser("""UPDATE evidence_evidence SET fields = fields || '{"area": "140728-99"}'""")
    assert "determination_differs" in codes(world)
