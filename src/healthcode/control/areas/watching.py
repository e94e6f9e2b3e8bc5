"""What the database knows of areas' cases, holds and steps, as `steps.py` takes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from healthcode.control.areas.models import Approval, Designation, RiskArea, Verdict
from healthcode.control.areas.reading import areas_read
from healthcode.control.areas.steps import Case, Hold, Step, Watch, step_next
from healthcode.control.rulesets.reading import ruleset_in_force
from healthcode.domain.time import minute_of

PATIENCE: Final = timedelta(hours=24)
"""So long a step waits for the city's word on a case or a hold; then the rule goes on: nobody alone keeps people."""


def watches_read(areas: Collection[RiskArea]) -> dict[int, Watch]:
    """What is known of each area, by its row id: days and instants, no person."""
    keys = [area.pk for area in areas]
    book = areas_read(keys).approved
    cases, holds = _cases(areas), defaultdict[int, list[Hold]](list)
    for row in _restraints(keys):
        said = row.designation
        at = minute_of(row.reviewed_at)
        if said.case_day is not None:
            cases.setdefault(said.area_id, []).append(Case(said.case_day, at))
        elif said.hold_until is not None:
            holds[said.area_id].append(Hold(at, minute_of(said.hold_until)))
    return {area.pk: Watch(book.get(area.code, ()), cases.get(area.pk, ()), holds[area.pk]) for area in areas}


def steps_next(areas: Collection[RiskArea], *, now: datetime) -> Mapping[int, Step]:
    """The next step by rule of each area that has one, by row id."""
    ruleset = ruleset_in_force(minute_of(now))
    found = {key: step_next(watch, ruleset, minute_of(now)) for key, watch in watches_read(areas).items()}
    return {key: step for key, step in found.items() if step is not None}


def waits_for_the_city(area: int, *, now: datetime) -> bool:
    """Whether the county said something about the area that the city should still hear before a rule goes on."""
    rows = Designation.objects.filter(area=area, approval__isnull=True, proposed_at__gt=now - PATIENCE)
    return any(row.restrains for row in rows)


def _restraints(keys: Collection[int]) -> list[Approval]:
    rows = Approval.objects.filter(designation__area__in=keys, verdict=Verdict.APPROVE).select_related("designation")
    return list(rows.exclude(designation__case_day=None, designation__hold_until=None).order_by("pk"))


def _cases(areas: Collection[RiskArea]) -> dict[int, list[Case]]:
    """Infections recorded of people who live or stay there: days only. The function shows nobody more than that."""
    ids = {area.code: area.pk for area in areas}
    found: dict[int, list[Case]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, day, known_at, gone_at FROM area_cases(%s::text[])", [list(ids)])
        for code, day, known, gone in cursor.fetchall():
            found[ids[code]].append(Case(day, minute_of(known), minute_of(gone) if gone else None))
    return found
