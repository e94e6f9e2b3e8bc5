"""A county's residents in one act of two offices, and out again in another: no officer touches anybody singly."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.control_world import World
from tests.designation import county_wide, decided, designated, designation
from tests.intake import NOW, with_code
from tests.people import COUNTY, LIN, OTHER_COUNTY, QIAN, ZHAO, ZHOU

LATER = NOW + timedelta(days=1)


def colors(world: World) -> list[str]:
    return [row[0] for row in world.superuser("SELECT color FROM subject_state ORDER BY number")]


@pytest.fixture
def county(world: World) -> World:
    """Lin and Zhao live in the county, Qian elsewhere; all three have a code."""
    _, _, qian = with_code(world, LIN, ZHAO, QIAN)
    world.superuser("UPDATE people_subject SET present_division = %s WHERE number = %s", [OTHER_COUNTY, qian])
    return world


def test_everybody_who_lives_there_and_nobody_else_follows_the_area(county: World) -> None:
    county_wide(county)
    assert colors(county) == ["red", "red", "green"]
    rows = county.superuser("SELECT proposer_id <> reviewer_id, review_verdict, division FROM evidence_evidence")
    assert rows == [(True, "approve", COUNTY)] * 2


def test_nothing_happens_before_the_city_approves_or_when_it_returns(county: World) -> None:
    said = designation(county, name="平遥县", addresses=(), residents=True)
    assert colors(county) == ["green"] * 3
    decided(county, said, verdict="return")
    assert colors(county) == ["green"] * 3


def test_the_worker_starting_again_records_nobody_twice(county: World) -> None:
    from healthcode.control.areas.consequences import designation_apply

    said = county_wide(county)
    designation_apply(said.pk, now=LATER)
    assert county.superuser("SELECT count(*) FROM evidence_evidence") == [(2,)]
    assert county.superuser("SELECT count(*) FROM evidence_decision WHERE color = 'red'") == [(2,)]


def test_lifting_the_area_releases_them_by_itself(county: World) -> None:
    said = county_wide(county)
    designated(county, area=said.area_id, level="", now=LATER)
    assert colors(county) == ["green"] * 3


def test_the_batch_is_taken_back_by_rows_and_the_area_stays(county: World) -> None:
    from healthcode.control.areas.models import RiskArea
    from healthcode.control.areas.selectors import level_now

    said = county_wide(county)
    designated(county, area=said.area_id, level="", rescinds_id=said.pk, now=LATER)
    assert colors(county) == ["green"] * 3
    assert county.superuser("SELECT rescinded FROM evidence_evidence ORDER BY id") == [(False,)] * 2 + [(True,)] * 2
    with county.acting(ZHOU):
        assert level_now(RiskArea.objects.get(pk=said.area_id), now=LATER) is not None


def test_a_batch_is_taken_back_once(county: World) -> None:
    from healthcode.control.problems import Problem

    said = county_wide(county)
    designated(county, area=said.area_id, level="", rescinds_id=said.pk, now=LATER)
    with pytest.raises(Problem, match="draft_incomplete"):
        designation(county, area=said.area_id, level="", rescinds_id=said.pk, now=LATER)


@pytest.fixture
def compound(world: World) -> World:
    """Lin, Zhao and Qian live in one county: Lin and Zhao in the compound, Qian in Shuncheng Road."""
    here = (replace(LIN, address="平遥县古陶镇锦绣小区3号楼501"), replace(ZHAO, address="锦绣小区12栋"))
    numbers = with_code(world, *here, QIAN)
    world.superuser("UPDATE people_subject SET present_division = %s WHERE number = ANY(%s)", [COUNTY, numbers])
    return world


def test_a_compound_takes_in_who_lives_in_it_and_no_neighbour(compound: World) -> None:
    said = designated(compound, residents=True)
    assert colors(compound) == ["red", "red", "green"]
    designated(compound, area=said.area_id, level="", rescinds_id=said.pk, now=LATER)
    assert colors(compound) == ["green"] * 3


def test_a_compound_of_that_name_in_another_county_is_another_one(compound: World) -> None:
    compound.superuser("UPDATE people_subject SET present_division = %s WHERE number = 2", [OTHER_COUNTY])
    designated(compound, residents=True)
    assert colors(compound) == ["red", "green", "green"]


def test_a_line_that_names_no_place_is_refused(world: World) -> None:
    from healthcode.control.problems import Problem

    with pytest.raises(Problem, match="draft_incomplete"):
        designation(world, addresses=("3号楼",))


def test_zhou_reads_how_many_live_in_the_compound(compound: World) -> None:
    form = {
        "name": "锦绣小区",
        "level": "high",
        "basis": "平疫防指〔2022〕18号",
        "addresses": "锦绣小区",
        "residents": "yes",
    }
    page = compound.client(ZHOU).post("/console/county/areas/preview", form).content.decode()
    assert "列入居民人数：2" in page


def test_qian_who_moves_into_the_compound_is_taken_in_and_keeps_his_stay_when_he_leaves(compound: World) -> None:
    from healthcode.control.areas.consequences import resident_moved
    from healthcode.control.people.places import places_write

    designated(compound, residents=True)
    for address, taken in (("锦绣小区9栋", 1), ("顺城路8号", 0)):
        with compound.system():
            places_write([(3, address)])
        assert resident_moved(3, now=LATER) == taken
        assert colors(compound) == ["red"] * 3


def test_nobody_moves_into_an_area_that_is_lifted_or_whose_batch_was_taken_back(compound: World) -> None:
    from healthcode.control.areas.consequences import resident_moved
    from healthcode.control.people.places import places_write

    said = designated(compound, residents=True)
    designated(compound, area=said.area_id, level="", now=LATER)
    with compound.system():
        places_write([(3, "锦绣小区9栋")])
    assert resident_moved(3, now=LATER) == 0


def test_people_whose_address_was_stored_before_places_were_are_found_after_the_night(compound: World) -> None:
    from healthcode.control.people.tasks import places_fill

    compound.superuser("DELETE FROM people_placeindex")
    places_fill(timestamp=0)
    designated(compound, residents=True)
    assert colors(compound) == ["red", "red", "green"]


def test_the_batch_is_recorded_with_how_many_and_has_its_leaf(county: World) -> None:
    county_wide(county)
    events = county.superuser(
        "SELECT (detail ->> 'people')::int FROM audit_event e JOIN audit_pendingleaf l ON l.event_id = e.id"
        " WHERE e.name = 'system:area_residents:recorded'"
    )
    assert events == [(2,)]


def test_zhou_reads_how_many_residents_before_she_proposes(county: World) -> None:
    form = {"name": "平遥县", "level": "high", "basis": "平疫防指〔2022〕18号", "residents": "yes"}
    page = county.client(ZHOU).post("/console/county/areas/preview", form).content.decode()
    assert "列入居民人数：2" in page


def test_zhou_reads_whose_acts_already_reach_the_residents(county: World) -> None:
    form = {"name": "南大街", "level": "high", "basis": "平疫防指〔2022〕19号", "residents": "yes"}
    page = county.client(ZHOU).post("/console/county/areas/preview", form).content.decode()
    assert "由谁赋码" not in page
    county_wide(county)
    page = county.client(ZHOU).post("/console/county/areas/preview", form).content.decode()
    assert '平遥县赋码转码专班 <span class="number">2</span>' in page


def test_no_officer_moves_the_progress_of_the_worker(county: World) -> None:
    from healthcode.control.areas.models import Carrying

    said = county_wide(county)
    with county.acting(ZHOU):
        assert Carrying.objects.filter(pk=said.pk).update(step="wait", done=0) == 0
    assert county.superuser("SELECT step, recorded, derived FROM areas_carrying") == [("done", 2, 2)]
