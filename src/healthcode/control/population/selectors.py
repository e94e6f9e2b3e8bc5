"""Reading runs: for the console, the timer and the command line."""

from __future__ import annotations

from healthcode.control.population.models import PopulationRun, Step

SHOWN = 30


def run_unfinished() -> PopulationRun | None:
    """The oldest run that is not done."""
    return PopulationRun.objects.exclude(step=Step.DONE.value).order_by("pk").first()


def runs_latest() -> list[PopulationRun]:
    """The latest runs, newest first."""
    return list(PopulationRun.objects.order_by("-pk")[:SHOWN])


def run_of(publication: str) -> PopulationRun | None:
    """The run that a ruleset publication asked for, done or not."""
    return PopulationRun.objects.filter(publication=publication).order_by("-pk").first()
