"""Story 6 without a browser: Ning drafts the new set and rehearses it, Yan approves it for midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthcode.domain.time import minute_of
from tests.audit_world import codes
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, reviewed, with_code
from tests.people import LIN, NING, YAN, ZHAO
from tests.rulesets import TWENTY, checked, decided, drafted, followed, foretold, published, rehearsed, submitted

MIDNIGHT = datetime(2022, 10, 10, 16, 0, tzinfo=UTC)
"""When 10 October ends in the region."""


def zhao_is_a_close_contact(world: World) -> int:
    zhao, _ = with_code(world, ZHAO, LIN)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO))
    return zhao


def record_of(world: World, number: int) -> bytes:
    ((record,),) = world.superuser("SELECT record FROM subject_state WHERE number = %s", [number])
    return bytes(record)


def shown(world: World, number: int, at: datetime) -> dict[str, object]:
    from healthcode.control.people.selectors import me

    with world.acting(number):
        return me(number, now=at)


def test_a_published_ruleset_takes_over_at_its_midnight_and_not_before(world: World) -> None:
    from healthcode.control.rulesets.reading import ruleset_in_force

    published(world, at=MIDNIGHT)
    with world.system():
        before, after = (ruleset_in_force(minute_of(MIDNIGHT) - back).key for back in (1, 0))
    assert (before, after) == ("ninth-edition@1.1", TWENTY)


def test_zhaos_one_record_says_what_holds_on_both_sides_of_the_midnight(world: World) -> None:
    from healthcode.table.record import record_decode

    zhao = zhao_is_a_close_contact(world)
    before = record_decode(record_of(world, zhao))
    made = published(world, at=MIDNIGHT)
    assert followed(made.pk) == 1
    record = record_decode(record_of(world, zhao))
    assert record.version == before.version + 1
    assert [t.minute for t in record.transitions] != [t.minute for t in before.transitions]


def test_the_audit_follows_every_decision_under_the_rules_that_it_knew(world: World) -> None:
    zhao = zhao_is_a_close_contact(world)
    followed(published(world, at=MIDNIGHT).pk)
    known = world.superuser(
        "SELECT publications_known FROM evidence_decision WHERE subject_id = %s ORDER BY version", [zhao]
    )
    assert [row[0] > 0 for row in known][-1]
    assert known[0] == (0,)
    assert codes(world) == set()


def test_the_page_of_zhao_after_midnight_names_the_new_rules(world: World) -> None:
    zhao = zhao_is_a_close_contact(world)
    followed(published(world, at=MIDNIGHT).pk)
    day = timedelta(days=1)
    before, after = (shown(world, zhao, MIDNIGHT + shift)["ruleset"] for shift in (-day / 2, day / 2))
    assert "第九版" in str(before)
    assert "二十条" in str(after)


def test_lin_who_has_no_ground_gets_no_decision_from_a_new_ruleset(world: World) -> None:
    zhao_is_a_close_contact(world)
    with world.system():
        lin = world.subject(LIN)
    count = "SELECT count(*) FROM evidence_decision WHERE subject_id = %s"
    before = world.superuser(count, [lin])
    followed(published(world, at=MIDNIGHT).pk)
    assert world.superuser(count, [lin]) == before


def test_the_prediction_of_the_rehearsal_is_what_happens(world: World) -> None:
    from healthcode.control.evidence.selectors import subject_standing

    zhao = zhao_is_a_close_contact(world)
    draft = drafted(world)
    checked(world, draft)
    switch = NOW + timedelta(days=7)
    found = rehearsed(world, draft, at=switch)
    with world.system():
        before = subject_standing(zhao, now=switch).evaluation.color
    made = decided(world, submitted(world, draft, wanted=switch).pk)
    followed(made.pk)
    with world.system():
        after = subject_standing(zhao, now=switch).evaluation.color
    assert found.changed == int(before != after) == 1
    assert found.changes == [["140728", before, after, 1]]


def test_a_stopped_announcement_never_takes_over(world: World) -> None:
    from healthcode.control.rulesets.reading import ruleset_in_force
    from healthcode.control.rulesets.services import stop_submit

    zhao = zhao_is_a_close_contact(world)
    made = published(world, at=MIDNIGHT)
    followed(made.pk)
    with world.acting(NING):
        asked = stop_submit(publication=made.pk, officer=world.officer(NING), reason="推迟", now=NOW)
    stop = decided(world, asked.pk)
    assert followed(stop.pk) == 1
    with world.system():
        assert ruleset_in_force(minute_of(MIDNIGHT) + 1).key == "ninth-edition@1.1"
    assert "第九版" in str(shown(world, zhao, MIDNIGHT + timedelta(days=1))["ruleset"])
    assert codes(world) == set()


def test_the_former_set_returns_under_a_version_of_its_own(world: World) -> None:
    from healthcode.control.rulesets.files import origin_files, version_next
    from healthcode.control.rulesets.reading import rules_known

    made = published(world, at=MIDNIGHT)
    later = MIDNIGHT + timedelta(days=2)
    with world.acting(NING):
        files = version_next(origin_files("ninth-edition@1.1"), "1.2")
    draft = drafted(world, key="ninth-edition@1.1", files=files)
    assert checked(world, draft, now=later).problems == []
    foretold(world, draft, now=later)
    decided(world, submitted(world, draft, now=later).pk, now=later)
    with world.system():
        assert rules_known().at(minute_of(later) + 1).key == "ninth-edition@1.2"
        assert rules_known().at(minute_of(MIDNIGHT)).key == made.key


def test_a_draft_with_a_wrong_number_names_file_line_and_field(world: World) -> None:
    from healthcode.control.rulesets.files import origin_files

    with world.acting(NING):
        files = origin_files(TWENTY)
    files["close_contact.yaml"] = files["close_contact.yaml"].replace("color: red", "color: purple")
    found = checked(world, drafted(world, files=files))
    assert not found.passed
    assert found.problems[0]["file"] == "close_contact.yaml"
    assert found.problems[0]["field"] == "phases[0].color"
    assert found.problems[0]["line"] > 1


def test_nothing_is_submitted_before_checks_and_rehearsal_of_these_very_files(world: World) -> None:
    from healthcode.control.problems import Problem
    from healthcode.control.rulesets.services import draft_revise

    draft = drafted(world)
    with pytest.raises(Problem, match="ruleset_unproven"):
        submitted(world, draft)
    checked(world, draft)
    foretold(world, draft)
    with world.acting(NING):
        from healthcode.control.rulesets.files import origin_files

        files = {**origin_files(TWENTY), "extra.yaml": "a: 1\n"}
        draft_revise(draft=draft, files=files, officer=world.officer(NING), now=NOW)
    with pytest.raises(Problem, match="ruleset_unproven"):
        submitted(world, draft)


def test_yan_returns_a_draft_with_a_reason(world: World) -> None:
    draft = drafted(world)
    checked(world, draft)
    foretold(world, draft)
    answer = decided(world, submitted(world, draft).pk, verdict="return")
    assert (answer.verdict, answer.reason) == ("return", "不妥")
    assert submitted(world, draft).pk > answer.submission_id


def test_an_approval_of_now_takes_over_with_the_next_full_minute(world: World) -> None:
    made = published(world)
    assert made.effective_from == NOW + timedelta(minutes=1)
    ((leaves,),) = world.superuser(
        "SELECT count(*) FROM audit_event e JOIN audit_pendingleaf l ON l.event_id = e.id"
        " WHERE e.name = 'rules:ruleset:published'"
    )
    assert leaves == 1


def test_another_set_cannot_slip_before_an_announced_one(world: World) -> None:
    from healthcode.control.problems import Problem

    published(world, at=MIDNIGHT)
    draft = drafted(world, key="ninth-edition@1.1", version="1.9")
    checked(world, draft)
    foretold(world, draft)
    with pytest.raises(Problem, match="ruleset_unproven"):
        decided(world, submitted(world, draft).pk)
    assert world.officer(YAN) != world.officer(NING)
