"""`healthcode worker`: jobs and timers."""

from __future__ import annotations

import typer

from healthcode.cli.failure import teaching
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load
from healthcode.wiring.worker import worker_run

app = typer.Typer(help="Do jobs and timers.")


@app.command()
@teaching
def worker() -> None:
    """Do jobs and timers until stopped; any number of workers share the work."""
    settings = settings_load()
    logs_setup("worker", settings.log_level)
    worker_run(settings)
