"""The county's console: its queue, one item, the reviews."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.casework import services
from healthcode.control.casework.forms import (
    day_posted,
    field_words,
    kind_choices,
    kind_chosen,
    kind_entries,
    kind_fields,
)
from healthcode.control.casework.models import Proposal, WorkItem
from healthcode.control.casework.selectors import (
    county_choices,
    division_name,
    item_content,
    item_history,
    queue_items,
    queue_rows,
    review_proposals,
    review_rows,
)
from healthcode.control.casework.states import ItemState, Outcome
from healthcode.control.casework.words import OUTCOMES, STATES, word
from healthcode.control.evidence.selectors import (
    Standing,
    kind_title,
    rules_for,
    subject_if,
    subject_standing,
    supposed,
)
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.people.vault import identity_masked
from healthcode.control.problems import Problem
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import date_of, day_of, minute_of

PAGE = 20
COUNTY = "/console/county/"
REVIEWS = "/console/county/reviews/"


@officer(Role.COUNTY_OFFICER, purpose="work the county's leads")
def county(request: ActRequest) -> HttpResponse:
    """The queue of the county, soonest due first."""
    return render(request, "casework/county.html", _queue(request))


@officer(Role.COUNTY_OFFICER, purpose="investigate a lead")
def item(request: ActRequest, item_id: int) -> HttpResponse:
    """One item: person, lead, the rule that would apply, history, and what may be done."""
    return render(request, "casework/item.html", _queue(request) | _item(request, item_id))


@require_POST
@officer(Role.COUNTY_OFFICER, purpose="accept a lead")
def accept(request: ActRequest, item_id: int) -> HttpResponse:
    """Take an item in hand."""
    services.item_accept(item=item_id, officer=_officer(request), now=_now())
    return redirect(f"{COUNTY}items/{item_id}/")


@require_POST
@officer(Role.COUNTY_OFFICER, purpose="hand a lead back")
def hand_back(request: ActRequest, item_id: int) -> HttpResponse:
    """Put an own item back into the queue."""
    services.item_hand_back(item=item_id, officer=_officer(request), now=_now())
    return redirect(COUNTY)


@require_POST
@officer(Role.COUNTY_OFFICER, purpose="propose a determination")
def propose(request: ActRequest, item_id: int) -> HttpResponse:
    """Confirm, exclude or transfer, to be reviewed by a colleague."""
    post, outcome = request.POST, request.POST.get("outcome", "")
    if outcome not in set(Outcome):
        raise Problem(422, "outcome_unknown", say("请选择处理方式", "Choose what to propose"))
    kind = kind_chosen(post.get("kind", ""), EvidenceKind.close_contact)
    services.proposal_make(
        item=item_id,
        officer=_officer(request),
        outcome=outcome,
        reason=post.get("reason", "")[:500],
        kind=kind,
        anchor_day=day_posted(post.get("anchor", "")),
        fields=kind_fields(kind, post),
        target_division=post.get("target", ""),
        now=_now(),
    )
    return redirect(f"{COUNTY}items/{item_id}/")


@officer(Role.COUNTY_OFFICER, purpose="find proposals to review")
def reviews(request: ActRequest) -> HttpResponse:
    """Proposals of colleagues that wait for a second officer."""
    return render(request, "casework/reviews.html", _reviews(request))


@officer(Role.COUNTY_OFFICER, purpose="review a determination")
def review(request: ActRequest, proposal_id: int) -> HttpResponse:
    """One proposal: see what would follow; approve, or return with a reason."""
    if request.method == "POST":
        verdict = "approve" if request.POST.get("verdict") == "approve" else "return"
        services.proposal_review(
            proposal=proposal_id,
            officer=_officer(request),
            verdict=verdict,
            reason=request.POST.get("reason", "")[:500],
            now=_now(),
        )
        return redirect(REVIEWS)
    return render(request, "casework/review.html", _reviews(request) | _review(request, proposal_id))


def _queue(request: ActRequest) -> dict[str, Any]:
    page = Paginator(queue_items(), PAGE).get_page(request.GET.get("page"))
    return {"page": page, "rows": queue_rows(page, officer=_officer(request), url=COUNTY + "items/{}/")}


def _reviews(request: ActRequest) -> dict[str, Any]:
    page = Paginator(review_proposals(), PAGE).get_page(request.GET.get("page"))
    return {"page": page, "rows": review_rows(page, officer=_officer(request))}


def _item(request: ActRequest, item_id: int) -> dict[str, Any]:
    found = WorkItem.objects.select_related("lead", "assignee").filter(pk=item_id).first()
    if found is None:
        raise Problem(
            404,
            "item_unknown",
            say("没有此事项", "No such item"),
            say("它可能已移交其他县。请返回队列。", "It may have gone to another county. Go back to the queue."),
        )
    now = _now()
    kind = kind_chosen(request.GET.get("kind", ""), found.lead.suspected_kind)
    mine = found.assignee_id == request.act.officer
    return {
        "item": found,
        "person": identity_masked(found.subject_id),
        "kind": kind.value,
        "kind_title": kind_title(kind.value),
        "suspected": kind_title(found.lead.suspected_kind),
        "state": word(STATES, found.state),
        "content": item_content(found, officer=_officer(request), now=now),
        "history": item_history(found),
        "rules": rules_for(kind, now=_now()),
        "standing": subject_standing(found.subject_id, now=now),
        "kinds": kind_choices(),
        "entries": kind_entries(kind),
        "counties": county_choices(without=found.division) if mine else (),
        "anchor": date_of(found.lead.anchor_day).isoformat(),
        "today": date_of(day_of(minute_of(now))).isoformat(),
        "may_accept": found.state == ItemState.QUEUED,
        "may_propose": found.state == ItemState.ACCEPTED and mine,
    }


def _review(request: ActRequest, proposal_id: int) -> dict[str, Any]:
    found = review_proposals().filter(pk=proposal_id).first()
    if found is None:
        raise Problem(
            404,
            "proposal_unknown",
            say("没有待复核的此项提请", "No such proposal waits"),
            say("它可能已由同事复核。请返回列表。", "A colleague may have reviewed it. Go back to the list."),
        )
    now = _now()
    return {
        "proposal": found,
        "item": found.item,
        "person": identity_masked(found.subject_id),
        "outcome": word(OUTCOMES, found.outcome),
        "kind_title": kind_title(found.kind or found.item.lead.suspected_kind),
        "fields": field_words(found.fields),
        "target": division_name(found.target_division),
        "history": item_history(found.item),
        "standing": subject_standing(found.subject_id, now=now),
        "then": _then(found, now),
        "own": found.proposer_id == request.act.officer,
        "rules": rules_for(EvidenceKind(found.kind), now=_now()) if found.kind else (),
    }


def _then(proposal: Proposal, now: datetime) -> Standing | None:
    """What an approval would bring about, by the rules themselves."""
    if proposal.outcome != Outcome.CONFIRM or proposal.anchor_day is None:
        return None
    fact = supposed(
        EvidenceKind(proposal.kind), proposal.fields, proposal.anchor_day, county=proposal.division, now=now
    )
    return subject_if(proposal.subject_id, fact, now=now)


def _officer(request: ActRequest) -> int:
    return request.act.officer or 0


def _now() -> datetime:
    return datetime.now(UTC)
