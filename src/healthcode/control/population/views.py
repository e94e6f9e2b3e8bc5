"""The page of runs over everybody: numbers only, for whom the province asks how far it is."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from healthcode.control.access import ActRequest, officer
from healthcode.control.offices.roles import Role
from healthcode.control.population.models import Step
from healthcode.control.population.selectors import runs_latest
from healthcode.control.population.words import step_word


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
    return render(request, "population/runs.html", {"rows": rows, "latest": rows[0] if rows else None})
