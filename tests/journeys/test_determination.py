"""From a distributed lead to the color: story 3's data side, with the database as it is in production."""

from datetime import timedelta
from typing import Any

import pytest

from healthcode.table.feed import FeedKind, GroundsNote, note_decode
from healthcode.table.record import Record, record_decode, record_effective
from tests.control_world import World
from tests.intake import NOW, item_of, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import FENG, GAO, HU, LIN, LUO, OTHER_COUNTY, QIAN, SHEN, ZHAO, ZHOU


def record(world: World, number: int) -> Record:
    return record_decode(bytes(world.superuser("SELECT record FROM subject_state WHERE number = %s", [number])[0][0]))


def state(world: World, number: int) -> tuple[Any, ...]:
    return world.superuser("SELECT color, version FROM subject_state WHERE number = %s", [number])[0]


def color_at(world: World, number: int, days: int) -> str:
    """What an edge shows `days` after NOW, by the record alone."""
    from healthcode.control.ports import ports

    scheme = ports().ruleset.colors
    minute = int((NOW + timedelta(days=days)).timestamp()) // 60
    return scheme.id_of(record_effective(record(world, number), minute, severity=scheme.severity_of_state)[0])


def problem(call: Any) -> str:
    from healthcode.control.problems import Problem

    with pytest.raises(Problem) as raised:
        call()
    return raised.value.code


def test_zhao_turns_red_when_hu_approves_what_zhou_proposed(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    assert state(world, zhao) == ("green", 1)
    reviewed(world, proposed(world, ZHAO))
    assert state(world, zhao) == ("red", 2)


def test_an_approval_leaves_review_evidence_decision_audit_leaf_and_outbox_together(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    world.superuser("DELETE FROM feed_outbox")
    reviewed(world, proposed(world, ZHAO))
    assert world.superuser("SELECT kind, division, document FROM evidence_evidence") == [
        ("close_contact", ZHAO.division, "晋疫情防控办发〔2022〕28号")
    ]
    decisions = world.superuser("SELECT version, color FROM evidence_decision WHERE subject_id = %s ORDER BY 1", [zhao])
    assert decisions == [(1, "green"), (2, "red")]
    leaves = world.superuser(
        "SELECT e.name FROM audit_event e JOIN audit_pendingleaf l ON l.event_id = e.id ORDER BY 1"
    )
    assert [name for (name,) in leaves][:1] == ["county:determination:approved"]
    assert world.superuser("SELECT kind, key, lane FROM feed_outbox ORDER BY id") == [(1, zhao, 0), (2, zhao, 0)]


def test_the_page_is_told_why_until_when_and_what_to_do_in_both_languages(world: World) -> None:
    (_zhao,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO))
    rows = world.superuser("SELECT payload FROM feed_outbox WHERE kind = %s", [int(FeedKind.GROUNDS)])
    (line,) = note_decode(bytes(rows[-1][0]), GroundsNote).grounds
    assert line.rule == "close_contact"
    assert line.tests_due
    assert set(line.words) == set(line.way_out) == {"zh", "en"}
    assert "平遥" in line.way_out["zh"]


def test_a_lead_about_somebody_who_never_applied_is_determined_all_the_same(world: World) -> None:
    leads(world, lead(QIAN))
    reviewed(world, proposed(world, QIAN))
    with world.system():
        assert state(world, world.subject(QIAN))[0] == "red"


def test_her_tests_turn_zhao_yellow_and_green_at_two_midnights_by_the_record_alone(world: World) -> None:
    (zhao,) = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO))
    assert color_at(world, zhao, 30) == "red"
    for back in (1, 2, 3, 5, 7):
        at = NOW + timedelta(days=back - 1)
        results(world, result(ZHAO, row=f"d{back}", at=at), now=at + timedelta(hours=6))
    assert [color_at(world, zhao, days) for days in (6, 7, 30)] == ["red", "yellow", "yellow"]
    at = NOW + timedelta(days=9)
    results(world, result(ZHAO, row="d10", at=at), now=at + timedelta(hours=6))
    assert [color_at(world, zhao, days) for days in (9, 10)] == ["yellow", "green"]


def test_a_test_that_only_renews_its_age_is_no_decision(world: World) -> None:
    (lin,) = with_code(world, LIN)
    results(world, result(LIN, at=NOW - timedelta(hours=5)))
    assert state(world, lin) == ("green", 2)
    assert record(world, lin).last_negative is not None
    assert world.superuser("SELECT count(*) FROM evidence_decision") == [(1,)]


def test_hu_returns_with_a_reason_and_zhou_proposes_again(world: World) -> None:
    leads(world, lead(ZHAO))
    first = proposed(world, ZHAO)
    reviewed(world, first, verdict="return")
    from healthcode.control.casework.services import proposal_make

    with world.acting(ZHOU):
        again = proposal_make(
            item=item_of_open(world), officer=world.officer(ZHOU), outcome="exclude", reason="未到过现场", now=NOW
        ).pk
    assert problem(lambda: reviewed(world, first)) == "item_changed"
    reviewed(world, again)
    assert world.superuser("SELECT state, closed_as FROM casework_workitem") == [("closed", "exclude")]


def item_of_open(world: World) -> int:
    return int(world.superuser("SELECT id FROM casework_workitem")[0][0])


def test_zhou_cannot_review_her_own_proposal(world: World) -> None:
    leads(world, lead(ZHAO))
    proposal = proposed(world, ZHAO)
    assert problem(lambda: reviewed(world, proposal, who=ZHOU)) == "own_proposal"


def test_only_one_officer_gets_an_item_and_only_she_may_hand_it_back(world: World) -> None:
    from healthcode.control.casework.services import item_accept, item_hand_back

    leads(world, lead(ZHAO))
    item = item_of(world, ZHAO)
    with world.acting(ZHOU):
        item_accept(item=item, officer=world.officer(ZHOU), now=NOW)
    for service in (item_accept, item_hand_back):
        with world.acting(LUO):
            assert problem(lambda s=service: s(item=item, officer=world.officer(LUO), now=NOW)) == "item_changed"
    with world.acting(ZHOU):
        item_hand_back(item=item, officer=world.officer(ZHOU), now=NOW)
    assert world.superuser("SELECT state, assignee_id FROM casework_workitem") == [("queued", None)]


def test_an_approved_transfer_queues_the_item_in_the_other_county(world: World) -> None:
    leads(world, lead(QIAN))
    reviewed(world, proposed(world, QIAN, outcome="transfer", target_division=OTHER_COUNTY))
    assert world.superuser("SELECT division, state FROM casework_workitem") == [(OTHER_COUNTY, "queued")]
    reviewed_in_other_county = proposed(world, QIAN, who=FENG)
    assert reviewed_in_other_county


def test_a_lead_without_address_waits_in_nobodys_queue_until_shen_routes_it(world: World) -> None:
    from healthcode.control.casework.services import item_route

    leads(world, lead(QIAN, division=""))
    item = item_of(world, QIAN)
    assert world.superuser("SELECT division FROM casework_workitem") == [("",)]
    with world.acting(SHEN):
        item_route(item=item, division=QIAN.division, now=NOW)
    assert proposed(world, QIAN)


def test_where_the_lead_names_no_address_the_known_residence_decides(world: World) -> None:
    with_code(world, ZHAO)
    leads(world, lead(ZHAO, division=""))
    assert world.superuser("SELECT division FROM casework_workitem") == [(ZHAO.division,)]


def test_the_city_sees_the_progress_and_decides_nothing(world: World) -> None:
    from healthcode.control.casework.models import WorkItem
    from healthcode.control.casework.services import item_accept

    leads(world, lead(ZHAO))
    item = item_of(world, ZHAO)
    with world.acting(GAO):
        assert WorkItem.objects.count() == 1
        assert problem(lambda: item_accept(item=item, officer=world.officer(GAO), now=NOW)) == "item_changed"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"kind": "test"}, "kind"),
        ({"anchor_day": None}, "anchor"),
        ({"reason": " "}, "reason"),
        ({"anchor_day": 30_000}, "anchor"),
        ({"fields": {"setting": "bank"}}, "setting"),
        ({"kind": "infection"}, "category"),
        ({"kind": "area_stay", "fields": {"area": "A1", "relation": "resident"}}, "kind"),  # no such area is designated
    ],
)
def test_an_incomplete_proposal_names_the_field_and_changes_nothing(
    world: World, draft: dict[str, Any], field: str
) -> None:
    from healthcode.control.problems import Problem

    leads(world, lead(ZHAO))
    with pytest.raises(Problem) as raised:
        proposed(world, ZHAO, **draft)
    assert raised.value.errors[0]["field"] == field
    assert world.superuser("SELECT state FROM casework_workitem") == [("queued",)]


def test_the_reviewer_of_another_county_does_not_exist_for_this_item(world: World) -> None:
    leads(world, lead(ZHAO))
    proposal = proposed(world, ZHAO)
    assert problem(lambda: reviewed(world, proposal, who=FENG)) == "item_changed"
    assert HU.division != FENG.division


def test_the_workers_job_derives_one_subject_anew_and_decides_nothing(world: World) -> None:
    from healthcode.control.evidence.tasks import derive_again

    (lin,) = with_code(world, LIN)
    derive_again(lin)
    assert state(world, lin) == ("green", 2)
    assert world.superuser("SELECT count(*) FROM evidence_decision") == [(1,)]
