"""`healthcode edge`."""

from __future__ import annotations

import typer

from healthcode.cli.failure import teaching
from healthcode.wiring.edge import edge_run
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load

app = typer.Typer(help="Serve the phone pages and /v1.")


@app.command()
@teaching
def edge() -> None:
    """Serve the phone pages and /v1 until stopped."""
    settings = settings_load()
    logs_setup("edge", settings.log_level)
    edge_run(settings)
