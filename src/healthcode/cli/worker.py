"""`healthcode worker`: jobs and timers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from healthcode.cli.failure import teaching
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.queues import SHARES
from healthcode.wiring.settings import settings_load
from healthcode.wiring.worker import worker_run

Share = StrEnum("Share", list(SHARES))  # type: ignore[misc]  # the names stand in one place
app = typer.Typer(help="Do jobs and timers.")


@app.command()
@teaching
def worker(
    share: Annotated[
        Share | None, typer.Option(help="Do only this share, beside other workers: a run takes minutes.")
    ] = None,
) -> None:
    """Do jobs and timers until stopped; any number of workers share the work."""
    settings = settings_load()
    logs_setup("worker", settings.log_level)
    worker_run(settings, share.value if share else "")
