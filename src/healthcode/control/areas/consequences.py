"""What an approved designation brings about: everybody whose evidence names the area is derived anew, in batches.

Each batch is a transaction of its own on the bulk lane. If we die between two, the job runs again from the start;
deriving somebody anew changes nothing where nothing changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.areas.models import RiskArea
from healthcode.control.areas.reading import LOCK
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.ports import ports

DERIVE: Final = "areas.derive"
"""The worker's job (tasks.py)."""
_BATCH: Final = 2_000
_PURPOSE: Final = "derive after a change of an area"


def area_derive_later(area: int) -> None:
    """Have everybody whom the area concerns derived anew once the current transaction commits."""
    app.configure_task(DERIVE, queue="derivations").defer(area=area)


def area_derive(area: int, *, now: datetime) -> int:
    """Derive everybody whose evidence names the area; returns how many people. Opens its own acts."""
    numbers = _concerned(area)
    for part in chunks(numbers, _BATCH):
        with transaction.atomic():
            act_begin(ports().system_token, _PURPOSE)
            subjects_derive(part, now=now, lane=1)
    return len(numbers)


def _concerned(area: int) -> list[int]:
    """Waits for derivations that began before the approval was visible to them: what they record is listed here."""
    with transaction.atomic(), connection.cursor() as cursor:
        act_begin(ports().system_token, _PURPOSE)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, area])
        code = RiskArea.objects.get(pk=area).code
        cursor.execute("SELECT area_subjects(%s)", [code])
        return [int(row[0]) for row in cursor.fetchall()]
