"""Batches as a whole: renewed at once as if singly, cancelled, taken back by two, found out when altered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.control_world import World
from tests.intake import NOW, csv_bytes, hand_in, lead, leads, leads_file, result, results, signed, with_code
from tests.people import HE, LIN, MEI, QIAN, SHEN, SUN, ZHAO, Person

AT = NOW - timedelta(hours=3)
LATER = NOW + timedelta(hours=1)


def states(world: World) -> list[tuple[Any, ...]]:
    return world.superuser(
        "SELECT number, version, color, record, grounds, ruleset, publications_known FROM subject_state ORDER BY number"
    )


def batch(world: World) -> Any:
    return world.superuser("SELECT id FROM exchange_batch ORDER BY imported_at DESC LIMIT 1")[0][0]


def taken_back(world: World) -> None:
    from healthcode.control.exchange.rollback import batch_roll_back, rollback_request, rollback_review

    with world.acting(HE):
        asked = rollback_request(batch=batch(world), officer=world.officer(HE), reason="样本编错", now=LATER)
    with world.acting(SHEN):
        rollback_review(rollback=asked.pk, officer=world.officer(SHEN), approve=True, reason="", now=LATER)
    batch_roll_back(asked.pk, now=LATER)


@pytest.mark.parametrize("back", [timedelta(hours=3), timedelta(days=40)])
def test_a_renewed_test_age_is_what_deriving_singly_gives(world: World, back: timedelta) -> None:
    from healthcode.control.evidence.derivation import subjects_derive

    numbers = with_code(world, LIN, SUN, MEI, QIAN)
    results(world, result(LIN, row="0", at=NOW - timedelta(days=2)))
    before = {number: version for number, version, *_ in states(world)}
    people: Sequence[Person] = (LIN, SUN, MEI)
    results(world, *[result(p, row=str(i + 1), at=NOW - back) for i, p in enumerate(people)], now=LATER)
    renewed = [(number, *rest) for number, _, *rest in states(world)]
    decisions = world.superuser("SELECT count(*) FROM evidence_decision")
    with world.system():
        subjects_derive(numbers, now=LATER)
    after = states(world)
    # but for the version, with which both records begin, and the check sum, with which they end
    assert [one[2][4:30] for one in renewed] == [two[3][4:30] for two in after]
    assert [one[1:2] + one[3:] for one in renewed] == [two[2:3] + two[4:] for two in after]
    assert world.superuser("SELECT count(*) FROM evidence_decision") == decisions
    assert all(row[1] > before[row[0]] for row in after)


def test_a_cancelled_import_leaves_nothing(world: World) -> None:
    from healthcode.control.exchange.models import Upload
    from healthcode.control.exchange.services import upload_cancel, upload_import
    from healthcode.control.exchange.uploads import upload_receive
    from healthcode.control.offices.models import Unit

    with world.acting(SHEN):
        unit = Unit.objects.get(kind="province_office")
        made = upload_receive(
            kind="leads", unit=unit, file_name="a.csv", content=leads_file(lead(ZHAO)), signature=b"",
            uploaded_by=world.officer(SHEN), now=NOW,
        )  # fmt: skip
        upload_cancel(made.pk, officer=world.officer(SHEN), now=NOW)
    assert upload_import(made.pk, now=NOW).state == "cancelled"
    assert world.superuser("SELECT count(*) FROM casework_lead") == [(0,)]
    with world.system():
        assert Upload.objects.get().state == "cancelled"


def test_a_batch_taken_back_by_two_leaves_another_ground_untouched(world: World) -> None:
    lin, sun = with_code(world, LIN, SUN)
    results(world, result(SUN, row="1", at=AT, word="阳性"))
    results(
        world, result(LIN, row="2", at=AT, word="阳性"), result(SUN, row="3", at=AT), now=NOW + timedelta(minutes=1)
    )
    taken_back(world)
    colors = dict(world.superuser("SELECT number, color FROM subject_state"))
    assert (colors[lin], colors[sun]) == ("green", "red")
    assert world.superuser("SELECT count(*) FROM evidence_evidence WHERE rescinded") == [(2,)]


def test_nobody_approves_a_rollback_of_his_own(world: World) -> None:
    from healthcode.control.exchange.rollback import rollback_request, rollback_review
    from healthcode.control.problems import Problem

    leads(world, lead(ZHAO))
    with world.acting(SHEN):
        asked = rollback_request(batch=batch(world), officer=world.officer(SHEN), reason="重复", now=NOW)
    with world.acting(SHEN), pytest.raises(Problem, match="own_request"):
        rollback_review(rollback=asked.pk, officer=world.officer(SHEN), approve=True, reason="", now=NOW)


def test_a_row_is_not_taken_back_without_an_approved_rollback(world: World) -> None:
    from django.db import ProgrammingError

    from healthcode.control.evidence.services import Fact, Signed, evidence_record
    from healthcode.control.offices.models import Unit
    from healthcode.domain.evidence import EvidenceKind

    with_code(world, LIN)
    results(world, result(LIN, at=AT, word="阳性"))
    row, subject = world.superuser("SELECT id, subject_id FROM evidence_evidence")[0]
    fact = Fact(subject, EvidenceKind.test, {"result": "positive"}, AT, "x", supersedes=row, rescinded=True)
    source = Unit.objects.get(kind="laboratory")
    with pytest.raises(ProgrammingError, match="row-level security"), world.system():
        evidence_record([fact], source=source, provenance=Signed(batch(world)), now=LATER)  # type: ignore[arg-type]


def test_a_temporary_table_of_the_application_deceives_no_definer_function(world: World) -> None:
    with world.database.connect("app") as app, app.transaction():
        app.execute("CREATE TEMPORARY TABLE act (xid xid8, kind text)")
        app.execute("INSERT INTO pg_temp.act VALUES (pg_current_xact_id(), 'system')")
        assert app.execute("SELECT act_kind()").fetchone() == (None,)


def test_arrivals_become_leads_and_colour_nobody(world: World) -> None:
    header = ["行号", "姓名", "证件号码", "入境日期", "来自国家地区", "来源文号"]
    content = csv_bytes(header, [["1", LIN.name, LIN.document.number, "2022-10-09", "蒙古国", "28号"]])
    assert hand_in(world, SHEN, content, kind="arrivals").new == 1
    assert world.superuser("SELECT suspected_kind FROM casework_lead") == [("arrival_abroad",)]
    assert world.superuser("SELECT count(*) FROM evidence_evidence") == [(0,)]


def signed_by_platform(world: World, kind: Any, content: bytes) -> str:
    from healthcode.control.exchange.services import upload_import
    from healthcode.control.exchange.uploads import upload_receive
    from healthcode.control.offices.models import Unit
    from tests.control_world import LABORATORY

    world.superuser(
        "INSERT INTO offices_unit (kind, name_zh, name_en, division, phone, signing_key)"
        " VALUES ('national_platform', '国家平台', 'National platform', '140000', '', %s) ON CONFLICT DO NOTHING",
        [LABORATORY.public.to_bytes()],
    )
    with world.system():
        unit = Unit.objects.get(kind="national_platform")
        made = upload_receive(
            kind=kind,
            unit=unit, file_name="a.csv", content=content, signature=signed(content),
            uploaded_by=None, now=NOW,
        )  # fmt: skip
    return upload_import(made.pk, now=NOW).state


def status(word: str, region: str, row: str) -> bytes:
    header = ["行号", "证件号码", "姓名", "赋码省份", "赋码状态", "赋码时间", "赋码编号"]
    at = "2022-10-09 08:30" if word != "解除" else "2022-10-10 08:30"
    return csv_bytes(header, [[row, LIN.document.number, LIN.name, region, word, at, "BJ" + row]])


def test_another_regions_yellow_is_lifted_by_its_giver_alone(world: World) -> None:
    with_code(world, LIN)
    shown = []
    for row, (word, region) in enumerate([("黄", "北京市"), ("解除", "310000"), ("解除", "110000")]):
        assert signed_by_platform(world, "statuses", status(word, region, str(row))) == "imported"
        shown.append(world.superuser("SELECT color FROM subject_state")[0][0])
    assert shown == ["yellow", "yellow", "green"]


def test_a_signed_vaccination_is_counted(world: World) -> None:
    with_code(world, LIN)
    header = ["行号", "证件号码", "姓名", "接种日期", "剂次", "接种编号"]
    content = csv_bytes(header, [["1", LIN.document.number, LIN.name, "2022-10-01", "2", "JZ1"]])
    assert signed_by_platform(world, "vaccinations", content) == "imported"
    assert world.superuser("SELECT fields ->> 'dose' FROM evidence_evidence") == [("2",)]


@pytest.mark.parametrize("change", ["document = 'PY9'", "occurred_at = occurred_at - interval '1 day'"])
def test_a_row_of_a_batch_that_was_altered_changes_its_digest(world: World, change: str) -> None:
    from healthcode.control.exchange.digest import batch_digest

    with_code(world, LIN)
    results(world, result(LIN, at=AT))
    told = world.superuser("SELECT detail ->> 'content' FROM audit_event WHERE name = 'laboratory:results:imported'")
    with world.database.connect("postgres") as past_everything:
        cursor, key = past_everything.cursor(), world.superuser("SELECT id FROM exchange_batch")[0][0]
        assert batch_digest(cursor, key) == told[0][0]
        past_everything.execute(f"UPDATE evidence_evidence SET {change}")
        assert batch_digest(cursor, key) != told[0][0]
