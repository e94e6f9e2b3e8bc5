"""The invented county of a demo: offices and accounts as role `migrate`, everything else as the application itself."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from healthcode.adapters.registry_file import registry_write
from healthcode.control.configuration import database_change
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.wiring.control import control_configure, registry_key
from healthcode.wiring.settings import Settings, SettingsError

Progress = Callable[[str, int, int], None]


def demo_seed(settings: Settings, *, people: int, now: datetime, progress: Progress) -> bool:
    """Fill an empty database; False where somebody lives there already.

    `people` counts the cast too; `progress(step, done, of)` is told how far each step is. Raises SettingsError in
    production, and where an earlier seed died half-way.
    """
    if settings.production:
        raise SettingsError(
            "HEALTHCODE_ENVIRONMENT: invented people are not put into production. Use another data folder."
        )
    unfinished = settings.data / "run" / "seeding"
    if unfinished.exists():
        raise SettingsError(
            f"HEALTHCODE_DATA: the invented county in {settings.data} was left half-made by a start that died. "
            f"Remove the folder and start again, or choose another with --data."
        )
    secrets = settings.secrets()
    control_configure(settings, role="migrate")
    # models exist only after `configure`, so the modules that use them are imported here, by name
    accounts: Any = importlib.import_module("healthcode.control.seed.accounts")
    cast: Any = importlib.import_module("healthcode.control.seed.cast")
    county: Any = importlib.import_module("healthcode.control.seed.county")
    offices: Any = importlib.import_module("healthcode.control.seed.offices")
    population: Any = importlib.import_module("healthcode.control.seed.population")
    laboratory = laboratory_key(settings.data / "demo" / "laboratory.key")
    offices.offices_seed(
        laboratory_key=laboratory.public.to_bytes(),
        password=accounts.PASSWORD,
        totp_secrets={officer.key: accounts.totp_secret(officer.key, secrets.blind_key) for officer in cast.OFFICERS},
        now=county.morning(now),
    )
    everybody = list(population.people_invent(people))
    registry_write(settings.registry_file, registry_key(secrets), [(one.document, one.name) for one in everybody])
    database_change(settings.dsn("app", secrets))
    unfinished.touch()
    filled: bool = county.county_seed(everybody, laboratory=laboratory, now=county.morning(now), progress=progress)
    unfinished.unlink()
    return filled


def laboratory_key(file: Path) -> SigningKey:
    """The invented laboratory's signing key, made once; whoever plays the laboratory signs result files with it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_suffix(".draft")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as output:
            output.write(suite("intl").generate_signing_key().to_bytes().hex() + "\n")
        draft.replace(file)
    return suite("intl").private_from_bytes(bytes.fromhex(file.read_text(encoding="ascii")))
