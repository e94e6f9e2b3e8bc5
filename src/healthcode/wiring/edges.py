"""An operator's say over the edges: enrol, strike off, list."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any

from healthcode.control.problems import Problem
from healthcode.domain.time import date_of
from healthcode.wiring.control import control_configure
from healthcode.wiring.settings import Settings, SettingsError


def edge_enrol(settings: Settings, public_key: str) -> str:
    """Let the host with this public key (64 hexadecimal digits) hold epoch keys; returns its id."""
    return str(_asked(settings, "edge_enrol_by_operator", public_key, now=datetime.now(UTC)))


def edge_strike(settings: Settings, edge: str) -> str:
    """Take a host off; returns the first date (ISO) whose key it cannot have."""
    return date_of(int(_asked(settings, "edge_strike_by_operator", edge, now=datetime.now(UTC)))).isoformat()


def edges_list(settings: Settings) -> list[tuple[str, str]]:
    """Every host by id, and since when it holds keys or when it was struck off."""
    return list(_asked(settings, "edges_listed"))


def _asked(settings: Settings, name: str, *values: object, **named: object) -> Any:
    """Call a service of control, whose models exist only after `configure`. Raises SettingsError for a refusal."""
    control_configure(settings)
    service = getattr(importlib.import_module("healthcode.control.bridge.edges"), name)
    try:
        return service(*values, **named)
    except Problem as refusal:
        raise SettingsError(f"{refusal.title}. {refusal.detail}") from refusal
