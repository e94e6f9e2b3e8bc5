"""`healthcode color rehearse`: who would change color under another ruleset, before it counts."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from healthcode.adapters.rulebook_files import RulebookError, ruleset_load
from healthcode.cli.failure import teaching
from healthcode.domain.division import division_get
from healthcode.rules.model import Ruleset
from healthcode.rules.problem import RulesetError
from healthcode.rules.succession import HistoryError
from healthcode.wiring.control import control_configure
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import SettingsError, settings_load


@teaching
def rehearse(
    against: Annotated[str, typer.Option("--against", help="Id of a ruleset of the rulebook, or number of a draft.")],
    rulebook: Annotated[
        Path | None, typer.Option("--rulebook", help="Folder of the rulebook. Default: the one in use.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Run a ruleset over everybody's real evidence and say who would change color, by county. Nothing is written."""
    settings = settings_load()
    logs_setup("rehearse", "error")  # what a command prints is its answer alone
    control_configure(settings)
    try:
        draft = _draft(int(against)) if against.isdecimal() else ruleset_load(against, rulebook or settings.rulebook)
    except (RulebookError, RulesetError) as error:
        raise SettingsError(f"--against {against}: {error}") from error
    rehearsal: Any = importlib.import_module("healthcode.control.population.rehearsal")  # models exist only by now
    begun = monotonic()
    try:
        found = rehearsal.ruleset_rehearse(draft, now=datetime.now(UTC))
    except HistoryError as error:
        raise SettingsError(f"--against {against}: {error}") from error
    seconds = monotonic() - begun
    if as_json:
        sys.stdout.write(json.dumps({**asdict(found), "changed": found.changed, "seconds": round(seconds, 2)}) + "\n")
        return
    _print(found, seconds)


def _draft(number: int) -> Ruleset:
    """A draft of the console by its number; raises SettingsError, RulesetError."""
    rehearsing: Any = importlib.import_module("healthcode.control.rulesets.rehearsing")  # models exist only by now
    problems: Any = importlib.import_module("healthcode.control.problems")
    try:
        found: Ruleset = rehearsing.draft_ruleset(number)
    except problems.Problem as error:
        raise SettingsError(f"--against {number}: there is no draft of this number") from error
    return found


def _print(found: Any, seconds: float) -> None:
    out = Console(highlight=False)
    out.print(f"{found.changed} of {found.people} people would change: {found.in_force} → {found.draft}")
    changes = Table("county", "from", "to", "people")
    for change in found.changes:
        changes.add_row(_county(change.county), change.before, change.after, str(change.people))
    rules = Table("rule", "open grounds now", "under the draft")
    for rule, (now, then) in found.rules.items():
        rules.add_row(rule, str(now), str(then))
    out.print(changes)
    out.print(rules)
    if found.sample:
        out.print("for example the subjects " + ", ".join(str(number) for number, _, _ in found.sample))
    out.print(f"{seconds:.1f} s; nothing was written")


def _county(code: str) -> str:
    return f"{code} {division_get(code).name_zh}" if code else "(no county known)"
