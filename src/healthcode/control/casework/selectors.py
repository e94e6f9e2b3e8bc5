"""What the county and province consoles show. Row policies narrow every query to the scope of the act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from healthcode.control.audit.models import Event
from healthcode.control.audit.names import EventName
from healthcode.control.casework.distribution import lead_content
from healthcode.control.casework.items import ref
from healthcode.control.casework.models import Proposal, WorkItem
from healthcode.control.casework.states import ItemState
from healthcode.control.casework.words import EVENTS, OUTCOMES, STATES, word
from healthcode.control.evidence.selectors import kind_title
from healthcode.control.language import say
from healthcode.control.offices.models import Officer
from healthcode.control.people.vault import MaskedIdentity, identities_masked, identity_unmask
from healthcode.domain.division import counties, division_get


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of a queue."""

    item: WorkItem
    person: MaskedIdentity | None
    kind: str
    state: str
    mine: bool
    url: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of an item's history."""

    at: datetime
    what: str
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CountyProgress:
    """One county's leads: how many wait, are late, are done, and the share done in time."""

    name: str
    open: int
    overdue: int
    closed: int
    feedback: int
    in_time: int


def queue_items() -> QuerySet[WorkItem]:
    """Open items of the county, soonest due first; those under review stand in the other list."""
    states = (ItemState.QUEUED, ItemState.ACCEPTED)
    return (
        WorkItem.objects.filter(state__in=states).exclude(division="").select_related("lead").order_by("due_at", "pk")
    )


def nobody_items() -> QuerySet[WorkItem]:
    """Items that no county has, because nobody knows where the person is."""
    return WorkItem.objects.filter(division="", state=ItemState.QUEUED).select_related("lead").order_by("due_at", "pk")


def review_proposals() -> QuerySet[Proposal]:
    """Proposals that wait for a second officer, soonest due first."""
    waiting = Proposal.objects.filter(item__state=ItemState.PROPOSED, review__isnull=True)
    return waiting.select_related("item", "item__lead", "proposer").order_by("item__due_at", "pk")


def queue_rows(items: Iterable[WorkItem], *, officer: int, url: str) -> list[QueueRow]:
    """Lines for a page of items; `url` is filled with each item's number."""
    page = list(items)
    people = identities_masked(item.subject_id for item in page)
    return [
        QueueRow(
            item,
            people.get(item.subject_id),
            kind_title(item.lead.suspected_kind),
            word(STATES, item.state),
            item.assignee_id == officer,
            url.format(item.pk),
        )
        for item in page
    ]


def review_rows(proposals: Iterable[Proposal], *, officer: int) -> list[QueueRow]:
    """Lines for a page of proposals; `mine` marks those that this officer may not review."""
    page = list(proposals)
    people = identities_masked(proposal.subject_id for proposal in page)
    return [
        QueueRow(
            p.item,
            people.get(p.subject_id),
            kind_title(p.kind or p.item.lead.suspected_kind),
            word(OUTCOMES, p.outcome),
            p.proposer_id == officer,
            f"/console/county/reviews/{p.pk}/",
        )
        for p in page
    ]


def item_content(item: WorkItem, *, officer: int, now: datetime) -> Mapping[str, str]:
    """What the lead says about the person, for its assignee while the item is open; the first look is recorded.

    Empty for everybody else. The person sees who opened it (trust.md).
    """
    if item.assignee_id != officer or item.state not in (ItemState.ACCEPTED, ItemState.PROPOSED):
        return {}
    opened = Event.objects.filter(name=EventName.IDENTITY_UNMASKED, reference=ref(item.pk), officer=officer)
    if not opened.exists():
        identity_unmask(
            item.subject_id,
            ("name", "phone", "address"),
            reason=say("核查已领取的线索", "investigating an accepted lead"),
            reference=ref(item.pk),
            division=item.division,
            now=now,
        )
    return lead_content(item.subject_id, item.lead.content_sealed)


def item_history(item: WorkItem) -> list[Moment]:
    """What happened to an item, oldest first, with the reasons that officers gave."""
    events = list(Event.objects.filter(reference=ref(item.pk)).order_by("id"))
    names = {o.pk: o.name for o in Officer.objects.filter(pk__in={e.officer for e in events if e.officer})}
    proposals = Proposal.objects.filter(item=item).select_related("review")
    notes = _notes(proposals)
    told = [
        Moment(
            e.at, word(EVENTS, e.name), names.get(e.officer or 0, ""), notes.get((e.name, e.detail.get("proposal")), "")
        )
        for e in events
    ]
    return [Moment(item.opened_at, say("下发", "Distributed"), ""), *told]


def _notes(proposals: Iterable[Proposal]) -> dict[tuple[str, int], str]:
    notes: dict[tuple[str, int], str] = {}
    for proposal in proposals:
        outcome = word(OUTCOMES, proposal.outcome)
        notes[EventName.DETERMINATION_PROPOSED.value, proposal.pk] = f"{outcome}：{proposal.reason}"
        review = getattr(proposal, "review", None)
        if review is not None:
            notes[EventName.DETERMINATION_RETURNED.value, proposal.pk] = review.reason
    return notes


def county_progress(*, now: datetime) -> list[CountyProgress]:
    """Every county of the act's scope with leads, most overdue first."""
    is_closed = Q(state=ItemState.CLOSED)
    rows = (
        WorkItem.objects.exclude(division="")
        .values("division")
        .annotate(
            closed=Count("pk", filter=is_closed),
            open=Count("pk", filter=~is_closed),
            overdue=Count("pk", filter=~is_closed & Q(due_at__lt=now)),
            in_time=Count("pk", filter=is_closed & Q(closed_at__lte=F("due_at"))),
        )
        .order_by("-overdue", "-open", "division")
    )
    return [
        CountyProgress(
            division_name(row["division"]),
            row["open"],
            row["overdue"],
            row["closed"],
            _share(row["closed"], row["closed"] + row["open"]),
            _share(row["in_time"], row["closed"]),
        )
        for row in rows
    ]


def division_name(code: str) -> str:
    """A division's name with its city, in the language of the request; the code where it is of another region."""
    try:
        division = division_get(code)
        above = division_get(division.parent or "")
    except KeyError:
        return code
    return say(above.name_zh + division.name_zh, f"{division.name_en}, {above.name_en}")


def county_choices(*, without: str = "") -> Sequence[tuple[str, str]]:
    """Every county in use as (code, name), for a select."""
    return [(county.code, division_name(county.code)) for county in counties() if county.code != without]


def _share(part: int, whole: int) -> int:
    """Percent, rounded down: 100 only where all are done."""
    return part * 100 // whole if whole else 0
