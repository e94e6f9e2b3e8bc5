"""Carrying a recall out: what each scope means, and what the edges are told. In acts of the system.

Invariants: a recall is by a claim inside a code (handle, generation, edition of a venue's codes, key id), never by
signature bytes; from the commit on, every edge refuses within a second what was made before; other codes go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import F, QuerySet

from healthcode.control.access import act_begin
from healthcode.control.audit.models import Event
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.publication import trust_recall
from healthcode.control.bridge.services import publish
from healthcode.control.credentials.models import Paper, Pass, Recall, RecallDone
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.people.sessions import sessions_end
from healthcode.control.ports import ports
from healthcode.control.turns import RECALL_DECIDING
from healthcode.control.venues.models import Venue
from healthcode.control.venues.publication import STATUS, venue_publish
from healthcode.domain.time import minute_of
from healthcode.table.feed import FeedKind, RecallNote, key_from_bytes, note_encode

BATCH_MARK: Final = "/"
"""Between the two instants (RFC 3339) that name a batch: everything issued from the first until before the second."""


def handles_recall(handles: Iterable[bytes], reason: str, now: datetime) -> None:
    """Put handles on the recall list of every edge and, by the bundle, of every device without network."""
    since = minute_of(now)
    notes = [(h, note_encode(RecallNote(handle=h, since=since, reason=reason))) for h in handles]
    publish([(FeedKind.RECALL, key_from_bytes(h), note) for h, note in notes], lane=1 if len(notes) > 1 else 0)


def papers_recall(papers: QuerySet[Paper], reason: str, now: datetime) -> int:
    """Recall those of `papers` that still work; returns how many."""
    handles = _handles(papers)
    handles_recall(handles, reason, now)
    publish([(FeedKind.PAPER, key_from_bytes(h), b"") for h in handles], lane=1 if len(handles) > 1 else 0)
    Paper.objects.filter(handle__in=handles).update(recalled_at=now)
    return len(handles)


def passes_recall(passes: QuerySet[Pass], reason: str, now: datetime) -> int:
    """Recall those of `passes` that are alive; returns how many."""
    handles = _handles(passes.filter(expires_at__gt=now))
    handles_recall(handles, reason, now)
    Pass.objects.filter(handle__in=handles).update(recalled_at=now)
    return len(handles)


def recall_carry_out(recall: int, *, now: datetime) -> int:
    """Carry out a recall of one person's codes, or a wider one that was approved; returns how many codes it ended.

    An act of its own. Doing it again changes nothing.
    """
    with transaction.atomic():
        act_begin(ports().system_token, "recall codes")
        recall_turn(recall)
        asked = Recall.objects.select_related("review", "done").get(pk=recall)
        if hasattr(asked, "done") or not _decided(asked):
            return 0
        codes = _SCOPES[asked.scope](asked, now)
        RecallDone.objects.create(recall=asked, at=now, codes=codes)
        event_append(
            EventName.RECALL_DONE,
            now=now,
            subject=asked.subject_id,
            division=asked.division,
            reference=f"recall:{asked.pk}",
            detail={"scope": asked.scope, "target": asked.target, "codes": codes},
        )
        return codes


def recall_turn(recall: int) -> None:
    """Wait for whoever else decides on this recall or carries it out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [RECALL_DECIDING, str(recall)])


def _decided(asked: Recall) -> bool:
    return asked.scope in Recall.SINGLE or (hasattr(asked, "review") and asked.review.verdict == "approve")


def _code(asked: Recall, now: datetime) -> int:
    handle = bytes.fromhex(asked.target)
    return _both(Paper.objects.filter(handle=handle), Pass.objects.filter(handle=handle), now)


def _person(asked: Recall, now: datetime) -> int:
    """Sheets and passes by handle; live codes and sessions, and whatever was minted ahead, by a new generation."""
    number = asked.subject_id
    assert number is not None  # noqa: S101  # a check constraint says so
    codes = _both(Paper.objects.filter(subject_id=number), Pass.objects.filter(subject_id=number), now)
    sessions_end(number=number)
    subjects_derive([number], now=now)
    return codes + 1


def _officer(asked: Recall, now: datetime) -> int:
    """The codes of every site that this officer ever approved: what an officer issues is posters."""
    approved = Event.objects.filter(name=EventName.VENUE_APPROVED, officer=int(asked.target))
    numbers = {int(reference.removeprefix("venue:")) for reference in approved.values_list("reference", flat=True)}
    return sum(_posters(number, now) for number in sorted(numbers))


def _site(asked: Recall, now: datetime) -> int:
    assert asked.venue_id is not None  # noqa: S101  # a check constraint says so
    return _posters(asked.venue_id, now)


def _batch(asked: Recall, now: datetime) -> int:
    begin, end = (datetime.fromisoformat(part) for part in asked.target.split(BATCH_MARK))
    return _both(
        Paper.objects.filter(issued_at__gte=begin, issued_at__lt=end),
        Pass.objects.filter(issued_at__gte=begin, issued_at__lt=end),
        now,
    )


def _key(asked: Recall, now: datetime) -> int:
    return int(trust_recall(bytes.fromhex(asked.target), now=now))


def _posters(number: int, now: datetime) -> int:
    """Begin a new edition of a site's codes: those printed or shown before are refused; returns how many gates."""
    Venue.objects.filter(pk=number).update(edition=F("edition") + 1)
    venue = Venue.objects.get(pk=number)
    if venue.state in STATUS:
        venue_publish(venue, now=now)
    return venue.checkpoints.count()


def _both(papers: QuerySet[Paper], passes: QuerySet[Pass], now: datetime) -> int:
    return papers_recall(papers, "office", now) + passes_recall(passes, "office", now)


def _handles(rows: QuerySet[Paper] | QuerySet[Pass]) -> list[bytes]:
    working = rows.filter(recalled_at=None).select_for_update()
    return [bytes(handle) for handle in working.values_list("handle", flat=True)]


_SCOPES: Final[dict[str, Callable[[Recall, datetime], int]]] = {
    "code": _code,
    "person": _person,
    "officer": _officer,
    "site": _site,
    "batch": _batch,
    "key": _key,
}
