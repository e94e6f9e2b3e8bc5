"""`healthcode color run`: evaluate everybody anew, and decide for whom the answer changed."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from healthcode.cli.failure import teaching
from healthcode.wiring.control import control_configure
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import SettingsError, settings_load


@teaching
def color_run(
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was interrupted.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit.")] = "asked for by hand",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Evaluate everybody anew under the rules in force; answers that changed are decided and reach every edge.

    Killed at any point, it goes on with --resume (or the worker does, within minutes). Exit code 0: done; 1: not.
    """
    settings = settings_load()
    logs_setup("color-run", "error")  # what a command prints is its answer alone
    control_configure(settings)
    commands: Any = importlib.import_module("healthcode.control.population.commands")  # models exist only by now
    with _bar() as bar:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=None)
            bar.update(tasks[step], completed=done, total=of or None)

        try:
            run = commands.run_now(resume=resume, reason=reason, clock=_now, progress=show)
        except commands.RunRefusedError as error:
            raise SettingsError(str(error)) from error
    if as_json:
        sys.stdout.write(json.dumps(run) + "\n")
        return
    Console(highlight=False).print(
        f"run {run['run']}: {run['people']} people, {run['candidates']} answers changed, {run['decided']} decisions, "
        f"{run['overtaken']} decided singly meanwhile; {sum(run['seconds'].values()):.1f} s"
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("  {task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
