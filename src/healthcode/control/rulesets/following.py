"""After a publication or a stop: everybody whom it may touch is derived anew, and the edges are told what they need.

A few in batches, each a transaction of its own on the bulk lane. If we die between two, the job runs again and finds
who is left: a state names the last publication that it knew. Many by a run over everybody (`population.run`), which
derives only whose answer changes; both give the same. Derivations that began before the publication was visible are
waited for, so that nobody recorded in that very moment is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.publication import publish_standing
from healthcode.control.bridge.tables import table_offer_withdraw
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.population.selectors import run_of
from healthcode.control.population.services import population_run_later, runs_at_once
from healthcode.control.ports import ports
from healthcode.control.rulesets.models import Approval
from healthcode.control.rulesets.reading import publications_newest

FOLLOW: Final = "rulesets.follow"
STANDING: Final = "rulesets.standing"
"""The worker's jobs (tasks.py)."""
_BATCH: Final = 2_000
_WAIT: Final = timedelta(seconds=20)
_PURPOSE: Final = "follow a published ruleset"
_LEFT: Final = (
    "SELECT number FROM subject_state WHERE publications_known < %s AND number > %s AND evaluated_at IS NOT NULL"
    " AND (grounds IS NOT NULL OR color NOT IN (%s, 'absent')"
    # three transitions of six bytes after the last negative: somebody whose color time will change
    "      OR substring(record FROM 13 FOR 18) <> decode(repeat('00', 18), 'hex')"
    # who stayed in an area may be touched by its next level without having a ground now
    "      OR EXISTS (SELECT 1 FROM evidence_evidence e WHERE e.subject_id = number AND e.kind = 'area_stay'))"
    " ORDER BY number LIMIT %s"
)


def follow_later(publication: int, from_: datetime, *, now: datetime) -> None:
    """Tell the edges what is announced, and have everybody derived, once the current transaction commits.

    The edges change by their clocks at `from_`; then they are told again, so that nothing old stays published.
    """
    publish_standing(now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (xid,) = cursor.fetchone()
    app.configure_task(FOLLOW, queue="derivations").defer(publication=publication, after=xid)
    app.configure_task(STANDING, queue="timers", schedule_at=from_).defer()


def population_follow(publication: int, *, after: str, now: datetime) -> int:
    """Derive whom the publication may touch and who does not know it yet; returns how many. Opens its own acts.

    More of them than `Ports.follow_singly` are left to a run over everybody, which is asked for here: 0.
    """
    with _act():
        _stop_settle(publication)
        if _many(publication):
            _run_ask(publication, after=after, now=now)
            return 0
    done, last = 0, 0
    while True:
        with _act():
            numbers = _left(publication, last)
            subjects_derive(numbers, now=now, lane=1)
        if not numbers:
            break
        done, last = done + len(numbers), max(numbers)
    with _act():
        if done:
            detail = {"publication": publication, "people": done}
            event_append(EventName.RULES_FOLLOWED, now=now, reference=f"publication:{publication}", detail=detail)
        if _still_open(after):
            _again(publication, after, now)
    return done


def standing_follow(*, now: datetime) -> int:
    """Tell the edges colors and policies of the ruleset in force; returns how many messages went out."""
    with _act():
        return publish_standing(now)


def _stop_settle(publication: int) -> None:
    """A stop overtakes the run of what it stops, which may have announced its table after the stop took it back."""
    stopped = Approval.objects.select_related("submission__stops").get(pk=publication).submission.stops
    if stopped is None or publications_newest() != publication:
        return
    runs_at_once(str(stopped.pk))
    table_offer_withdraw(stopped.effective_from)


def _many(publication: int) -> bool:
    """Whether a run is cheaper. A process without a store of tables cannot have one."""
    most = ports().follow_singly
    return ports().snapshots is not None and len(_left(publication, 0, most + 1)) > most


def _run_ask(publication: int, *, after: str, now: datetime) -> None:
    """One run for the publication, once nothing is at work any more that may not have seen it."""
    if _still_open(after):
        _again(publication, after, now)
        return
    name = str(publication)
    if run_of(name) is not None:
        return  # the job is done again: the run goes on by itself
    asked = Approval.objects.get(pk=publication)
    ahead = asked.effective_from if asked.effective_from is not None and asked.effective_from > now else None
    population_run_later(reason=_PURPOSE, now=now, publication=name, valid_from=ahead)


def _again(publication: int, after: str, now: datetime) -> None:
    job = app.configure_task(FOLLOW, queue="derivations", schedule_at=now + _WAIT)
    job.defer(publication=publication, after=after)


def _left(publication: int, last: int, most: int = _BATCH) -> list[int]:
    plain = ports().ruleset.colors.default.id
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [publication, last, plain, most])
        return [int(row[0]) for row in cursor.fetchall()]


def _still_open(after: str) -> bool:
    """Whether a transaction that began before the publication's own is still at work, and may not have seen it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) <= %s::xid8", [after])
        (still,) = cursor.fetchone()
    return bool(still)


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield
