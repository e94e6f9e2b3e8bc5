"""Writes the pages of docs/ that follow from the code, settings.md and cli.md. `make fmt` runs it, a test compares."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import typer
from pydantic_core import PydanticUndefined

from healthcode.cli.main import COMMANDS
from healthcode.wiring.settings import PREFIX, Settings

DOCS = Path(__file__).parent
REPOSITORY = DOCS.parent


def settings_page() -> str:
    """docs/settings.md: one row per setting, from the schema."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, read and checked at start by every process; a mistake names the setting, the",
        "cause and the fix. Written by `docs/generate.py` from `src/healthcode/wiring/settings.py`.",
        "",
        "| setting | meaning | default |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) else f"`{_plain(field.default)}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {field.description} | {default} |")
    lines += [
        "",
        "Tests alone read `HEALTHCODE_TEST_POSTGRES` (major version that the wheel brings: 16 or 18) and",
        "`HEALTHCODE_TEST_DATABASE_URL` (a server of yours).",
        "",
    ]
    return "\n".join(lines)


def cli_page() -> str:
    """docs/cli.md: every command with its arguments and options, from the commands themselves."""
    lines = [
        "# The `healthcode` command",
        "",
        "`healthcode COMMAND --help` shows the same. Written by `docs/generate.py` from `src/healthcode/cli/`.",
        "",
    ]
    for name in COMMANDS:
        command: Any = typer.main.get_command(importlib.import_module(f"healthcode.cli.{name}").app)
        lines += _command(f"healthcode {name}", command, COMMANDS[name])
    return "\n".join(lines)


def _command(title: str, command: Any, purpose: str) -> list[str]:
    text = " ".join((command.help or purpose).split())
    lines = [f"## `{title}`", "", text, ""]
    rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
    rows = [row for row in rows if "--install-completion" not in row and "--show-completion" not in row]
    if rows:
        lines += ["| option | meaning | default |", "|---|---|---|", *rows, ""]
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        lines += _command(f"{title} {name}", inner, "")
    return lines


def _parameter(parameter: Any) -> str:
    written = ", ".join(f"`{word}`" for word in parameter.opts if word.startswith("-")) or f"`{parameter.name.upper()}`"
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) else f"`{_plain(default)}`"
    return f"| {written} | {getattr(parameter, 'help', None) or ''} | {shown} |"


def _plain(value: object) -> str:
    """A default as a reader writes it, without this machine's folders."""
    return str(value).replace(f"{REPOSITORY}/", "")


PAGES = {"settings.md": settings_page, "cli.md": cli_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (DOCS / file).write_text(page(), encoding="utf-8")
