"""`healthcode documents`: the document index process of a host, and which hosts may hold its keys."""

from __future__ import annotations

import importlib
from typing import Any

import typer

from healthcode.adapters.edge_files import identity_name, identity_open, identity_public
from healthcode.cli.failure import teaching
from healthcode.wiring.documents import documents_run
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load

app = typer.Typer(
    invoke_without_command=True,
    help="Hold this host's document index key: answer whose document was shown, and write it down.",
)


def _holders() -> Any:
    return importlib.import_module(
        "healthcode.wiring.document_holders"
    )  # loads Django, which the process itself spares


@app.callback()
@teaching
def serve(context: typer.Context) -> None:
    """Answer edges on this host's socket until stopped."""
    if context.invoked_subcommand is None:
        settings = settings_load()
        logs_setup("documents", settings.log_level)
        documents_run(settings)


@app.command()
@teaching
def key() -> None:
    """Print this host's id and the public key with which an operator enrols it; both are made on first use."""
    private = identity_open(settings_load().documents_folder)
    typer.echo(f"{identity_name(private)} {identity_public(private).hex()}")


@app.command()
@teaching
def enrol(public_key: str = typer.Argument(help="What `healthcode documents key` printed on that host.")) -> None:
    """Let a host hold the document index's keys, from the next look on (half a second)."""
    typer.echo(f"enrolled {_holders().holder_enrol(settings_load(), public_key)}")


@app.command()
@teaching
def strike(holder: str = typer.Argument(help="The host's id, as `healthcode documents hosts` lists it.")) -> None:
    """Take a host off: no further key goes there, and a new generation of the index begins."""
    _holders().holder_strike(settings_load(), holder)
    typer.echo(f"struck off {holder}")


@app.command()
@teaching
def hosts() -> None:
    """List the hosts that may hold the keys."""
    for holder, since in _holders().holders_list(settings_load()):
        typer.echo(f"{holder} {since}")
