"""Consoles: who is released tonight, and whom the county has to call."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.language import say
from healthcode.control.notices.selectors import SHOWN, calls, next_midnight, tonight, tonight_counties, tonight_rows
from healthcode.control.notices.services import notice_told
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem

CALLS = "/console/county/calls/"


@officer(Role.COUNTY_OFFICER, purpose="see who is released tonight")
def county_tonight(request: ActRequest) -> HttpResponse:
    """Everybody of the county whose color improves at the next midnight, and who is held then, and why."""
    now = datetime.now(UTC)
    released, held = tonight(now=now)
    return render(
        request,
        "notices/tonight.html",
        {
            "midnight": next_midnight(now),
            "released": len(released),
            "held": len(held),
            "newly": sum(row.newly for row in held),
            "lists": (
                (say("今晚解除", "Released tonight"), tonight_rows(released)),
                (say("因检测未完成而保持", "Held: a test is missing"), tonight_rows(held)),
            ),
            "shown": SHOWN,
        },
    )


@officer(Role.PROVINCE_DISPATCHER, Role.CITY_OFFICER, purpose="see how many are released tonight")
def province_tonight(request: ActRequest) -> HttpResponse:
    """Numbers by county, and nobody by number."""
    now = datetime.now(UTC)
    released, held = tonight(now=now)
    context = {
        "midnight": next_midnight(now),
        "released": len(released),
        "held": len(held),
        "newly": sum(row.newly for row in held),
        "rows": tonight_counties(released, held),
    }
    return render(request, "notices/tonight_counties.html", context)


@officer(Role.COUNTY_OFFICER, purpose="call people whom no text reached")
def county_calls(request: ActRequest) -> HttpResponse:
    """People without a proved phone, or whose text failed: red first."""
    return render(request, "notices/calls.html", {"rows": calls(), "shown": SHOWN})


@require_POST
@officer(Role.COUNTY_OFFICER, purpose="say that somebody was told")
def told(request: ActRequest, notice_id: int) -> HttpResponse:
    """She was told by telephone or in person."""
    if not notice_told(notice=notice_id, officer=request.act.officer or 0, now=datetime.now(UTC)):
        raise Problem(
            404,
            "notice_unknown",
            say("没有此通知", "No such notice"),
            say("它可能已由同事办结。请返回名单。", "A colleague may have settled it. Go back to the list."),
        )
    return redirect(CALLS)
