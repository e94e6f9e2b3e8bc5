"""`healthcode updater`."""

from __future__ import annotations

import typer

from healthcode.cli.failure import teaching
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load
from healthcode.wiring.updater import updater_run

app = typer.Typer(help="Keep this host's color table up to date.")


@app.command()
@teaching
def updater() -> None:
    """Keep this host's color table up to date until stopped."""
    settings = settings_load()
    logs_setup("updater", settings.log_level)
    updater_run(settings)
