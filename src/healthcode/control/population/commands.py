"""A run asked for at the command line, carried out there."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from healthcode.control.access import act_begin
from healthcode.control.population.models import PopulationRun
from healthcode.control.population.run import Clock, Progress, RunBusyError, run_continue
from healthcode.control.population.selectors import run_unfinished
from healthcode.control.population.services import run_ask
from healthcode.control.ports import ports


class RunRefusedError(RuntimeError):
    """The run cannot begin or go on; the message says what to do."""


def run_now(*, resume: bool, reason: str, clock: Clock, progress: Progress) -> dict[str, Any]:
    """Begin a run, or with `resume` go on with the one that was interrupted, and give its numbers when it is done.

    Raises:
        RunRefusedError: one is under way, or waits; or there is none to go on with.
    """
    with transaction.atomic():
        act_begin(ports().system_token, "a run over everybody, by hand")
        waiting = run_unfinished()
        if waiting is not None and not resume:
            raise RunRefusedError(f"run {waiting.pk} stands at step {waiting.step}: go on with --resume.")
        if waiting is None:
            if resume:
                raise RunRefusedError("no run was interrupted: start one without --resume.")
            run_ask(reason=reason or "by hand", now=clock())
    try:
        run = run_continue(clock=clock, progress=progress)
    except RunBusyError as error:
        raise RunRefusedError(str(error)) from error
    if run is None:
        raise RunRefusedError("another process has just finished the run; see /console/province/runs/.")
    return numbers(run)


def numbers(run: PopulationRun) -> dict[str, Any]:
    """What a run did, for programs."""
    names = ("step", "ruleset", "people", "records", "candidates", "derived", "decided", "overtaken", "seconds")
    return {"run": run.pk, **{name: getattr(run, name) for name in names}}
