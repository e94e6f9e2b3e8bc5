"""What an approved designation brings about: residents recorded or taken back, and everybody concerned derived anew.

In batches, each a transaction of its own on the bulk lane. If we die between two, the job runs again from the start and
finds what is left: who has a row already is not listed again, and deriving anew changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.areas.book import period_at
from healthcode.control.areas.models import Designation, RiskArea, Verdict
from healthcode.control.areas.reading import LOCK, areas_read
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.people.models import Subject
from healthcode.control.ports import ports
from healthcode.domain.time import day_of, minute_of

APPLY: Final = "areas.apply"
"""The worker's job (tasks.py)."""
_BATCH: Final = 2_000
_EVERYBODY: Final = 2**62
Record = Callable[[Designation, int, datetime], tuple[int, list[int]]]
DERIVE: Final = "areas.derive"
_PURPOSE: Final = "carry out a designation"


def designation_apply_later(designation: int) -> None:
    """Have a designation carried out once the current transaction, which approves it, commits."""
    app.configure_task(APPLY, queue="derivations").defer(designation=designation)


def area_derive_later(area: int) -> None:
    """Have everybody whose evidence names the area derived anew once the current transaction commits."""
    app.configure_task(DERIVE, queue="derivations").defer(area=area)


def designation_apply(designation: int, *, now: datetime) -> int:
    """Carry out an approved designation; returns how many people were derived. Opens its own acts; repeatable."""
    with _act():
        said = Designation.objects.select_related("area", "approval").get(pk=designation)
    if said.rescinds_id is not None:
        return len(_in_batches(said, _rescind, EventName.AREA_RESIDENTS_RESCINDED, now))
    done: set[int] = set()
    if said.residents:
        done = _in_batches(said, _record, EventName.AREA_RESIDENTS_RECORDED, now)
    return len(done) + area_derive(said.area_id, but=done, now=now)


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


def area_derive(area: int, *, but: Collection[int] = (), now: datetime) -> int:
    """Derive everybody else whose evidence names the area; returns how many people. Opens its own acts."""
    numbers = [number for number in _concerned(area) if number not in but]
    for part in chunks(numbers, _BATCH):
        with _act():
            subjects_derive(part, now=now, lane=1)
    return len(numbers)


def _in_batches(said: Designation, record: Record, name: EventName, now: datetime) -> set[int]:
    """Record batch after batch until nobody is left; each names itself in the audit, in its own transaction."""
    done: set[int] = set()
    last = 0
    while True:
        with _act():
            looked_at, numbers = record(said, last, now)
            if not looked_at:
                return done
            last = looked_at
            if numbers:
                subjects_derive(numbers, now=now, lane=1)
                _event(name, said, len(numbers), now)
                done.update(numbers)


def _record(said: Designation, after: int, now: datetime) -> tuple[int, list[int]]:
    """(the last number looked at, 0 at the end; who was recorded), in one statement of the database."""
    query = "designation_record(%s, %s, %s, %s, %s, %s)"
    return _looked(_page(query, said.pk, after, _EVERYBODY, _BATCH, _today(now), now, made=False))


def _rescind(said: Designation, after: int, now: datetime) -> tuple[int, list[int]]:
    return _looked(_page("designation_rescind(%s, %s, %s, %s)", said.pk, after, _BATCH, now))


def _looked(rows: list[tuple[int, bool]]) -> tuple[int, list[int]]:
    return max((number for number, _ in rows), default=0), [number for number, made in rows if made]


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
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, area])
        cursor.execute("SELECT area_subjects(%s)", [RiskArea.objects.get(pk=area).code])
        return [int(row[0]) for row in cursor.fetchall()]


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield
