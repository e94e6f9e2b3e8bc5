"""A manager's pages: venues, checkpoints, posters, screen codes, inspectors (V1, V2). Signed in as a resident."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from healthcode.control.access import ActRequest, resident
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.venues.codes import code_svg, poster_link, screen_link
from healthcode.control.venues.inspectors import inspector_dismiss, inspector_invite
from healthcode.control.venues.models import Checkpoint, Venue
from healthcode.control.venues.selectors import (
    checkpoint_of,
    county_phone,
    inspectors_of,
    places,
    venue_row,
    venues_of_manager,
    visits_today,
)
from healthcode.control.venues.services import checkpoint_add, venue_missing, venue_owned, venue_register
from healthcode.domain.time import minute_of
from healthcode.domain.venue import VENUE_TYPES

MANAGE = "manage a venue"


@require_GET
@resident(MANAGE)
def venues(request: ActRequest) -> HttpResponse:
    """The manager's venues."""
    return render(request, "venues/venues.html", {"rows": venues_of_manager(_manager(request))})


@require_http_methods(["GET", "POST"])
@resident(MANAGE)
def register(request: ActRequest) -> HttpResponse:
    """Register a venue: the form, and what becomes of it."""
    form = {"types": list(VENUE_TYPES.values()), "places": places()}
    if request.method == "GET":
        return render(
            request, "venues/register.html", {**form, "given": {}, "gates": [say("正门", "Main gate"), "", ""]}
        )
    gates = request.POST.getlist("checkpoint")
    try:
        venue = venue_register(
            manager=_manager(request),
            name=request.POST.get("name", ""),
            type_code=request.POST.get("type", ""),
            address=request.POST.get("address", ""),
            division=request.POST.get("division", ""),
            checkpoints=gates,
            now=datetime.now(UTC),
        )
    except Problem as problem:
        errors = {error["field"]: error["message"] for error in problem.errors}
        context = {**form, "given": request.POST, "gates": gates, "errors": errors, "problem": problem}
        return render(request, "venues/register.html", context, status=problem.status)
    messages.success(
        request, say("已提交，县级专班审核后启用。", "Handed in. It works once your county has approved it.")
    )
    return redirect("venue", number=venue.number)


@require_GET
@resident(MANAGE)
def venue(request: ActRequest, number: int) -> HttpResponse:
    """One venue: its checkpoints with poster and screen, its inspectors, today's counts."""
    found = venue_owned(number, _manager(request))
    now = datetime.now(UTC)
    hours = visits_today(found, now=now)
    context = {
        "row": venue_row(found),
        "venue": found,
        "checkpoints": found.checkpoints.order_by("number"),
        "inspectors": inspectors_of(found),
        "hours": hours,
        "busy": any(hour.visits for hour in hours),
        "now": now,
    }
    return render(request, "venues/venue.html", context)


@require_POST
@resident(MANAGE)
def checkpoints(request: ActRequest, number: int) -> HttpResponse:
    """Add a checkpoint."""
    made = checkpoint_add(
        venue=number, manager=_manager(request), name=request.POST.get("name", ""), now=datetime.now(UTC)
    )
    messages.success(request, say(f"已增加查验点“{made.name}”。", f"Checkpoint “{made.name}” added."))
    return redirect("venue", number=number)


@require_GET
@resident(MANAGE)
def poster(request: ActRequest, number: int, checkpoint: int) -> HttpResponse:
    """The poster of a checkpoint, ready to print on A4."""
    found, gate = _working(request, number, checkpoint)
    link = poster_link(found, gate)
    context = {
        "venue": found,
        "checkpoint": gate,
        "svg": code_svg(link),
        "link": link,
        "address": ports().public_url.split("://")[-1],
        "phone": county_phone(found.division),
    }
    return render(request, "venues/poster.html", context)


@require_GET
@never_cache
@resident(MANAGE)
def screen(request: ActRequest, number: int, checkpoint: int) -> HttpResponse:
    """The page for a screen at a checkpoint; its code renews itself every minute."""
    found, gate = _working(request, number, checkpoint)
    context = {"venue": found, "checkpoint": gate, **_shown(found, gate, datetime.now(UTC))}
    return render(request, "venues/screen.html", context)


@require_GET
@never_cache
@resident(MANAGE)
def screen_code(request: ActRequest, number: int, checkpoint: int) -> JsonResponse:
    """This minute's code of a checkpoint: link, SVG, and in how many milliseconds to ask again."""
    found, gate = _working(request, number, checkpoint)
    return JsonResponse(_shown(found, gate, datetime.now(UTC)))


@require_POST
@never_cache
@resident(MANAGE)
def inspectors(request: ActRequest, number: int) -> HttpResponse:
    """Invite an inspector. The link is shown here once and stored nowhere."""
    chosen = request.POST.get("checkpoint", "")
    made, token = inspector_invite(
        venue=number,
        manager=_manager(request),
        label=request.POST.get("label", ""),
        checkpoint=int(chosen) if chosen.isdigit() and int(chosen) else None,
        now=datetime.now(UTC),
    )
    link = f"{ports().public_url}/inspect#invite={token}"
    context = {"venue": made.venue, "inspector": made, "link": link, "svg": code_svg(link)}
    return render(request, "venues/invited.html", context)


@require_POST
@resident(MANAGE)
def dismissal(request: ActRequest, number: int, inspector: int) -> HttpResponse:
    """End an appointment or withdraw an invitation."""
    inspector_dismiss(venue=number, inspector=inspector, manager=_manager(request), now=datetime.now(UTC))
    messages.success(
        request, say("任命已解除，该设备即刻失效。", "The appointment has ended; its device stopped working.")
    )
    return redirect("venue", number=number)


def _manager(request: HttpRequest) -> int:
    act = request.act  # type: ignore[attr-defined]  # the access wrapper set it
    return int(act.subject)


def _working(request: HttpRequest, number: int, checkpoint: int) -> tuple[Venue, Checkpoint]:
    """A checkpoint of an approved venue of this manager: only such a one has codes that work."""
    found = venue_owned(number, _manager(request))
    gate = checkpoint_of(found, checkpoint)
    if gate is None:
        raise venue_missing()
    if found.state != "approved":
        raise Problem(
            409,
            "venue_not_working",
            say("场所未启用", "The venue does not work yet"),
            say("审核通过后才有场所码。", "It has codes once its county has approved it."),
        )
    return found, gate


def _shown(venue: Venue, checkpoint: Checkpoint, now: datetime) -> dict[str, Any]:
    minute = minute_of(now)
    link = screen_link(venue, checkpoint, now=minute)
    left_ms = 60_000 - (now.second * 1000 + now.microsecond // 1000)
    return {"minute": minute, "link": link, "svg": code_svg(link, error="l"), "renew_in_ms": left_ms}
