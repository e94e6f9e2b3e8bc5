"""The page of runs over everybody: numbers only, for whom the province asks how far it is."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from healthcode.control.access import ActRequest, officer
from healthcode.control.offices.roles import Role
from healthcode.control.population.models import Step
from healthcode.control.population.selectors import runs_latest
from healthcode.control.population.words import step_word

_REFRESH_S = "5"
"""How often a browser asks again while a run is under way; it needs no script for that."""


@officer(Role.OPERATOR, Role.PROVINCE_DISPATCHER, purpose="watch runs over everybody")
def runs(request: ActRequest) -> HttpResponse:
    """The latest runs, newest first, and how far the one under way is."""
    rows = [
        {
            "run": run,
            "step": step_word(run.step),
            "done": run.step == Step.DONE,
            "seconds": round(sum(run.seconds.values())),
        }
        for run in runs_latest()
    ]
    latest = rows[0] if rows else None
    response = render(request, "population/runs.html", {"rows": rows, "latest": latest})
    if latest is not None and not latest["done"]:
        response["Refresh"] = _REFRESH_S
    return response
