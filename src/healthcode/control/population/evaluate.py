"""Everybody's answer from the exported input: the run's one evaluation, by the population engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from healthcode.control.population.parts import file_replace
from healthcode.domain.time import Minute
from healthcode.lake.columns import span_place
from healthcode.lake.engine import Engine, Run
from healthcode.rules.succession import Rules

_INPUTS: Final = {
    "evidence": "evidence-*.parquet",
    "tests": "tests-*.parquet",
    "areas": "areas.parquet",
    "subjects": "subjects.parquet",
}


def inputs_attach(engine: Engine, folder: Path) -> None:
    """Let the engine read what was exported into `folder`."""
    for table, pattern in _INPUTS.items():
        engine.attach(table, folder / pattern)


def everybody_evaluate(folder: Path, rules: Rules, at: Minute, *, place: int | None = None) -> None:
    """Evaluate the input in `folder` at a minute and write `people`, `grounds` and `singly`.

    With `place`, also `led`: whose grounds go by the numbers of the history's ruleset of that place, now or later.
    """
    engine = Engine(spill=folder)
    inputs_attach(engine, folder)
    run = Run(engine, rules, at)
    results = {"people": run.people, "grounds": run.grounds, "singly": run.singly.select("subject").distinct()}
    if place is not None:
        ruled = run.courses.filter(run.courses.spans.filter(lambda span: span_place(span) == place).length() > 0)
        results["led"] = ruled.select("subject").distinct()
    for result, expression in results.items():
        with file_replace(folder / f"{result}.parquet") as draft:
            engine.write(expression, draft)
