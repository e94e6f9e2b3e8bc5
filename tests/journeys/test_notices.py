"""What people are told: each change of color, once, by the clock and by decisions (C6, Art. 15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from healthcode.domain.time import day_from_date
from tests.control_world import World
from tests.intake import lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, ZHAO, Person

DAY_0 = datetime(2022, 10, 9, 16, 0, tzinfo=UTC)  # midnight in the region, when 10 October begins


def at(day: int, hour: float) -> datetime:
    """An instant of Zhao's day `day` (0 = last exposure, 10 October), by the region's clock."""
    return DAY_0 + timedelta(days=day, hours=hour)


def confirmed(world: World, person: Person = ZHAO) -> int:
    """Zhou and Hu determine on day 1 that somebody with a code and a phone was a close contact on day 0."""
    (number,) = with_code(world, person, now=at(-9, 9))
    leads(world, lead(person, row=person.phone, back=0), now=at(1, 9))
    draft = proposed(world, person, now=at(1, 9), anchor_day=day_from_date(datetime(2022, 10, 10, tzinfo=UTC).date()))
    reviewed(world, draft, now=at(1, 9))
    return number


def negatives(world: World, *days: int) -> None:
    rows = [result(ZHAO, row=str(day), at=at(day, 10)) for day in days]
    results(world, *rows, now=at(days[-1], 20))


def tick(now: datetime) -> None:
    """What the worker does each minute."""
    from healthcode.control.notices.sending import notices_send
    from healthcode.control.notices.services import steps_announce

    steps_announce(now=now)
    notices_send(now=now)


def told(world: World, person: Person = ZHAO) -> list[str]:
    return [text for phone, text in world.sms.sent if phone == person.phone]


def notices(world: World) -> list[tuple[Any, ...]]:
    return world.superuser("SELECT kind, state FROM notices_notice ORDER BY id")


def test_zhao_is_told_at_once_that_she_is_red_and_only_once(world: World) -> None:
    confirmed(world)
    tick(at(1, 23.5))
    tick(at(1, 23.6))
    (text,) = told(world)
    assert "【山西健康码】您的健康码自10月11日09:00起为红码" in text
    assert "平遥县" in text


def test_who_was_in_order_before_and_after_is_told_nothing(world: World) -> None:
    with_code(world, LIN, now=at(-9, 9))
    tick(at(-9, 10))
    assert world.superuser("SELECT count(*) FROM notices_step") == [(0,)]
    assert notices(world) == []


def test_a_release_at_midnight_is_recorded_and_told_after_the_quiet_hours(world: World) -> None:
    zhao = confirmed(world)
    negatives(world, 1, 2, 3, 5, 7)
    tick(at(7, 23))
    world.sms.sent.clear()
    tick(at(8, 0.01))
    event = "SELECT subject, detail FROM audit_event WHERE name = 'system:color:released'"
    ((who, detail),) = world.superuser(event)
    assert (who, detail["color"], detail["before"]) == (zhao, "yellow", "red")
    assert told(world) == []
    tick(at(8, 7.01))
    assert "自10月18日00:00起为黄码" in told(world)[0]


def test_a_hold_is_said_with_what_to_do_and_whom_to_ask(world: World) -> None:
    confirmed(world)
    negatives(world, 1, 2, 3, 5)
    tick(at(5, 23))
    world.sms.sent.clear()
    tick(at(8, 8))
    (text,) = told(world)
    assert "有检测未完成，您的健康码自10月18日00:00起暂保持红码" in text
    assert "补做两次核酸检测" in text
    assert "平遥县" in text
    assert world.superuser("SELECT count(*) FROM audit_event WHERE name = 'system:color:held'") == [(1,)]


def test_the_day_before_a_test_she_is_reminded_once(world: World) -> None:
    from healthcode.control.notices.services import tests_remind

    confirmed(world)
    tick(at(1, 23))
    world.sms.sent.clear()
    assert (tests_remind(now=at(4, 18)), tests_remind(now=at(4, 18.1))) == (1, 0)
    assert tests_remind(now=at(5, 18)) == 0
    tick(at(4, 18.2))
    assert "您明天（10月15日）需做核酸检测" in told(world)[0]


def test_a_red_that_was_taken_back_before_it_was_sent_is_never_sent(world: World) -> None:
    from healthcode.control.notices.services import steps_announce

    zhao = confirmed(world)
    steps_announce(now=at(1, 10))
    world.superuser("UPDATE notices_step SET state = 2, before_state = 4, announced = false WHERE subject = %s", [zhao])
    tick(at(1, 11))
    assert [state for _, state in notices(world)] == ["superseded", "sent"]


def test_a_step_not_yet_announced_is_not_lost_when_somebody_derives_anew(world: World) -> None:
    """Midnight has come, the worker has not, and a test arrives first."""
    confirmed(world)
    negatives(world, 1, 2, 3, 5, 7)
    tick(at(7, 23))
    negatives(world, 8)
    tick(at(8, 20.1))
    assert "黄码" in told(world)[-1]


def test_a_refusing_provider_is_asked_again_and_at_last_the_county_calls(world: World) -> None:
    confirmed(world)
    world.sms.broken = True
    tick(at(1, 10))
    assert notices(world) == [("color_given", "queued")]
    for hour in (11, 12, 14, 16):
        tick(at(1, hour))
    assert notices(world) == [("color_given", "failed")]
    world.sms.broken = False
    tick(at(1, 20))
    assert told(world) == []


def test_a_text_whose_fate_nobody_knows_is_not_sent_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker died between claim and provider."""
    from healthcode.control.notices import sending

    confirmed(world)
    with monkeypatch.context() as dying:
        dying.setattr(sending, "_send", lambda *_: 0)
        tick(at(1, 10))
    tick(at(1, 10.1))
    assert (notices(world), told(world)) == ([("color_given", "sending")], [])
    assert sending.notices_lost(now=at(1, 11)) == 1
    assert notices(world) == [("color_given", "failed")]


def test_no_more_texts_a_minute_than_the_provider_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from healthcode.control.notices import sending
    from healthcode.control.ports import ports

    confirmed(world)
    confirmed(world, LIN)
    slow = replace(ports(), sending=replace(ports().sending, per_minute=1))
    monkeypatch.setattr(sending, "ports", lambda: slow)
    tick(at(1, 12))
    assert len(world.sms.sent) == 1
    tick(at(1, 12.1))
    assert len(world.sms.sent) == 2


def test_red_is_said_even_to_who_wants_no_texts_and_green_is_not(world: World) -> None:
    zhao = confirmed(world)
    world.superuser("INSERT INTO notices_choice (subject_id, texts, chosen_at) VALUES (%s, false, now())", [zhao])
    tick(at(1, 10))
    assert len(told(world)) == 1
    negatives(world, 1, 2, 3, 5, 7)
    tick(at(8, 8))
    assert len(told(world)) == 1
    assert notices(world)[-1] == ("color_improved", "declined")


def test_a_person_without_a_proved_phone_is_left_to_the_county(world: World) -> None:
    """A number from a file of leads may be anybody's: nothing about a person is sent there."""
    leads(world, lead(ZHAO, back=0), now=at(1, 9))
    draft = proposed(world, ZHAO, now=at(1, 9), anchor_day=day_from_date(datetime(2022, 10, 10, tzinfo=UTC).date()))
    reviewed(world, draft, now=at(1, 9))
    tick(at(1, 10))
    assert told(world) == []
    assert notices(world) == [("color_given", "unreachable")]


def test_zhao_reads_on_her_page_what_she_was_told_and_may_want_no_texts(world: World) -> None:
    zhao = confirmed(world)
    tick(at(1, 10))
    page = world.client(zhao)
    mine = page.get("/api/people/me").json()
    assert mine["texts"] is True
    assert "为红码" in mine["told"][0]["zh"]
    assert "Your code is Red since 09:00 on 11 October" in mine["told"][0]["en"]
    assert page.post("/api/notices/choice", {"texts": False}, "application/json").status_code == 204
    assert page.get("/api/people/me").json()["texts"] is False


def test_the_database_reads_a_record_as_the_edge_does(world: World) -> None:
    from healthcode.table.record import ORIGIN, Record, Transition, record_encode

    coming = (Transition(ORIGIN + 1, 3, 512), Transition(ORIGIN + 70_000, 2, 1), Transition(ORIGIN + (1 << 24) - 1, 4))
    for count in range(4):
        record = record_encode(Record(4, 3, 258, 9, ORIGIN + 5, 77, coming[:count]))
        rows = world.superuser("SELECT minute, state, notices FROM record_steps(%s) ORDER BY place", [record])
        assert rows == [(None, 4, 258), *((t.minute, t.state, t.notices) for t in coming[:count])]


def test_the_nightly_check_names_who_was_not_announced(world: World) -> None:
    from healthcode.control.notices.services import steps_reconcile

    zhao = confirmed(world)
    tick(at(1, 10))
    assert steps_reconcile(now=at(2, 3)) == 0
    world.superuser("UPDATE notices_step SET state = 2 WHERE subject = %s AND place = 0", [zhao])
    assert steps_reconcile(now=at(2, 3)) == 1
    ((detail,),) = world.superuser("SELECT detail FROM audit_event WHERE name = 'system:timeline:differs'")
    assert detail["first"] == [{"subject": zhao, "record": 4, "announced": 2}]
