"""Levels that end by rule are ended here, by the worker once an hour and so at local midnight. Nobody is polled.

Each area is a transaction of its own. If we die between two, the next hour makes the rest; if we die before the job
that derives people, it stands in the same transaction as the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import structlog
from django.db import Error, connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.areas.consequences import area_derive_later
from healthcode.control.areas.models import LIFTED, RiskArea
from healthcode.control.areas.reading import area_turn
from healthcode.control.areas.steps import Step, Watch, step_next
from healthcode.control.areas.watching import steps_next, waits_for_the_city, watches_read
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import Known, rules_known
from healthcode.domain.time import instant_of, minute_of

log = structlog.get_logger(__name__)
_PURPOSE: Final = "end levels by rule"


def levels_rule(*, now: datetime) -> list[int]:
    """Make every step that is due; returns the areas whose level changed. Opens its own acts; repeatable.

    Raises:
        psycopg.Error: the database refused one; the others were made all the same.
    """
    with _act():
        due = [key for key, step in steps_next(list(RiskArea.objects.all()), now=now).items() if _due(step, now)]
    changed: list[int] = []
    refused: Error | None = None
    for key in due:
        try:
            with _act():
                if _rule(key, now):
                    changed.append(key)
        except Error as error:
            log.exception("area_step_refused", area=key)
            refused = error
    if refused is not None:
        raise refused
    return changed


def _rule(key: int, now: datetime) -> bool:
    """Make the steps of one area that are due, after an outage several; False where none is."""
    area_turn(key)
    area = RiskArea.objects.get(pk=key)
    made, known = False, rules_known()
    ruleset = known.at(minute_of(now))
    while not waits_for_the_city(key, now=now):
        watch = watches_read([area])[key]
        step = step_next(watch, ruleset, minute_of(now))
        if step is None or not _due(step, now):
            break
        _make(area, watch, step, known, now)
        made = True
    if made:
        area_derive_later(key)
    return made


def _due(step: Step, now: datetime) -> bool:
    return step.due <= minute_of(now)


def _make(area: RiskArea, watch: Watch, step: Step, known: Known, now: datetime) -> None:
    values: dict[str, int | str | datetime] = {
        "area_id": area.pk,
        "division": area.division,
        "follows": max(row.approval for row in watch.approved if row.from_ <= minute_of(now)),
        "former": step.level.value,
        "level": step.to.value if step.to else LIFTED,
        "ruleset": known.at(minute_of(now)).key,
        "publications_known": known.publications,
        "rule": step.source,
        "clear_since": step.since,
        "clear_days": step.clear_days,
        "due_at": instant_of(step.due),
        "made_at": now,
    }
    columns = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    with connection.cursor() as cursor:
        # its number is the database's own: that of the approvals
        cursor.execute(f"INSERT INTO areas_ruledstep ({columns}) VALUES ({marks}) RETURNING id", values)  # noqa: S608
        number = cursor.fetchone()[0]
    detail = {name: value for name, value in values.items() if name not in ("area_id", "due_at", "made_at")}
    event_append(
        EventName.AREA_LEVEL_RULED,
        now=now,
        division=area.division,
        reference=f"area:{area.pk}",
        detail={**detail, "step": number, "area": area.code, "due": instant_of(step.due).isoformat()},
    )


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield
