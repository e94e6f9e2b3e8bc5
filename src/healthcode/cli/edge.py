"""`healthcode edge`: serve the phone pages and /v1, and which hosts may hold the keys for it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import typer

from healthcode.adapters.edge_files import identity_name, identity_open, identity_public
from healthcode.adapters.secret_files import edge_kit_write
from healthcode.cli.failure import teaching
from healthcode.wiring.edge import edge_run
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import settings_load

app = typer.Typer(invoke_without_command=True, help="Serve the phone pages and /v1.")


def _edges() -> Any:
    return importlib.import_module("healthcode.wiring.edges")  # loads Django, which the edge itself spares


@app.callback()
@teaching
def edge(context: typer.Context) -> None:
    """Serve the phone pages and /v1 until stopped."""
    if context.invoked_subcommand is None:
        settings = settings_load()
        logs_setup("edge", settings.log_level)
        edge_run(settings)


@app.command()
@teaching
def key() -> None:
    """Print this host's id and the public key with which an operator enrols it; both are made on first use."""
    private = identity_open(settings_load().data / "edge")
    typer.echo(f"{identity_name(private)} {identity_public(private).hex()}")


@app.command()
@teaching
def kit(folder: Path = typer.Argument(help="A new folder: copy it to `secrets` in that host's data folder.")) -> None:
    """Write the secrets that a further edge host needs, and no other. Run where control runs."""
    edge_kit_write(settings_load().data / "secrets", folder)
    typer.echo(f"wrote {folder}: bring it to that host by a safe way, and remove it here")


@app.command()
@teaching
def enrol(public_key: str = typer.Argument(help="What `healthcode edge key` printed on that host.")) -> None:
    """Let a host hold epoch keys; the relay gives them within half a minute. Run where control runs."""
    typer.echo(f"enrolled {_edges().edge_enrol(settings_load(), public_key)}")


@app.command()
@teaching
def strike(host: str = typer.Argument(help="The host's id, as `healthcode edge hosts` lists it.")) -> None:
    """Strike a host off: it gets no further key, and keys of days to come are cut anew for all others."""
    first = _edges().edge_strike(settings_load(), host)
    typer.echo(f"struck off {host}; codes that it mints are refused from {first} on (docs/runbooks/keys.md)")


@app.command()
@teaching
def hosts() -> None:
    """List the hosts that hold epoch keys, and those that were struck off."""
    for host, since in _edges().edges_list(settings_load()):
        typer.echo(f"{host} {since}")
