"""`healthcode import`: bring in a file, whole or not at all."""  # noqa: N999 # a command is named as it is typed

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from healthcode.cli.failure import teaching
from healthcode.wiring.control import control_configure
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load

app = typer.Typer(help="Bring in a file: leads, arrivals, results, vaccinations, statuses.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or JSON lines (spec/intake.md).")]
Unit = Annotated[str, typer.Option("--unit", help="The source unit: its number or its name.")]
Signature = Annotated[
    Path | None,
    typer.Option("--signature", exists=True, dir_okay=False, help="ES256 by the unit over the file's SHA-256 digest."),
]
Report = Annotated[
    Path | None, typer.Option("--report", dir_okay=False, help="Write all faults there as CSV; default: beside FILE.")
]


@app.callback()
def imports() -> None:
    """One fault and nothing is imported; the same file or row again changes nothing. Ctrl-C leaves nothing behind."""


@app.command()
@teaching
def leads(file: File, unit: Unit, signature: Signature = None, report: Report = None) -> None:
    """Distribute a file of leads to the counties of the present addresses."""
    _import("leads", file, unit, signature, report)


@app.command()
@teaching
def arrivals(file: File, unit: Unit, signature: Signature = None, report: Report = None) -> None:
    """Distribute arrivals from abroad as leads; two officers determine each."""
    _import("arrivals", file, unit, signature, report)


@app.command()
@teaching
def results(file: File, unit: Unit, signature: Signature = None, report: Report = None) -> None:
    """Record a laboratory's signed results; what follows for the colors follows at once."""
    _import("results", file, unit, signature, report)


@app.command()
@teaching
def vaccinations(file: File, unit: Unit, signature: Signature = None, report: Report = None) -> None:
    """Record signed vaccinations."""
    _import("vaccinations", file, unit, signature, report)


@app.command()
@teaching
def statuses(file: File, unit: Unit, signature: Signature = None, report: Report = None) -> None:
    """Record red and yellow as other regions gave or lifted them."""
    _import("statuses", file, unit, signature, report)


def _import(kind: str, file: Path, unit: str, signature: Path | None, report_to: Path | None) -> None:
    settings = settings_load()
    logs_setup("import", "error")  # what a command prints is its answer alone
    control_configure(settings)
    commands: Any = importlib.import_module("healthcode.control.exchange.commands")  # models exist only after that
    messages: Any = importlib.import_module("healthcode.control.exchange.messages")
    faults: Any = importlib.import_module("healthcode.control.exchange.faults")
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        with _bar(err) as bar:
            task = bar.add_task("", total=None)
            answer = commands.file_import(
                kind=kind,
                unit=unit,
                file=file,
                signature=signature.read_bytes() if signature else b"",
                now=datetime.now(UTC),
                watch=lambda step, done, total: bar.update(task, description=step, completed=done, total=total or None),
            )
    except faults.FileFault as fault:
        err.print(
            f"{file.name}: {messages.message(fault.code, fault.params)} [{fault.code}]", style="red", markup=False
        )
        raise typer.Exit(1) from None
    _tell(answer, file, report_to or file.with_suffix(".faults.csv"), out, err)


def _tell(answer: Any, file: Path, report_to: Path, out: Console, err: Console) -> None:
    report = answer.report
    if report.state == "imported":
        out.print(f"{file.name}: {report.rows} rows, {report.new} new, {report.known} already known", markup=False)
        return
    if report.state == "cancelled":
        err.print(f"{file.name}: cancelled; nothing was imported", style="red", markup=False)
        raise typer.Exit(1)
    for line in answer.faults:
        err.print(f"{file.name}:{line.row or '-'} {line.column} {line.message} [{line.code}]", markup=False)
    report_to.write_bytes(answer.faults_file)
    err.print(f"{file.name}: nothing was imported; {report.faults} faults, all in {report_to}", style="red")
    raise typer.Exit(1)


def _bar(console: Console) -> Progress:
    """What runs, how far it is and for how long; on a terminal only."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
