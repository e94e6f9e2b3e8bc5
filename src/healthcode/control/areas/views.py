"""The county proposes areas, the city decides on them, the province sees both at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.areas import services
from healthcode.control.areas.drafts import draft_check, missing
from healthcode.control.areas.forms import draft_fields, draft_posted
from healthcode.control.areas.models import RiskArea, Verdict
from healthcode.control.areas.selectors import (
    area_history,
    area_name,
    area_rows,
    areas_in_scope,
    batch_to_rescind,
    carryings,
    designations_waiting,
    numbers_of,
    reached_by,
)
from healthcode.control.areas.watching import steps_next
from healthcode.control.areas.words import clear_word, level_choices, said_word, step_word
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem

PAGE: Final = 30
COUNTY: Final = "/console/county/areas/"
CITY: Final = "/console/city/areas/"
DESIGNATE: Final = "designate areas"
DECIDE: Final = "decide on areas"


@require_GET
@officer(Role.COUNTY_OFFICER, purpose=DESIGNATE)
def county(request: ActRequest) -> HttpResponse:
    """The county's areas and the form for a new one."""
    return render(request, "areas/county.html", _county(request))


@require_GET
@officer(Role.COUNTY_OFFICER, purpose=DESIGNATE)
def county_area(request: ActRequest, area_id: int) -> HttpResponse:
    """One area of the county: its history, and the acts that are possible."""
    found = RiskArea.objects.filter(pk=area_id, division=request.act.division).first()
    if found is None:
        raise missing()
    return render(request, "areas/area.html", {**_county(request), **_area(found)})


@require_POST
@officer(Role.COUNTY_OFFICER, purpose=DESIGNATE)
def preview(request: ActRequest) -> HttpResponse:
    """How many people a proposal may concern, before it is made."""
    draft, division = draft_posted(request.POST), request.act.division
    area = draft_check(draft, division=division, now=_now())
    shown = {
        "draft": draft,
        "name": area_name(area) if area else say(draft.name, draft.name_en or draft.name),
        "level": said_word(draft),
        "addresses": area.addresses if area else draft.addresses,
        "numbers": numbers_of(division, area.code if area else "", area.addresses if area else draft.addresses),
        "reached": reached_by(division, area.addresses if area else draft.addresses),
        "fields": draft_fields(draft),
    }
    return render(request, "areas/preview.html", {**_county(request), **shown})


@require_POST
@officer(Role.COUNTY_OFFICER, purpose=DESIGNATE)
def propose(request: ActRequest) -> HttpResponse:
    """Propose what the preview showed."""
    said = services.area_propose(
        draft_posted(request.POST),
        officer=request.act.officer or 0,
        division=request.act.division,
        reason=request.POST.get("reason", "")[:500],
        now=_now(),
    )
    messages.success(request, say("已提请，等待市级审批。", "Proposed; the city decides on it."))
    return redirect(f"{COUNTY}{said.area_id}/")


@require_GET
@officer(Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER, purpose=DECIDE)
def city(request: ActRequest) -> HttpResponse:
    """What waits for the city, and every area of its counties (or of the province)."""
    return render(request, "areas/city.html", _city(request))


@require_GET
@officer(Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER, purpose=DECIDE)
def city_area(request: ActRequest, area_id: int) -> HttpResponse:
    """One area: what is proposed about it, whom it concerns, and what was said before."""
    found = areas_in_scope(request.act.scope or "none").filter(pk=area_id).first()
    if found is None:
        raise missing()
    numbers = numbers_of(found.division, found.code, found.addresses)
    proposals = designations_waiting(found.division).filter(area=found)
    waiting = next((said for said in proposals if said.restrains), None) or proposals.first()
    context = {
        **_city(request),
        **_area(found),
        "waiting": waiting,
        "proposed_level": said_word(waiting) if waiting else "",
        "numbers": numbers,
        "reached": reached_by(found.division, found.addresses),
        "may_decide": waiting is not None and request.act.role == Role.CITY_OFFICER,
    }
    return render(request, "areas/decision.html", context)


@require_POST
@officer(Role.CITY_OFFICER, purpose=DECIDE)
def decide(request: ActRequest, designation_id: int) -> HttpResponse:
    """Approve or return a proposal."""
    verdict = request.POST.get("verdict", "")
    if verdict not in set(Verdict):
        raise Problem(
            422, "act_unknown", say("没有此操作", "No such act"), say("请从页面上选择。", "Choose one on the page.")
        )
    approval = services.area_review(
        designation=designation_id,
        officer=request.act.officer or 0,
        scope=request.act.scope or "none",
        verdict=verdict,
        reason=request.POST.get("reason", "")[:500],
        now=_now(),
    )
    done = approval.verdict == Verdict.APPROVE
    messages.success(
        request, say("已批准，立即生效。", "Approved; in force.") if done else say("已退回。", "Returned.")
    )
    return redirect(CITY)


def _county(request: ActRequest) -> dict[str, Any]:
    page = Paginator(areas_in_scope(request.act.division or "none"), PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "rows": area_rows(page, now=_now()),
        "base": COUNTY,
        "levels": level_choices(),
        **_carryings(request.act.division or "none"),
    }


def _city(request: ActRequest) -> dict[str, Any]:
    scope = request.act.scope or "none"
    page = Paginator(areas_in_scope(scope), PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "rows": area_rows(page, now=_now()),
        "base": CITY,
        "proposals": [(said, area_name(said.area), said_word(said)) for said in designations_waiting(scope)],
        **_carryings(scope),
    }


def _carryings(scope: str, area: int | None = None) -> dict[str, Any]:
    found = carryings(scope, area=area)
    return {"carryings": found, "carrying_on": any(not one.finished for one in found)}


def _area(area: RiskArea) -> dict[str, Any]:
    (row,) = area_rows([area], now=_now())
    step = steps_next([area], now=_now()).get(area.pk)
    return {
        "area": area,
        "row": row,
        "step": step and {"what": step_word(step), "why": clear_word(step.clear_days, step.since)},
        "history": area_history(area),
        "batch": batch_to_rescind(area),
        **_carryings(area.division, area.pk),
    }


def _now() -> datetime:
    return datetime.now(UTC)
