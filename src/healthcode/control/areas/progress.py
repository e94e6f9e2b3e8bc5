"""How far an approved designation is carried out: a row that moves in the transaction of the people it counts.

So a worker that was killed leaves a row that is true, and whoever goes on begins after the last person it names.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from healthcode.control.areas.models import Carried, Carrying, Designation

_MOVES = ("step", "last", "done", "of", "recorded", "derived", "at")


def carrying_begin(designation: int, *, now: datetime) -> None:
    """Say that an approved designation waits for the worker. Call it in the act that approves."""
    Carrying.objects.create(designation_id=designation, at=now)


def carrying_get(designation: int, *, now: datetime) -> Carrying:
    """Its row, made where the approval is older than these rows."""
    return Carrying.objects.get_or_create(designation_id=designation, defaults={"at": now})[0]


def steps_of(said: Designation) -> list[Carried]:
    """What is to be done about a designation, in order."""
    if said.rescinds_id is not None:
        return [Carried.RESCIND, Carried.DONE]
    return [*([Carried.RECORD] if said.residents else []), Carried.DERIVE, Carried.DONE]


def step_enter(row: Carrying, step: Carried, of: int, *, now: datetime) -> None:
    """Begin a step of `of` people, or go on with it where the row stands in it already."""
    if row.step != step.value:
        row.step, row.last, row.done, row.of = step.value, 0, 0, of
    row.at = now
    row.save(update_fields=_MOVES)


def turn_take(row: Carrying, step: Carried) -> bool:
    """Read the row again and keep others from it until the act ends; False where another worker went past `step`."""
    row.refresh_from_db(from_queryset=Carrying.objects.select_for_update())
    return row.step == step.value


def step_add(row: Carrying, *, last: int, looked_at: int, recorded: int, derived: int, now: datetime) -> None:
    """Count one batch of people, in the batch's own transaction."""
    row.last = last
    row.done += looked_at
    row.of = max(row.of, row.done)  # somebody moved in meanwhile
    row.recorded += recorded
    row.derived += derived
    row.at = now
    row.save(update_fields=_MOVES)


def designation_size(designation: int) -> int:
    """How many people an approved designation takes in or gives back, counted by the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT designation_size(%s)", [designation])
        return int(cursor.fetchone()[0])
