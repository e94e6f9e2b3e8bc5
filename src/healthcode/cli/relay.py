"""`healthcode relay`."""

from __future__ import annotations

import typer

from healthcode.cli.failure import teaching
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.relay import relay_run
from healthcode.wiring.settings import settings_load

app = typer.Typer(help="Number committed feed messages and sign heartbeats.")


@app.command()
@teaching
def relay() -> None:
    """Number committed feed messages and sign heartbeats until stopped."""
    settings = settings_load()
    logs_setup("relay", settings.log_level)
    relay_run(settings)
