"""Filling an empty deployment with the invented county."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from healthcode.adapters.registry_file import registry_write
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.wiring.control import control_configure, registry_key
from healthcode.wiring.settings import Settings, SettingsError


def county_fill(settings: Settings, *, people: int, progress: Callable[[str, int, int], None]) -> bool:
    """Make offices, officers, registry, people, venues and a morning of leads; False where a county is there already.

    `progress(step, done, of)` is told how far each step is. Raises SettingsError in production.
    """
    if settings.production:
        raise SettingsError("HEALTHCODE_ENVIRONMENT: production is for real people. Set it to demo to seed a county.")
    control_configure(settings, role="migrate")
    # these know models, which exist only after `control_configure`
    population: Any = importlib.import_module("healthcode.control.seed.population")
    province: Any = importlib.import_module("healthcode.control.seed.province")
    secrets = settings.secrets()
    invented = list(population.people_invent(max(people, population.FEWEST)))
    registry_write(settings.registry_file, registry_key(secrets), [(p.document, p.name) for p in invented])
    return bool(
        province.province_seed(
            invented,
            app_dsn=settings.dsn("app", secrets),
            laboratory=laboratory_key(settings),
            now=datetime.now(UTC),
            progress=progress,
        )
    )


def laboratory_key(settings: Settings) -> SigningKey:
    """The invented laboratory's signing key: made once, kept beside the demo's other secrets (mode 0600)."""
    file = settings.data / "secrets" / "demo-laboratory.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(suite("intl").generate_signing_key().to_bytes().hex(), encoding="ascii")
    return suite("intl").private_from_bytes(bytes.fromhex(file.read_text(encoding="ascii")))
