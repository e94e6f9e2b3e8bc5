"""Areas (风险区): Zhou proposes, Gao approves, and whoever lives there follows the level by itself."""

from datetime import datetime, timedelta

import pytest

from healthcode.domain.time import instant_of, minute_of
from healthcode.table.record import record_decode
from tests.control_world import World
from tests.designation import decided, designated, designation
from tests.intake import NOW, lead, leads, proposed, reviewed, with_code
from tests.people import FENG, GAO, LIN, QIAN, SHEN, ZHAO, ZHOU, Person

LATER = NOW + timedelta(days=3)


def color(world: World, number: int, at: datetime) -> str:
    """What every edge answers at an instant."""
    from healthcode.control.people.selectors import me

    with world.acting(number):
        return str(me(number, now=at)["color"])


def stays(world: World, code: str, *people: Person) -> None:
    """Two officers of the county record that these people live in the area."""
    leads(world, *(lead(person, row=str(i), kind="风险区") for i, person in enumerate(people, 1)))
    for person in people:
        reviewed(
            world, proposed(world, person, kind="area_stay", fields={"area": code, "relation": "resident"}, now=NOW)
        )


@pytest.fixture
def compound(world: World) -> tuple[World, int, str, list[int]]:
    """The compound is at high risk; Zhao and Qian live in it, Lin does not: (world, area, its code, numbers)."""
    numbers = with_code(world, ZHAO, QIAN, LIN)
    said = designated(world)
    code = f"140728-{said.area_id}"
    stays(world, code, ZHAO, QIAN)
    return world, said.area_id, code, numbers


def colors(world: World) -> list[str]:
    return [row[0] for row in world.superuser("SELECT color FROM subject_state ORDER BY number")]


def test_a_resident_of_a_high_risk_area_is_red_and_reads_why(compound: tuple[World, int, str, list[int]]) -> None:
    world, _, _, (zhao, _, lin) = compound
    assert colors(world)[:3] == ["red", "red", "green"]
    assert (color(world, zhao, NOW), color(world, lin, NOW)) == ("red", "green")


def test_an_area_that_nobody_approved_is_no_area_yet(world: World) -> None:
    from healthcode.control.problems import Problem

    with_code(world, ZHAO)
    said = designation(world)
    with pytest.raises(Problem, match="draft_incomplete"):
        stays(world, f"140728-{said.area_id}", ZHAO)


def test_a_lower_level_reaches_the_residents_and_lifting_releases_them(
    compound: tuple[World, int, str, list[int]],
) -> None:
    world, area, _, _ = compound
    assert decided(world, designation(world, level="medium", area=area, now=LATER), now=LATER) == 2
    assert colors(world)[:3] == ["yellow", "yellow", "green"]
    lifted = LATER + timedelta(hours=5)
    assert decided(world, designation(world, level="", area=area, now=lifted), now=lifted) == 2
    assert colors(world)[:3] == ["green", "green", "green"]


def test_each_change_is_a_decision_and_deriving_again_is_none(compound: tuple[World, int, str, list[int]]) -> None:
    from healthcode.control.areas.consequences import area_derive

    world, area, _, (zhao, _, _) = compound
    count = "SELECT count(*) FROM evidence_decision WHERE subject_id = %s"
    before = world.superuser(count, [zhao])[0][0]
    decided(world, designation(world, level="medium", area=area, now=LATER), now=LATER)
    area_derive(area, now=LATER)
    assert world.superuser(count, [zhao]) == [(before + 1,)]
    approvals = world.superuser(
        "SELECT area_approvals FROM evidence_decision WHERE subject_id = %s ORDER BY version DESC LIMIT 1", [zhao]
    )
    assert len(approvals[0][0]) == 2


def test_an_announced_end_is_in_every_record_and_needs_no_second_approval(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    end = NOW + timedelta(days=7)
    said = designated(world, until=end)
    stays(world, f"140728-{said.area_id}", ZHAO)
    record = record_decode(bytes(world.superuser("SELECT record FROM subject_state WHERE number = %s", [zhao])[0][0]))
    assert instant_of(record.transitions[0].minute) == end
    assert (color(world, zhao, end - timedelta(minutes=1)), color(world, zhao, end)) == ("red", "green")


def test_nothing_is_in_force_before_it_was_approved(world: World) -> None:
    from healthcode.control.areas.reading import areas_read

    said = designation(world, effective_from=NOW - timedelta(days=5))
    decided(world, said, now=LATER)
    with world.system():
        ((row,),) = areas_read([said.area_id]).approved.values()
    assert row.from_ == minute_of(LATER)


def test_bulk_changes_travel_in_their_own_lane(compound: tuple[World, int, str, list[int]]) -> None:
    world, area, _, _ = compound
    world.superuser("DELETE FROM feed_outbox")
    decided(world, designation(world, level="medium", area=area, now=LATER), now=LATER)
    assert world.superuser("SELECT DISTINCT lane FROM feed_outbox WHERE kind IN (1, 2)") == [(1,)]


def test_the_city_returns_and_the_county_proposes_again(world: World) -> None:
    from healthcode.control.problems import Problem

    said = designation(world)
    with pytest.raises(Problem, match="area_waits"):
        designation(world, area=said.area_id, level="low")
    decided(world, said, verdict="return")
    assert designation(world, area=said.area_id, level="low").pk != said.pk


def test_what_is_decided_is_decided_once(world: World) -> None:
    from healthcode.control.problems import Problem

    said = designated(world)
    with pytest.raises(Problem, match="area_decided"):
        decided(world, said)


def test_another_city_neither_sees_nor_decides(world: World) -> None:
    from healthcode.control.areas.models import Designation
    from healthcode.control.problems import Problem

    said = designation(world)
    with world.acting(FENG):
        assert not Designation.objects.exists()
    with pytest.raises(Problem, match="area_unknown"):
        decided(world, said, scope="1401")


def test_the_job_for_the_worker_stands_in_the_approvals_own_transaction(world: World) -> None:
    designated(world)
    assert world.superuser("SELECT task_name, status::text FROM procrastinate_jobs") == [("areas.apply", "todo")]


def test_both_acts_are_in_the_audit_and_the_approval_has_a_leaf(world: World) -> None:
    said = designated(world)
    events = world.superuser(
        "SELECT e.name, l.id IS NOT NULL FROM audit_event e LEFT JOIN audit_pendingleaf l ON l.event_id = e.id"
        " WHERE e.reference = %s ORDER BY e.id",
        [f"area:{said.area_id}"],
    )
    assert events == [("county:area:proposed", False), ("city:area:approved", True)]


def test_zhou_sees_how_many_people_before_she_proposes(compound: tuple[World, int, str, list[int]]) -> None:
    world, area, _, _ = compound
    client = world.client(ZHOU)
    form = {"area": area, "level": "medium", "basis": "平疫防指〔2022〕19号"}
    page = client.post("/console/county/areas/preview", form).content.decode()
    assert "2 <span" in page
    done = client.post("/console/county/areas/propose", {**form, "reason": "七天无新增"})
    assert done.headers["Location"] == f"/console/county/areas/{area}/"
    assert "待市级审批" in client.get(f"/console/county/areas/{area}/").content.decode()


def test_gao_approves_on_his_page_and_shen_only_looks(world: World) -> None:
    said = designation(world)
    act = f"/console/city/areas/proposals/{said.pk}/decide"
    assert world.client(SHEN).get(f"/console/city/areas/{said.area_id}/").status_code == 200
    assert world.client(SHEN).post(act, {"verdict": "approve"}).status_code == 403
    gao = world.client(GAO)
    assert act in gao.get(f"/console/city/areas/{said.area_id}/").content.decode()
    assert gao.post(act, {"verdict": "approve"}).status_code == 302
    assert "高风险" in gao.get("/console/city/areas/").content.decode()


def test_an_incomplete_proposal_names_each_field(world: World) -> None:
    answer = world.client(ZHOU).post("/console/county/areas/preview", {"name": "", "level": "", "basis": ""})
    assert answer.status_code == 422
    assert "请选择风险等级" in answer.content.decode()
