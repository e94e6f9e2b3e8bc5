"""`healthcode control`: serve, migrate, seed."""

from __future__ import annotations

from datetime import UTC, datetime

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from healthcode.adapters.secret_files import issuer_renew
from healthcode.cli.failure import teaching
from healthcode.wiring.control import control_serve
from healthcode.wiring.database import database_migrate
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.seed import demo_seed
from healthcode.wiring.settings import settings_load

STEPS = {
    "people": "people with codes",
    "venues": "venues",
    "determinations": "determinations, each by two officers",
    "results": "test results",
}

app = typer.Typer(invoke_without_command=True, help="Serve the consoles and their API (Django).")


@app.callback()
@teaching
def serve(context: typer.Context) -> None:
    """Serve the consoles and their API until stopped."""
    if context.invoked_subcommand is None:
        settings = settings_load()
        logs_setup("control", settings.log_level)
        control_serve(settings)


@app.command()
@teaching
def migrate() -> None:
    """Bring the database up to date, as role `migrate`. Safe to repeat; edges are upgraded first."""
    settings = settings_load()
    logs_setup("migrate", "warning")
    database_migrate(settings)


@app.command()
@teaching
def renew_issuer(
    name: str = typer.Argument(help="`venue` (venue codes) or `person` (passes and papers)."),
) -> None:
    """Make a new issuer key. Restart control and worker afterwards; codes signed before stay good (runbook keys)."""
    settings = settings_load()
    kid = issuer_renew(settings.data / "secrets", name, suite_name=settings.suite)
    typer.echo(f"new key {kid}: restart control and worker; recall the former one when its codes are over, or stolen")


@app.command()
@teaching
def seed(people: int = typer.Option(2000, min=0, help="How many invented people live in the county.")) -> None:
    """Fill an empty database with an invented county. Does nothing where one is there already."""
    settings = settings_load()
    logs_setup("seed", "error")
    with Progress(
        TextColumn("  {task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), transient=False
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(STEPS.get(step, step), total=of)
            bar.update(tasks[step], completed=done, total=of)

        demo_seed(settings, people=people, now=datetime.now(UTC), progress=show)
