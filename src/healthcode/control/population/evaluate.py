"""Everybody's answer from the exported input: the run's one evaluation, by the population engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from healthcode.control.population.parts import file_replace
from healthcode.domain.time import Minute
from healthcode.lake.engine import Engine, Run
from healthcode.rules.succession import Rules

_INPUTS: Final = {
    "evidence": "evidence-*.parquet",
    "tests": "tests-*.parquet",
    "areas": "areas.parquet",
    "subjects": "subjects.parquet",
}


def everybody_evaluate(folder: Path, rules: Rules, at: Minute, *, name: str = "") -> None:
    """Evaluate the input in `folder` at a minute and write `people`, `grounds` and `singly`, prefixed by `name`."""
    engine = Engine(spill=folder)
    for table, pattern in _INPUTS.items():
        engine.attach(table, folder / pattern)
    run = Run(engine, rules, at)
    results = {"people": run.people, "grounds": run.grounds, "singly": run.singly.select("subject").distinct()}
    for result, expression in results.items():
        with file_replace(folder / f"{name}{result}.parquet") as draft:
            engine.write(expression, draft)
