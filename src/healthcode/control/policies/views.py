"""Check conditions: offices propose for their area, the level above decides, everybody sees what is asked where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.policies import services
from healthcode.control.policies.forms import draft_posted
from healthcode.control.policies.models import Verdict
from healthcode.control.policies.selectors import (
    adjustment_rows,
    adjustments_of,
    adjustments_waiting,
    area_choices,
    decides,
    type_choices,
)
from healthcode.control.problems import Problem
from healthcode.control.rulesets.reading import ruleset_in_force
from healthcode.domain.time import minute_of

PAGE: Final = 30
BASE: Final = "/console/policies/"
PURPOSE: Final = "set what gates ask"
DRAFTERS: Final = (Role.COUNTY_OFFICER, Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER)
DECIDERS: Final = (Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER, Role.RULE_APPROVER)
READERS: Final = (*DRAFTERS, Role.RULE_APPROVER, Role.AUDITOR)


@require_GET
@officer(*READERS, purpose=PURPOSE)
def adjustments(request: ActRequest) -> HttpResponse:
    """What is asked where, and the form for a new one."""
    context = _queue(request)
    if request.act.role in DRAFTERS:
        limits = ruleset_in_force(minute_of(_now())).policy_limits
        context |= {
            "types": type_choices(),
            "areas": area_choices(request.act.division),
            "hours": limits.test_age_h,
            "days": limits.test_age_days,
            "longest": limits.longest_days,
        }
    return render(request, "policies/adjustments.html", context)


@require_GET
@officer(*READERS, purpose=PURPOSE)
def adjustment(request: ActRequest, adjustment_id: int) -> HttpResponse:
    """One adjustment: what it asks, who proposed and decided, and what may be done."""
    found = adjustments_of(_scope(request)).filter(pk=adjustment_id).first()
    if found is None:
        raise services.adjustment_missing()
    (row,) = adjustment_rows([found], now=_now())
    open_, role = getattr(found, "decision", None) is None, request.act.role
    mine = found.proposer_id == request.act.officer
    context = {
        **_queue(request),
        "row": row,
        "chosen": found,
        "may_decide": open_ and found.until > _now() and decides(role, found.division) and not mine,
        "may_end": role in DRAFTERS and _counts(found),
    }
    return render(request, "policies/adjustment.html", context)


@require_POST
@officer(*DRAFTERS, purpose=PURPOSE)
def propose(request: ActRequest) -> HttpResponse:
    """Propose what was filled in."""
    made = services.adjustment_propose(
        draft_posted(request.POST),
        officer=request.act.officer or 0,
        post=request.act.post or 0,
        division=request.act.division,
        now=_now(),
    )
    messages.success(request, say("已提请，等待上级审批。", "Proposed; the level above decides."))
    return redirect(f"{BASE}{made.pk}/")


@require_POST
@officer(*DECIDERS, purpose=PURPOSE)
def decide(request: ActRequest, adjustment_id: int) -> HttpResponse:
    """Approve or return a proposal."""
    verdict = request.POST.get("verdict", "")
    if verdict not in set(Verdict):
        raise Problem(
            422, "act_unknown", say("没有此操作", "No such act"), say("请从页面上选择。", "Choose one on the page.")
        )
    made = services.adjustment_decide(
        adjustment=adjustment_id,
        officer=request.act.officer or 0,
        role=request.act.role,
        scope=_scope(request),
        verdict=verdict,
        reason=request.POST.get("reason", "")[:500],
        now=_now(),
    )
    done = made.verdict == Verdict.APPROVE
    told = (
        say("已批准，各查验点随即执行。", "Approved; every gate follows now.") if done else say("已退回。", "Returned.")
    )
    messages.success(request, told)
    return redirect(f"{BASE}{adjustment_id}/")


@require_POST
@officer(*DRAFTERS, purpose=PURPOSE)
def end(request: ActRequest, adjustment_id: int) -> HttpResponse:
    """End one before its time."""
    services.adjustment_end(
        adjustment=adjustment_id,
        officer=request.act.officer or 0,
        scope=_scope(request),
        reason=request.POST.get("reason", "")[:500],
        now=_now(),
    )
    messages.success(request, say("已结束，各查验点随即恢复。", "Ended; every gate follows now."))
    return redirect(f"{BASE}{adjustment_id}/")


def _queue(request: ActRequest) -> dict[str, Any]:
    scope, now = _scope(request), _now()
    page = Paginator(adjustments_of(scope), PAGE).get_page(request.GET.get("page"))
    waiting = adjustments_waiting(scope, request.act.role).filter(until__gt=now)[:PAGE]
    rows = adjustment_rows(list(page), now=now)
    return {"page": page, "rows": rows, "waiting": adjustment_rows(list(waiting), now=now)}


def _scope(request: ActRequest) -> str:
    """The prefix of the divisions whose conditions an officer sees; a rule approver's post has none of people."""
    if request.act.role == Role.RULE_APPROVER:
        return request.act.division[:2]
    return request.act.scope or "none"


def _counts(found: Any) -> bool:
    decision = getattr(found, "decision", None)
    approved = decision is not None and decision.verdict == Verdict.APPROVE
    return approved and getattr(found, "ending", None) is None and found.until > _now()


def _now() -> datetime:
    return datetime.now(UTC)
