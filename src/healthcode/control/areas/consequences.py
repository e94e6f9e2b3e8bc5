"""What an approved designation brings about: residents recorded or taken back, and everybody concerned derived anew.

In batches, each a transaction of its own on the bulk lane, which also moves the designation's progress. If we die
between two, the job goes on after the last one; who has a row already is recorded by nobody twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.areas.book import period_at
from healthcode.control.areas.models import Carried, Carrying, Designation, RiskArea, Verdict
from healthcode.control.areas.progress import carrying_get, designation_size, step_add, step_enter, steps_of, turn_take
from healthcode.control.areas.reading import areas_read
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.models import Evidence
from healthcode.control.evidence.rows import chunks
from healthcode.control.people.models import Subject
from healthcode.control.ports import ports
from healthcode.control.turns import AREA_LISTING
from healthcode.domain.time import day_of, minute_of

APPLY: Final = "areas.apply"
"""The worker's job (tasks.py)."""
_BATCH: Final = 2_000
_EVERYBODY: Final = 2**62
Page = tuple[int, int, list[int]]
"""The last number looked at, how many were looked at (0: nobody is left), who was recorded."""
Record = Callable[[Designation, int, datetime], Page]
DERIVE: Final = "areas.derive"
_PURPOSE: Final = "carry out a designation"


def designation_apply_later(designation: int) -> None:
    """Have a designation carried out once the current transaction, which approves it, commits."""
    app.configure_task(APPLY, queue="derivations").defer(designation=designation)


def area_derive_later(area: int) -> None:
    """Have everybody whose evidence names the area derived anew once the current transaction commits."""
    app.configure_task(DERIVE, queue="derivations").defer(area=area)


def designation_apply(designation: int, *, now: datetime) -> int:
    """Carry out an approved designation; returns how many people were derived for it in all.

    Opens its own acts. Killed anywhere, it goes on after the last batch that it committed; finished, it does nothing.
    """
    with _act():
        said = Designation.objects.select_related("area", "approval").get(pk=designation)
        row = carrying_get(designation, now=now)
    steps = steps_of(said)
    begun = Carried(row.step)
    for step in steps[steps.index(begun) :] if begun in steps else steps:
        _CARRY[step](said, row, now)
    return row.derived


def resident_moved(number: int, *, now: datetime) -> int:
    """Record somebody who moved into an area whose residents are taken in; returns how many designations took her in.

    Opens its own acts. Only areas in force count, and batches that nobody took back.
    """
    with _act():
        standing = _standing(number, now)
    taken = 0
    for said in standing:
        with _act():
            if _page("designation_record(%s, %s, %s, 1, %s, %s)", said.pk, number - 1, number, _today(now), now):
                subjects_derive([number], now=now)
                _event(EventName.AREA_RESIDENTS_RECORDED, said, 1, now)
                taken += 1
    return taken


def area_derive(area: int, *, now: datetime) -> int:
    """Derive everybody whose evidence names the area; returns how many people. Opens its own acts."""
    numbers = _concerned(area)
    for part in chunks(numbers, _BATCH):
        with _act():
            subjects_derive(part, now=now, lane=1)
    return len(numbers)


def _derive(said: Designation, row: Carrying, now: datetime) -> None:
    """Derive whoever else has the area in her evidence; whom the designation took in was derived with that."""
    concerned = _concerned(said.area_id)
    with _act():
        done = set(Evidence.objects.filter(designation=said).values_list("subject_id", flat=True))
        numbers = [number for number in concerned if number not in done]
        step_enter(row, Carried.DERIVE, len(numbers), now=now)
    for part in chunks([number for number in numbers if number > row.last], _BATCH):
        with _act():
            if not turn_take(row, Carried.DERIVE) or row.last >= part[-1]:
                return  # another worker is at it
            subjects_derive(part, now=now, lane=1)
            step_add(row, last=part[-1], looked_at=len(part), recorded=0, derived=len(part), now=now)


def _take_in(said: Designation, row: Carrying, now: datetime) -> None:
    _in_batches(said, row, Carried.RECORD, now)


def _take_back(said: Designation, row: Carrying, now: datetime) -> None:
    _in_batches(said, row, Carried.RESCIND, now)


def _in_batches(said: Designation, row: Carrying, step: Carried, now: datetime) -> None:
    """Record batch after batch until nobody is left; each names itself in the audit, in its own transaction."""
    record, name = _RECORDS[step]
    with _act():
        step_enter(row, step, designation_size(said.pk), now=now)
    while True:
        with _act():
            if not turn_take(row, step):
                return
            last, looked_at, numbers = record(said, row.last, now)
            if not looked_at:
                return
            if numbers:
                subjects_derive(numbers, now=now, lane=1)
                _event(name, said, len(numbers), now)
            step_add(row, last=last, looked_at=looked_at, recorded=len(numbers), derived=len(numbers), now=now)


def _finish(said: Designation, row: Carrying, now: datetime) -> None:
    del said
    with _act():
        step_enter(row, Carried.DONE, row.of, now=now)


def _record(said: Designation, after: int, now: datetime) -> Page:
    """The next people of a designation, recorded in one statement of the database."""
    query = "designation_record(%s, %s, %s, %s, %s, %s)"
    return _looked(_page(query, said.pk, after, _EVERYBODY, _BATCH, _today(now), now, made=False))


def _rescind(said: Designation, after: int, now: datetime) -> Page:
    return _looked(_page("designation_rescind(%s, %s, %s, %s)", said.pk, after, _BATCH, now))


def _looked(rows: list[tuple[int, bool]]) -> Page:
    return max((number for number, _ in rows), default=0), len(rows), [number for number, made in rows if made]


def _page(call: str, *values: int | datetime, made: bool = True) -> list[tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number, made FROM {call}", values)  # noqa: S608 # the calls are ours
        return [(int(number), bool(new)) for number, new in cursor.fetchall() if new or not made]


def _event(name: EventName, said: Designation, people: int, now: datetime) -> None:
    detail = {"designation": said.pk, "area": said.area.code, "people": people}
    event_append(name, now=now, division=said.division, reference=f"area:{said.area_id}", detail=detail)


def _standing(number: int, now: datetime) -> list[Designation]:
    """The designations in force of the county where the person is that take residents in."""
    division = Subject.objects.get(pk=number).present_division
    rows = Designation.objects.filter(division=division, residents=True, approval__verdict=Verdict.APPROVE.value)
    back = Designation.objects.filter(division=division, approval__verdict=Verdict.APPROVE.value)
    taken_back = set(back.exclude(rescinds=None).values_list("rescinds_id", flat=True))
    book = areas_read({said.area_id for said in rows}).approved
    found = [said for said in rows.select_related("area") if said.pk not in taken_back]
    return [said for said in found if period_at(book.get(said.area.code, ()), minute_of(now)) is not None]


def _today(now: datetime) -> int:
    return day_of(minute_of(now))


def _concerned(area: int) -> list[int]:
    """Waits for derivations that began before the approval was visible to them: what they record is listed here."""
    with _act(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [AREA_LISTING, area])
        cursor.execute("SELECT area_subjects(%s)", [RiskArea.objects.get(pk=area).code])
        return [int(row[0]) for row in cursor.fetchall()]


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield


_RECORDS: Final[Mapping[Carried, tuple[Record, EventName]]] = {
    Carried.RECORD: (_record, EventName.AREA_RESIDENTS_RECORDED),
    Carried.RESCIND: (_rescind, EventName.AREA_RESIDENTS_RESCINDED),
}
_CARRY: Final[Mapping[Carried, Callable[[Designation, Carrying, datetime], None]]] = {
    Carried.RECORD: _take_in,
    Carried.RESCIND: _take_back,
    Carried.DERIVE: _derive,
    Carried.DONE: _finish,
}
