"""What an approved designation brings about: residents recorded or taken back, and everybody concerned derived anew.

In batches, each a transaction of its own on the bulk lane. If we die between two, the job runs again from the start and
finds what is left: who has a row already is not listed again, and deriving anew changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.areas.models import Designation, RiskArea
from healthcode.control.areas.reading import LOCK
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.rows import chunks
from healthcode.control.evidence.services import Designated, Fact, evidence_record
from healthcode.control.ports import ports
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import day_of, minute_of

APPLY: Final = "areas.apply"
"""The worker's job (tasks.py)."""
_BATCH: Final = 2_000
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
        return len(_in_batches(said, _rescind_residents, EventName.AREA_RESIDENTS_RESCINDED, now))
    done: set[int] = set()
    if said.residents:
        done = _in_batches(said, _record_residents, EventName.AREA_RESIDENTS_RECORDED, now)
    return len(done) + area_derive(said.area_id, but=done, now=now)


def area_derive(area: int, *, but: Collection[int] = (), now: datetime) -> int:
    """Derive everybody else whose evidence names the area; returns how many people. Opens its own acts."""
    numbers = [number for number in _concerned(area) if number not in but]
    for part in chunks(numbers, _BATCH):
        with _act():
            subjects_derive(part, now=now, lane=1)
    return len(numbers)


def _in_batches(
    said: Designation, record: Callable[[Designation, int, datetime], list[int]], name: EventName, now: datetime
) -> set[int]:
    """Record batch after batch until nobody is left; each names itself in the audit, in its own transaction."""
    done: set[int] = set()
    last = 0
    while True:
        with _act():
            numbers = record(said, last, now)
            if not numbers:
                return done
            subjects_derive(numbers, now=now, lane=1)
            detail = {"designation": said.pk, "area": said.area.code, "people": len(numbers)}
            event_append(name, now=now, division=said.division, reference=f"area:{said.area_id}", detail=detail)
            done.update(numbers)
            last = max(numbers)


def _record_residents(said: Designation, after: int, now: datetime) -> list[int]:
    today = day_of(minute_of(now))
    numbers = [int(row[0]) for row in _rows("SELECT * FROM designation_residents_missing(%s, %s, %s)", said, after)]
    _record(said, [_fact(said, number, today, now) for number in numbers], now)
    return numbers


def _rescind_residents(said: Designation, after: int, now: datetime) -> list[int]:
    rows = _rows("SELECT * FROM designation_rows_to_rescind(%s, %s, %s)", said, after)
    _record(said, [_fact(said, number, day, now, takes_back=former) for former, number, day in rows], now)
    return [int(row[1]) for row in rows]


def _fact(said: Designation, number: int, day: int, now: datetime, takes_back: Any = None) -> Fact:
    return Fact(
        subject=number,
        kind=EvidenceKind.area_stay,
        fields={"area": said.area.code, "relation": "resident"},
        occurred=now,
        document=said.basis,
        anchor=day,
        division=said.division,
        supersedes=takes_back,
        rescinded=takes_back is not None,
    )


def _record(said: Designation, facts: list[Fact], now: datetime) -> None:
    if facts:
        provenance = Designated(said.pk, said.proposer_id, said.approval.reviewer_id)
        evidence_record(facts, source=said.office, provenance=provenance, now=now)


def _rows(query: str, said: Designation, after: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [said.pk, after, _BATCH])
        return list(cursor.fetchall())


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
