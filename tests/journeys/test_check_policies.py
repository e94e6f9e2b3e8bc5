"""What gates ask beside the color: proposed by an office, decided by the level above, lapsing by itself (V5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from healthcode.control.problems import Problem
from healthcode.domain.time import minute_of
from tests.check_policies import WEEK, decided, draft, gates_ask, proposed
from tests.control_world import World
from tests.intake import NOW
from tests.people import COUNTY, FENG, GAO, HU, OTHER_COUNTY, SHEN, WU, YAN, ZHOU


def test_a_proposal_asks_nothing_of_anybody(world: World) -> None:
    proposed(world)
    assert gates_ask(world) == {}


def test_gaos_approval_is_told_to_every_gate_in_the_same_transaction(world: World) -> None:
    made = proposed(world)
    decided(world, made.pk)
    (policy,) = gates_ask(world).values()
    assert (policy.venue_types, policy.areas, policy.test_age_h) == (["cinema", "gym"], [COUNTY], 48)
    assert (policy.colors, policy.authority, policy.until) == (["green"], COUNTY, minute_of(NOW + WEEK))
    assert policy.texts["zh"] == "绿码，48小时内核酸检测阴性。依据：平疫指〔2022〕18号"
    assert world.superuser("SELECT count(*) FROM feed_outbox WHERE kind = 5")[0][0] >= 1


def test_a_returned_proposal_stays_returned(world: World) -> None:
    made = proposed(world)
    decided(world, made.pk, verdict="return")
    assert gates_ask(world) == {}
    with pytest.raises(Problem) as late:
        decided(world, made.pk)
    assert late.value.code == "policy_decided"


@pytest.mark.parametrize("who", [ZHOU, HU, SHEN, YAN], ids=lambda who: who.key)
def test_only_the_citys_officer_decides_on_a_countys_proposal(world: World, who) -> None:
    made = proposed(world)
    with pytest.raises(Problem) as refused:
        decided(world, made.pk, who)
    assert refused.value.code == "policy_not_yours"


def test_a_citys_proposal_is_decided_by_the_province_and_a_provinces_by_its_rule_approver(world: World) -> None:
    decided(world, proposed(world, GAO).pk, SHEN)
    decided(world, proposed(world, SHEN, areas=("140000",)).pk, YAN)
    assert len(gates_ask(world)) == 2


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"venue_types": ("hospital", "gym")}, "venue_types", "medical"),
        ({"venue_types": ()}, "venue_types", "missing"),
        ({"venue_types": ("castle",)}, "venue_types", "unknown"),
        ({"areas": (OTHER_COUNTY,)}, "areas", "elsewhere"),
        ({"areas": ("999999",)}, "areas", "unknown"),
        ({"until": NOW - WEEK}, "until", "before_begin"),
        ({"until": NOW + timedelta(days=31)}, "until", "too_long"),
        ({"test_age_h": 12}, "test_age", "beyond_limits"),
        ({"test_age_h": None}, "test_age", "one"),
        ({"test_age_days": 2}, "test_age", "one"),
        ({"basis": " "}, "basis", "missing"),
        ({"reason": ""}, "reason", "missing"),
    ],
)
def test_what_the_law_or_the_province_does_not_allow_is_told_field_by_field(
    world: World, changed: dict[str, object], field: str, code: str
) -> None:
    with pytest.raises(Problem) as refused:
        proposed(world, **changed)
    assert (refused.value.code, refused.value.errors[0]["field"]) == ("policy_not_allowed", field)
    assert refused.value.errors[0]["code"] == code


def test_two_approvals_stand_beside_each_other(world: World) -> None:
    first, second = proposed(world), proposed(world, venue_types=("library",), test_age_h=72)
    decided(world, first.pk)
    decided(world, second.pk)
    assert {policy.test_age_h for policy in gates_ask(world).values()} == {48, 72}


def test_an_announced_one_travels_ahead_and_begins_by_the_edges_clocks(world: World) -> None:
    made = proposed(world, effective_from=NOW + timedelta(days=1))
    decided(world, made.pk)
    (policy,) = gates_ask(world).values()
    assert policy.from_ == minute_of(NOW + timedelta(days=1))


def test_one_that_lapsed_undecided_cannot_be_approved(world: World) -> None:
    made = proposed(world)
    with pytest.raises(Problem) as late:
        decided(world, made.pk, now=NOW + WEEK)
    assert late.value.errors[0]["code"] == "before_begin"


def test_an_early_end_is_told_at_once_and_stays_on_record(world: World) -> None:
    from healthcode.control.policies.services import adjustment_end

    made = proposed(world)
    decided(world, made.pk)
    with world.acting(HU):
        adjustment_end(adjustment=made.pk, officer=world.officer(HU), scope=COUNTY, reason="疫情结束", now=NOW)
    assert gates_ask(world) == {}
    names = world.superuser("SELECT name FROM audit_event WHERE reference = %s ORDER BY id", [f"adjustment:{made.pk}"])
    assert [name for (name,) in names] == [
        "office:check_policy:proposed",
        "office:check_policy:approved",
        "office:check_policy:ended",
    ]


def test_the_pages_lead_from_the_form_to_the_gates(world: World) -> None:
    """Zhou fills in the form, Gao approves on his page, Wu reads it."""
    form = {
        "venue_types": ["cinema"], "areas": [COUNTY], "test_age": "48h", "until": "2099-01-01T00:00",
        "basis": "平疫指〔2022〕18号", "reason": "近七天有病例",
    }  # fmt: skip
    too_long = world.client(ZHOU).post("/console/policies/propose", form)
    assert (too_long.status_code, "最长30天" in too_long.content.decode()) == (422, True)
    from datetime import UTC, datetime

    soon = datetime.now(UTC) + timedelta(days=3)
    made = world.client(ZHOU).post("/console/policies/propose", {**form, "until": f"{soon:%Y-%m-%dT%H:%M}"})
    page = world.client(GAO).get(made.headers["Location"]).content.decode()
    assert "确认批准" in page
    world.client(GAO).post(f"{made.headers['Location']}decide", {"verdict": "approve"})
    assert [policy.venue_types for policy in gates_ask(world).values()] == [["cinema"]]
    assert "执行中" in world.client(WU).get(made.headers["Location"]).content.decode()
    assert world.client(FENG).get(made.headers["Location"]).status_code == 404


def test_the_form_offers_no_medical_place_and_only_ones_own_area(world: World) -> None:
    page = world.client(ZHOU).get("/console/policies/").content.decode()
    assert 'value="hospital"' not in page
    assert ('value="140728"' in page, 'value="140121"' in page) == (True, False)
    assert draft().test_age_h == 48
