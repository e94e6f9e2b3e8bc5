"""`healthcode import`: bring in a file of leads or of signed test results, whole or not at all."""  # noqa: N999 # a command is named as it is typed

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from healthcode.cli.failure import teaching
from healthcode.wiring.control import control_configure
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load

app = typer.Typer(help="Bring in a file of leads or of signed test results.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV file (spec/intake.md).")]
Unit = Annotated[str, typer.Option("--unit", help="The source unit: its number or its name.")]
Signature = Annotated[
    Path | None,
    typer.Option("--signature", exists=True, dir_okay=False, help="ES256 by the unit over the file's SHA-256 digest."),
]


@app.callback()
def imports() -> None:
    """One fault and nothing is imported; the same file or row again changes nothing."""


@app.command()
@teaching
def leads(file: File, unit: Unit) -> None:
    """Distribute a file of leads to the counties of the present addresses."""
    _import("leads", file, unit, None)


@app.command()
@teaching
def results(file: File, unit: Unit, signature: Signature = None) -> None:
    """Record a laboratory's signed results; what follows for the colors follows at once."""
    _import("results", file, unit, signature)


def _import(kind: str, file: Path, unit: str, signature: Path | None) -> None:
    settings = settings_load()
    logs_setup("import", "error")  # what a command prints is its answer alone
    control_configure(settings)
    commands: Any = importlib.import_module("healthcode.control.exchange.commands")  # models exist only after that
    messages: Any = importlib.import_module("healthcode.control.exchange.messages")
    faults: Any = importlib.import_module("healthcode.control.exchange.faults")
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        answer = commands.file_import(
            kind=kind,
            unit=unit,
            file_name=file.name,
            content=file.read_bytes(),
            signature=signature.read_bytes() if signature else b"",
            now=datetime.now(UTC),
        )
    except faults.FileFault as fault:
        err.print(
            f"{file.name}: {messages.message(fault.code, fault.params)} [{fault.code}]", style="red", markup=False
        )
        raise typer.Exit(1) from None
    report = answer.report
    if report.state == "imported":
        out.print(f"{file.name}: {report.rows} rows, {report.new} new, {report.known} already known", markup=False)
        return
    for row, column, code, text in answer.faults:
        err.print(f"{file.name}:{row or '-'} {column} {text} [{code}]", markup=False, soft_wrap=True)
    err.print(f"{file.name}: nothing was imported; {report.faults} faults", style="red", markup=False)
    raise typer.Exit(1)
