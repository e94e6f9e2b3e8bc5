"""The province's and the city's console: progress by county, and what belongs to nobody."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.casework import services
from healthcode.control.casework.selectors import county_choices, county_progress, nobody_items, queue_rows
from healthcode.control.offices.roles import Role

NOBODY = "/console/province/nobody/"
PAGE = 20


@officer(Role.PROVINCE_DISPATCHER, Role.CITY_OFFICER, purpose="watch the counties' progress")
def progress(request: ActRequest) -> HttpResponse:
    """Leads by county: open, overdue, closed, feedback rate."""
    rows = county_progress(now=datetime.now(UTC))
    late = [row for row in rows if row.overdue]
    total = {
        "open": sum(r.open for r in rows),
        "overdue": sum(r.overdue for r in rows),
        "closed": sum(r.closed for r in rows),
    }
    whole = total["open"] + total["closed"]
    return render(
        request,
        "casework/progress.html",
        {"rows": rows, "late": late, "total": total, "feedback": total["closed"] * 100 // whole if whole else 0},
    )


@officer(Role.PROVINCE_DISPATCHER, purpose="route leads without a county")
def nobody(request: ActRequest) -> HttpResponse:
    """Leads about people of whom nobody knows where they are."""
    page = Paginator(nobody_items(), PAGE).get_page(request.GET.get("page"))
    rows = queue_rows(page, officer=request.act.officer or 0, url="#item-{}")
    return render(request, "casework/nobody.html", {"page": page, "rows": rows, "counties": county_choices()})


@require_POST
@officer(Role.PROVINCE_DISPATCHER, purpose="route a lead to a county")
def route(request: ActRequest, item_id: int) -> HttpResponse:
    """Give one of them to a county."""
    services.item_route(item=item_id, division=request.POST.get("division", ""), now=datetime.now(UTC))
    return redirect(NOBODY)
