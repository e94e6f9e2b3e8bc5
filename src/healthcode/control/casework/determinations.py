"""Proposing and reviewing: two officers of the county, the second never the first (Art. 16).

Lock order: the work item, then the subject's state, then nothing that anybody holds while waiting for either.
An approved confirmation is one transaction: review, evidence, derivation, decision, audit, pending leaf, outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.casework.distribution import lead_content
from healthcode.control.casework.items import acting_division, county_check, gone, item_claim, ref
from healthcode.control.casework.models import Lead, Proposal, Review, WorkItem
from healthcode.control.casework.states import ItemState, Outcome, Verdict
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.selectors import supposed, unclear_about
from healthcode.control.evidence.services import Fact, Reviewed, evidence_record, fact_check
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.time import Day, day_start, instant_of
from healthcode.domain.unit import UnitKind


def proposal_make(
    *,
    item: int,
    officer: int,
    outcome: Outcome | str,
    reason: str,
    kind: EvidenceKind | str = "",
    anchor_day: Day | None = None,
    fields: Mapping[str, Any] | None = None,
    target_division: str = "",
    now: datetime,
) -> Proposal:
    """Propose a determination of an item that one has accepted: confirm a fact, exclude, or transfer to a county.

    Raises:
        Problem: 422 naming each field that is wrong; 409 where the item is not accepted by this officer.
    """
    outcome = Outcome(outcome)
    if not reason.strip():
        raise _reason_missing()
    values: dict[str, Any] = {}
    if outcome is Outcome.CONFIRM:
        values = _fact(kind, anchor_day, fields or {}, now)
    elif outcome is Outcome.TRANSFER:
        values = _target(target_division)
    item_claim(item, (ItemState.ACCEPTED, ItemState.PROPOSED), assignee=officer)
    row = WorkItem.objects.get(pk=item)
    proposal = Proposal.objects.create(
        item=row,
        subject_id=row.subject_id,
        division=row.division,
        outcome=outcome,
        reason=reason.strip(),
        proposer_id=officer,
        proposed_at=now,
        **values,
    )
    _event(EventName.DETERMINATION_PROPOSED, proposal, now)
    return proposal


def proposal_review(*, proposal: int, officer: int, verdict: Verdict | str, reason: str = "", now: datetime) -> Review:
    """Approve or return a colleague's proposal. Approving a confirmation changes the color within this act.

    Raises:
        Problem: 403 for one's own proposal; 409 where it was reviewed already or is not the last one; 422 for a
            return without a reason.
    """
    verdict = Verdict(verdict)
    division = acting_division()
    row = Proposal.objects.filter(pk=proposal, division=division).first()
    if row is None:
        raise gone()
    if row.proposer_id == officer:
        raise Problem(
            403,
            "own_proposal",
            say("不能复核自己的提请", "Your own proposal"),
            say("请由另一位工作人员复核。", "A colleague has to review it."),
        )
    if verdict is Verdict.RETURN and not reason.strip():
        raise _reason_missing()
    _hold(row)
    review = Review.objects.create(
        proposal=row,
        proposer_id=row.proposer_id,
        reviewer_id=officer,
        division=division,
        verdict=verdict,
        reason=reason.strip(),
        reviewed_at=now,
    )
    if verdict is Verdict.RETURN:
        item_claim(row.item_id, (ItemState.PROPOSED, ItemState.ACCEPTED))
        _event(EventName.DETERMINATION_RETURNED, row, now)
    else:
        # the event first: after a transfer the item is out of this act's sight
        _event(EventName.DETERMINATION_APPROVED, row, now)
        _approve(row, officer, now)
    return review


def _hold(proposal: Proposal) -> None:
    """Hold the item until the act ends; of two racing reviewers the second waits here and then finds it changed."""
    held = WorkItem.objects.select_for_update().filter(
        pk=proposal.item_id, state=ItemState.PROPOSED, division=proposal.division
    )
    last = Proposal.objects.filter(item_id=proposal.item_id).order_by("-pk").values_list("pk", flat=True)
    if held.first() is None or last.first() != proposal.pk or Review.objects.filter(proposal=proposal).exists():
        raise gone()


def _approve(proposal: Proposal, officer: int, now: datetime) -> None:
    outcome = Outcome(proposal.outcome)
    if outcome is Outcome.TRANSFER:
        _transfer(proposal)
        return
    if outcome is Outcome.CONFIRM:
        _confirm(proposal, officer, now)
    item_claim(proposal.item_id, (ItemState.PROPOSED, ItemState.CLOSED), closed_at=now, closed_as=outcome.value)


def _confirm(proposal: Proposal, officer: int, now: datetime) -> None:
    """Evidence and what follows from it. If we die before the commit there is neither; after it, both."""
    source = Unit.objects.get(kind=UnitKind.county_office, division=proposal.division)
    fact = Fact(
        subject=proposal.subject_id,
        kind=EvidenceKind(proposal.kind),
        fields=proposal.fields,
        anchor=proposal.anchor_day,
        occurred=instant_of(day_start(proposal.anchor_day or 0)),
        document=_document(proposal),
        division=proposal.division,
    )
    provenance = Reviewed(proposal.pk, proposal.proposer_id, officer)
    evidence_record([fact], source=source, provenance=provenance, now=now)
    subjects_derive([proposal.subject_id], now=now)


def _transfer(proposal: Proposal) -> None:
    """Queue the item in the other county. A function of `migrate` does it: the row leaves what this act may see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT casework_item_transfer(%s, %s)", [proposal.item_id, proposal.pk])
        if not cursor.fetchone()[0]:
            raise gone()


def _document(proposal: Proposal) -> str:
    """The source's own reference, as the distributed lead named it."""
    lead = Lead.objects.get(item=proposal.item_id)
    return lead_content(lead.subject_id, lead.content_sealed).get("source") or f"lead {lead.pk}"


def _fact(kind: EvidenceKind | str, anchor: Day | None, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns of a confirmation, if kind, day 0 and fields are complete."""
    if kind not in set(EvidenceKind) or not KIND_SPECS[EvidenceKind(kind)].reviewed:
        raise _field("kind", say("请选择由专班认定的依据种类。", "Choose a kind that an office determines."))
    if anchor is None:
        raise _field("anchor", say("请填写日期，例如 2022-06-28。", "Write the date, for example 2022-06-28."))
    fact = Fact(0, EvidenceKind(kind), fields, instant_of(day_start(anchor)), "draft", anchor=anchor)
    checked = fact_check(fact, source_kind=UnitKind.county_office, now=now)
    unclear = unclear_about(supposed(fact.kind, checked, anchor, county=acting_division(), now=now), now=now)
    if unclear:  # recorded as it is, it would turn the person's answer to `unknown`
        raise _field("kind", say(f"现行规则据此不能判断：{unclear}", f"The rules cannot tell from this: {unclear}"))
    return {"kind": fact.kind.value, "anchor_day": anchor, "fields": checked}


def _target(division: str) -> dict[str, Any]:
    """The columns of a transfer, if it names another county in use."""
    county_check(division)
    if division == acting_division():
        raise _field("target", say("这是本县。请选择另一个县。", "This is your own county. Choose another one."))
    return {"target_division": division}


def _event(name: EventName, proposal: Proposal, now: datetime) -> None:
    event_append(
        name,
        now=now,
        subject=proposal.subject_id,
        division=proposal.division,
        reference=ref(proposal.item_id),
        detail={
            "proposal": proposal.pk,
            "outcome": proposal.outcome,
            "kind": proposal.kind,
            "proposer": proposal.proposer_id,
        },
    )


def _field(name: str, message: str) -> Problem:
    return Problem(
        422,
        "draft_incomplete",
        say("提请不完整", "The proposal is not complete"),
        say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
        errors=[{"field": name, "code": "field_required", "message": message}],
    )


def _reason_missing() -> Problem:
    return _field("reason", say("请写明理由。", "Give the reason."))
