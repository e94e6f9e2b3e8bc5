"""`healthcode run`: a whole province on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from healthcode.adapters.supervisor import SupervisorError
from healthcode.cli.failure import teaching
from healthcode.control.seed.accounts import PASSWORD
from healthcode.control.seed.cast import OFFICERS
from healthcode.wiring.group import Group
from healthcode.wiring.settings import Settings, settings_load

app = typer.Typer(help="Start a whole province on this machine and watch over it.")
_console = Console(highlight=False)


@app.command()
@teaching
def run(
    data: Path = typer.Option(None, help="Data folder (HEALTHCODE_DATA; ./var)."),
    port: int = typer.Option(None, min=1, max=65535, help="Port of control (HEALTHCODE_PORT; 8000)."),
    edge_port: int = typer.Option(None, min=1, max=65535, help="Port of the edge (HEALTHCODE_EDGE_PORT; 8001)."),
    people: int = typer.Option(2000, min=0, help="Invented people of the county, on the first start."),
    empty: bool = typer.Option(False, "--empty", help="Start with no county, no people and no accounts."),
) -> None:
    """Start PostgreSQL, control, relay, updater, edge and worker as one group, and stop them cleanly on Ctrl-C.

    The first start makes secrets and an invented county. A process that ends is started again.
    """
    chosen: dict[str, Any] = {"data": data, "port": port, "edge_port": edge_port}
    settings = settings_load(**{name: value for name, value in chosen.items() if value is not None})
    group = Group(settings, say=lambda line: _console.print(f"· {line}", markup=False))
    try:
        secrets = group.prepare()
        if secrets.demo and not empty and not group.stopping:
            group.once("control", "seed", "--people", str(people))
        if not group.stopping:
            group.start()
        if not group.stopping:
            _welcome(settings, demo=secrets.demo)
            group.watch()
    except SupervisorError:
        if not group.stopping:  # a command that ended because of our own Ctrl-C is not a failure
            raise
    finally:
        if group.running:
            _console.print("· stopping", markup=False)
        group.stop()
    _console.print("· stopped; everything is on disk", markup=False)


def _welcome(settings: Settings, *, demo: bool) -> None:
    """Print what to open, and where the demo accounts are."""
    origin = settings.origin
    rows = [
        ("Resident's phone page", f"{origin}/"),
        ("Inspector's page", f"{origin}/inspect"),
        ("Consoles", f"{origin}/console/"),
        ("API", f"{origin}/api/docs"),
    ]
    if demo:
        rows.append(("Demo: accounts, SMS codes", f"{origin}/demo/"))
    _console.print()
    for title, address in rows:
        _console.print(f"  {title:<28}{address}", markup=False)
    if demo:
        names = ", ".join(f"{officer.key} ({officer.role.replace('_', ' ')})" for officer in OFFICERS)
        _console.print(
            f"\n  Officers: {names}.\n  Password: {PASSWORD}; the second factor is on the demo page.", markup=False
        )
    _console.print(f"\n  Logs are in {settings.data / 'logs'}. Ctrl-C stops everything.\n", markup=False)
