"""An operator's say over the hosts that may hold document index keys: enrol, strike off, list."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any

from healthcode.wiring.control import control_configure
from healthcode.wiring.settings import Settings


def _services(settings: Settings) -> Any:
    control_configure(settings)
    return importlib.import_module("healthcode.control.documents.holders")  # exists only after `configure`


def holder_enrol(settings: Settings, public_key: str) -> str:
    """Let the process with this public key (64 hexadecimal digits) hold the keys; returns its id."""
    found: str = _services(settings).holder_enrol_by_operator(public_key, now=datetime.now(UTC))
    return found


def holder_strike(settings: Settings, holder: str) -> None:
    """Take a host off: it gets no further key, and a new generation begins at once."""
    _services(settings).holder_strike_by_operator(holder, now=datetime.now(UTC))


def holders_list(settings: Settings) -> list[tuple[str, str]]:
    """Every host by id, and since when it holds keys or until when it did."""
    found: list[tuple[str, str]] = _services(settings).holders_listed()
    return found
