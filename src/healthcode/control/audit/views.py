"""What auditors read (Art. 27, 42). Subject numbers stand here, identities never."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from healthcode.control.access import ActRequest, officer
from healthcode.control.audit.models import Event
from healthcode.control.audit.names import EventName
from healthcode.control.offices.roles import Role

PAGE = 50


@officer(Role.AUDITOR, purpose="audit")
def events(request: ActRequest) -> HttpResponse:
    """All acts, newest first, narrowed by name or officer."""
    rows = Event.objects.order_by("-id")
    name, who = request.GET.get("name", ""), request.GET.get("officer", "")
    if name in set(EventName):
        rows = rows.filter(name=name)
    if who.isdigit():
        rows = rows.filter(officer=int(who))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "audit/events.html", {"page": page, "names": list(EventName), "name": name, "who": who})
