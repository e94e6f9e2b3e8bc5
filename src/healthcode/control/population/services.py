"""Writes of `population`: asking for a run, and noting how far it is. The run itself is in `run.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from procrastinate.contrib.django import app

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.population.models import PopulationRun, Step

JOB: Final = "population.run"
"""The worker's job (tasks.py): it carries out every run that waits, oldest first."""


def population_run_later(
    *, reason: str, now: datetime, publication: str = "", valid_from: datetime | None = None
) -> PopulationRun:
    """Have everybody evaluated anew by the worker, once the current transaction commits. Call it inside an act.

    `publication` names the ruleset publication that asks for it. The run ends by offering a table of everybody to the
    edges: for at once, or with `valid_from` for that instant, at which they take it by their clocks. Workers and
    consoles must follow the new rules before the run begins; whoever is decided singly meanwhile is derived once more.
    """
    run = run_ask(reason=reason, now=now, publication=publication, valid_from=valid_from)
    # If we die before the commit there is neither run nor job; after it both, and a timer finds a run without a job.
    app.configure_task(JOB, queue="population").defer()
    return run


def run_ask(*, reason: str, now: datetime, publication: str = "", valid_from: datetime | None = None) -> PopulationRun:
    """A new run, to be carried out by the caller."""
    run = PopulationRun.objects.create(
        reason=reason.strip()[:200], publication=publication, valid_from=valid_from, asked_at=now
    )
    detail = {"run": run.pk, "reason": run.reason, "publication": publication}
    event_append(EventName.POPULATION_RUN_ASKED, now=now, reference=f"run:{run.pk}", detail=detail)
    return run


def runs_at_once(publication: str) -> int:
    """A stopped publication's runs that are not done offer their table for at once; returns how many there were."""
    waiting = PopulationRun.objects.filter(publication=publication).exclude(step=Step.DONE.value)
    return waiting.update(valid_from=None)


def run_note(run: PopulationRun, **columns: Any) -> None:
    """Write how far a run is; what `columns` name is true when the current transaction commits."""
    for name, value in columns.items():
        setattr(run, name, value)
    run.save(update_fields=list(columns))


def run_finish(run: PopulationRun, *, now: datetime) -> None:
    """Everybody's answer follows from the rules of this run."""
    run_note(run, step=Step.DONE.value, finished_at=now, problem="")
    detail = {"run": run.pk, "people": run.people, "derived": run.derived, "decisions": run.decided}
    event_append(EventName.POPULATION_RUN_FINISHED, now=now, reference=f"run:{run.pk}", detail=detail)
