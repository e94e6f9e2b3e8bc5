"""Who is released tonight, and who is not and why: the county's page, the province's numbers, the list to call."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.control_world import World
from tests.journeys.test_notices import at, confirmed, negatives, notices, tick
from tests.people import FENG, GAO, SHEN, ZHOU


def page(world: World, who: object, path: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    from healthcode.control.notices import views

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(views, "datetime", Clock)
    answer = world.client(who).get(path)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def test_zhaos_county_sees_the_evening_before_that_she_turns_yellow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhao = confirmed(world)
    negatives(world, 1, 2, 3, 5, 7)
    shown = page(world, ZHOU, "/console/county/tonight/", at(7, 22), monkeypatch)
    assert "解除 1，保持 0" in shown
    assert f'class="number">{zhao}</th>' in shown
    assert "赵**" in shown
    assert "解除 0" in page(world, ZHOU, "/console/county/tonight/", at(6, 22), monkeypatch)


def test_a_hold_is_listed_with_the_missing_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(world)
    negatives(world, 1, 2, 3, 5)
    shown = page(world, ZHOU, "/console/county/tonight/", at(7, 22), monkeypatch)
    assert "解除 0，保持 1" in shown
    assert "密切接触者（待检 10-17" in shown


def test_another_county_sees_nobody_and_the_province_only_numbers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhao = confirmed(world)
    negatives(world, 1, 2, 3, 5, 7)
    assert "解除 0，保持 0" in page(world, FENG, "/console/county/tonight/", at(7, 22), monkeypatch)
    for who in (SHEN, GAO):
        shown = page(world, who, "/console/province/tonight/", at(7, 22), monkeypatch)
        assert "解除 1，保持 0" in shown
        assert f'class="number">{zhao}</th>' not in shown
        assert "赵" not in shown


def test_the_county_calls_whom_no_text_reached_and_says_so_once(world: World) -> None:
    zhao = confirmed(world)
    world.superuser("UPDATE people_identity SET phone_sealed = NULL WHERE subject_id = %s", [zhao])
    tick(at(1, 10))
    ((notice,),) = world.superuser("SELECT id FROM notices_notice")
    assert "红码" in world.client(ZHOU).get("/console/county/calls/").content.decode()
    assert "没有需要电话告知的人" in world.client(FENG).get("/console/county/calls/").content.decode()
    told = f"/console/county/calls/{notice}/told"
    assert world.client(FENG).post(told).status_code == 404
    assert (world.client(ZHOU).post(told).status_code, world.client(ZHOU).post(told).status_code) == (302, 404)
    assert notices(world) == [("color_given", "told")]


def test_no_officer_queues_or_silences_a_notice_by_sql(world: World) -> None:
    """Only the worker adds; a county settles what failed, under its own officer's name."""
    from django.db import Error, connection

    confirmed(world)
    tick(at(1, 10))
    for query in (
        "UPDATE notices_notice SET state = 'queued'",
        "UPDATE notices_step SET announced = false",
        "DELETE FROM notices_step",
        "UPDATE notices_choice SET texts = false",
    ):
        with world.acting(ZHOU), connection.cursor() as cursor:
            cursor.execute(query)
            assert cursor.rowcount == 0, query
    with pytest.raises(Error), world.acting(ZHOU), connection.cursor() as cursor:
        cursor.execute("UPDATE notices_step SET state = 2")
    with pytest.raises(Error), world.acting(ZHOU), connection.cursor() as cursor:
        cursor.execute("DELETE FROM notices_notice")
