"""`healthcode bench NAME`: measure on this machine, in a temporary folder, against a floor."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

REPOSITORY = Path(__file__).resolve().parents[3]

_PEOPLE = {"designation": 50_000, "population": 35_000_000}
_ROWS = {"import": 1_000_000, "trace": 30_000_000}

app = typer.Typer(help="Measure, honestly.")
_console = Console(stderr=True, highlight=False)


@app.command()
def bench(
    name: str = typer.Argument(
        help="checks, visits, mix, tls, table, trace, storm, propagation, designation, import or population"
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on the last line."),
    seconds: float = typer.Option(3.0, min=0.5, help="Seconds of each run."),
    pairs: int = typer.Option(5, min=1, help="Interleaved runs of each server; trace: times that each is asked."),
    people: int | None = typer.Option(
        None, min=1_000, help="designation: residents of the area (50,000); population: of the province (35,000,000)."
    ),
    rows: int | None = typer.Option(
        None, min=1_000, help="import: results in the laboratory's file (1,000,000); trace: visits (30,000,000)."
    ),
) -> None:
    """Run one measurement alone on the machine; it sets up and removes what it needs (TMPDIR says where)."""
    edge = _load("edge")
    by_people = {"designation": _load("designation").designation, "population": _load("population").population}
    by_time = {"propagation": _load("propagation").propagation, "storm": _load("storm").storm}
    by_rows = {"import": _load("intake").results, "trace": _load("trace").trace}
    by_pairs = {"mix": _load("mix").mix, "tls": _load("tls").tls}
    measurements = {**edge.MEASUREMENTS, **by_pairs, **by_time, **by_people, **by_rows}
    if name not in measurements:
        _fail(f"There is no measurement {name!r}; there are: {', '.join(measurements)}.")
    if name != "table" and (os.cpu_count() or 1) < 2:
        _fail("This needs two cores: one for the server, one for the generator.")
    with tempfile.TemporaryDirectory(prefix="healthcode-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the account that PostgreSQL runs as passes through
        try:
            options: dict[str, float] = (
                {"seconds": seconds} if name in by_time else {"seconds": seconds, "pairs": pairs}
            )
            if name in by_people:
                options = {"people": people or _PEOPLE[name]}
            elif name in by_rows:
                options = {"rows": rows or _ROWS[name], **({"pairs": pairs} if name == "trace" else {})}
            result = measurements[name](Path(folder), say=_say, **options)
        except edge.NoRoom as error:
            _fail(str(error))
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for key, value in result.items():
        typer.echo(f"{key:<20}{value}")


def _load(name: str) -> Any:
    """The measurements live beside the source, not in the package: they need the repository."""
    if not (REPOSITORY / "bench" / "edge.py").exists():
        _fail("`healthcode bench` runs from a checkout of the repository; its bench/ folder is not here.")
    if str(REPOSITORY) not in sys.path:
        sys.path.insert(0, str(REPOSITORY))
    return importlib.import_module(f"bench.{name}")


def _say(line: str) -> None:
    _console.print(f"· {line}", markup=False)


def _fail(message: str) -> None:
    _console.print(message, style="red", markup=False)
    raise typer.Exit(1)
