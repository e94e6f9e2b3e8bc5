"""`healthcode`: one command per job, each in a file of its own here.

A command's file is imported when the command is called, so that the edge starts without Django and help comes at once.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

COMMANDS = {
    "run": "Start a whole province on this machine and watch over it.",
    "control": "Serve the consoles and their API (Django).",
    "edge": "Serve the phone pages and /v1.",
    "documents": "Hold this host's document index key: answer whose document was shown, and write it down.",
    "updater": "Keep this host's color table up to date: its only writer.",
    "relay": "Number committed feed messages and sign heartbeats.",
    "worker": "Do jobs and timers.",
    "color": "Evaluate evidence under a ruleset; explain, replay and audit decisions.",
    "rules": "Check rulesets and run their test cases.",
    "import": "Bring in a file of leads or of signed test results.",
    "bench": "Measure, honestly.",
}


def app() -> None:
    """Run the command named by the first argument. Exit code 2 where there is none of that name."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in COMMANDS:
        module = importlib.import_module(f"healthcode.cli.{name}")
        module.app(args=arguments, prog_name=f"healthcode {name}")
    elif name in {"--version", "-V"}:
        Console(highlight=False).print(f"healthcode {version('healthcode')}")
    elif name in {"--help", "-h", "help"}:
        _help(Console(highlight=False))
    else:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean `healthcode {near[0]}`?" if near else "`healthcode --help` lists the commands."
        Console(stderr=True, highlight=False).print(f"There is no command {name!r}. {hint}", style="red", markup=False)
        sys.exit(2)


def _help(console: Console) -> None:
    console.print("A province's health code and venue code. The color follows from evidence and a published rule.\n")
    console.print("Usage: healthcode COMMAND [OPTIONS]; `healthcode COMMAND --help` tells more.\n", markup=False)
    table = Table.grid(padding=(0, 3))
    for name, purpose in COMMANDS.items():
        table.add_row(f"  {name}", purpose)
    console.print(table)


if __name__ == "__main__":
    app()
