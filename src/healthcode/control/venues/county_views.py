"""The county's review of venues: a queue with clocks and one venue with its possible acts (V1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem
from healthcode.control.venues.models import Venue
from healthcode.control.venues.selectors import STATES, venue_row, venues_of_county
from healthcode.control.venues.services import venue_missing, venue_resume, venue_review, venue_suspend

PAGE: Final = 30
REVIEW: Final = "review venues"


@require_GET
@officer(Role.COUNTY_OFFICER, purpose=REVIEW)
def queue(request: ActRequest) -> HttpResponse:
    """Venues of the county: those that wait for review, or those in another state."""
    return render(request, "venues/county.html", _queue(request))


@require_GET
@officer(Role.COUNTY_OFFICER, purpose=REVIEW)
def item(request: ActRequest, number: int) -> HttpResponse:
    """One venue of the county beside the queue it belongs to."""
    found = Venue.objects.filter(number=number, division=request.act.division).first()
    if found is None:
        raise venue_missing()
    same = {
        "name": Venue.objects.filter(division=found.division, name=found.name).exclude(pk=found.pk).count(),
        "address": Venue.objects.filter(division=found.division, address=found.address).exclude(pk=found.pk).count(),
        "manager": Venue.objects.filter(division=found.division, manager_id=found.manager_id)
        .exclude(pk=found.pk)
        .count(),
    }
    context = {
        **_queue(request, state=found.state),
        "row": venue_row(found),
        "venue": found,
        "checkpoints": found.checkpoints.order_by("number"),
        "same": same,
    }
    return render(request, "venues/county.html", context)


@require_POST
@officer(Role.COUNTY_OFFICER, purpose=REVIEW)
def decision(request: ActRequest, number: int) -> HttpResponse:
    """Approve, refuse, suspend or resume."""
    officer_id, now, reason = int(request.act.officer or 0), datetime.now(UTC), request.POST.get("reason", "")
    acts: dict[str, Callable[[], Venue]] = {
        "approve": lambda: venue_review(venue=number, officer=officer_id, approve=True, reason=reason, now=now),
        "refuse": lambda: venue_review(venue=number, officer=officer_id, approve=False, reason=reason, now=now),
        "suspend": lambda: venue_suspend(venue=number, officer=officer_id, reason=reason, now=now),
        "resume": lambda: venue_resume(venue=number, officer=officer_id, reason=reason, now=now),
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Problem(
            422, "act_unknown", say("没有此操作", "No such act"), say("请从页面上选择。", "Choose one on the page.")
        )
    found = act()
    words = STATES[found.state]
    messages.success(request, f"{found.name}：{say(words[0], words[1])}")
    return redirect("county-venues")


def _queue(request: ActRequest, *, state: str = "") -> dict[str, object]:
    wanted = state or request.GET.get("state", "pending")
    wanted = wanted if wanted in STATES else "pending"
    page: Page[Venue] = Paginator(venues_of_county(request.act.division, state=wanted), PAGE).get_page(
        request.GET.get("page")
    )
    states = [(key, {"zh": zh, "en": en}) for key, (zh, en, _) in STATES.items() if key != "closed"]
    return {"page": page, "rows": [venue_row(found) for found in page], "state": wanted, "states": states}
