"""One-time codes: how long they live, how often they are sent, how often they may be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.control_world import World
from tests.people import LIN, MEI

NOW = datetime(2022, 10, 13, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@contextmanager
def anybody() -> Iterator[None]:
    """An act of somebody who is not signed in."""
    from django.db import transaction

    from healthcode.control.access import act_begin_public

    with transaction.atomic():
        act_begin_public("test")
        yield


def sent(world: World, at: datetime, phone: str = LIN.phone) -> str:
    """The code that a text message brings."""
    from healthcode.control.people.phones import phone_code_send

    with anybody():
        phone_code_send(phone=phone, now=at)
    found = re.search(r"\d{6}", world.sms.last(phone))
    assert found
    return found.group()


def spent(code: str, at: datetime, phone: str = LIN.phone) -> bool:
    """Whether the code is good for that phone at that instant; using it uses it up."""
    from healthcode.control.people.phones import phone_code_spend

    with anybody():
        return phone_code_spend(phone=phone, code=code, now=at)


def too_often(world: World, at: datetime) -> int:
    """The seconds to wait that a refusal names; 0 where a code was sent."""
    from healthcode.control.problems import Problem

    try:
        sent(world, at)
    except Problem as problem:
        return int(problem.headers["Retry-After"])
    return 0


def test_a_code_works_once_within_five_minutes_for_its_phone(world: World) -> None:
    code = sent(world, NOW)
    assert not spent(code, NOW, MEI.phone)
    assert spent(code, NOW + 4 * MINUTE)
    assert not spent(code, NOW + 4 * MINUTE)
    late = sent(world, NOW + 10 * MINUTE)
    assert not spent(late, NOW + 15 * MINUTE)


def test_only_the_last_code_works(world: World) -> None:
    first, second = sent(world, NOW), sent(world, NOW + MINUTE)
    assert first == second or not spent(first, NOW + MINUTE)
    assert spent(second, NOW + MINUTE)


def test_the_right_code_fails_after_five_wrong_ones(world: World) -> None:
    code = sent(world, NOW)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert not any(spent(wrong, NOW) for _ in range(5))
    assert not spent(code, NOW)


def test_codes_are_sent_once_a_minute_five_an_hour_ten_a_day(world: World) -> None:
    assert too_often(world, NOW) == 0
    assert too_often(world, NOW + timedelta(seconds=20)) == 40
    assert [too_often(world, NOW + n * MINUTE) for n in (1, 2, 3, 4)] == [0] * 4
    assert too_often(world, NOW + 10 * MINUTE) == 50 * 60
    assert [too_often(world, NOW + timedelta(hours=2) + n * MINUTE) for n in range(5)] == [0] * 5
    assert too_often(world, NOW + timedelta(hours=6)) > 17 * 3600
    assert too_often(world, NOW + timedelta(hours=25)) == 0


def test_when_the_provider_refuses_nothing_counts(world: World) -> None:
    from healthcode.control.problems import Problem

    world.sms.broken = True
    with pytest.raises(Problem) as caught:
        sent(world, NOW)
    assert caught.value.code == "sms_unavailable"
    world.sms.broken = False
    assert too_often(world, NOW) == 0


def test_a_phone_has_twenty_holders_at_most(world: World) -> None:
    from healthcode.control.people.phones import phone_holder_add, phone_holders
    from healthcode.control.problems import Problem

    with world.system():
        numbers = [row[0] for row in world_subjects(21)]
        for number in numbers[:20]:
            phone_holder_add(LIN.phone, number)
            phone_holder_add(LIN.phone, number)
        assert phone_holders(LIN.phone) == numbers[:20]
        with pytest.raises(Problem):
            phone_holder_add(LIN.phone, numbers[20])


def world_subjects(how_many: int) -> list[tuple[int]]:
    """New empty subjects, within an act of the system."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT subjects_create(%s)", [how_many])
        return cursor.fetchall()
