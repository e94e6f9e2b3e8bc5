"""The whole demo: offices as role `migrate`, then the county's morning as the application would do it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from healthcode.control.configuration import database_change
from healthcode.control.ports import ports
from healthcode.control.seed.accounts import PASSWORD, totp_secret
from healthcode.control.seed.cast import OFFICERS, Person
from healthcode.control.seed.county import Progress, county_seed, morning
from healthcode.control.seed.offices import offices_seed
from healthcode.crypto.interfaces import SigningKey


def province_seed(
    people: Sequence[Person], *, app_dsn: str, laboratory: SigningKey, now: datetime, progress: Progress
) -> bool:
    """Fill an empty deployment; False where a county is there already. Start it as role `migrate`.

    `app_dsn` is the connection as role `app`, to which the process changes once the offices exist.
    """
    offices_seed(
        laboratory_key=laboratory.public.to_bytes(),
        password=PASSWORD,
        totp_secrets={officer.key: totp_secret(officer.key, ports().blind_key) for officer in OFFICERS},
        now=now,
    )
    database_change(app_dsn)
    return county_seed(people, laboratory=laboratory, now=morning(now), progress=progress)
