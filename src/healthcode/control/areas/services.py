"""Writes of `areas`: a county officer proposes, an officer of its city approves or returns (Art. 16; color.md).

Nothing is in force before the approval, and what is in force ends only by a later approved row. The approval itself
touches nobody: the worker derives everybody concerned right after it (`consequences`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from healthcode.control.areas.consequences import designation_apply_later
from healthcode.control.areas.drafts import Draft, draft_check, missing, reason_missing
from healthcode.control.areas.models import LIFTED, Approval, AreaPlace, Designation, RiskArea, Verdict
from healthcode.control.areas.progress import carrying_begin
from healthcode.control.areas.reading import area_turn
from healthcode.control.areas.selectors import numbers_of
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.people.places import place_index
from healthcode.control.problems import Problem
from healthcode.domain.address import place_named
from healthcode.domain.unit import UnitKind


def area_propose(draft: Draft, *, officer: int, division: str, reason: str, now: datetime) -> Designation:
    """Propose a new area, another level, the lifting of one, or that a case or a hold keeps a level.

    The numbers shown to the officer are recorded with it.

    Raises:
        Problem: as `draft_check`; 422 without a reason.
    """
    if draft.area is not None:
        area_turn(draft.area)
    area = draft_check(draft, division=division, now=now)
    if not reason.strip():
        raise reason_missing()
    if area is None:
        area = RiskArea.objects.create(
            division=division,
            name=draft.name.strip(),
            name_en=draft.name_en.strip(),
            addresses=list(draft.addresses),
            created_by_id=officer,
            created_at=now,
        )
        indexes = {place_index(place_named(line)) for line in draft.addresses}
        AreaPlace.objects.bulk_create([AreaPlace(area=area, index=index) for index in indexes])
    said = Designation.objects.create(
        area=area,
        division=division,
        level=draft.level or LIFTED,
        effective_from=draft.effective_from,
        until=draft.until,
        residents=draft.residents,
        rescinds_id=draft.rescinds_id,
        case_day=draft.case_day,
        hold_until=draft.hold_until,
        basis=draft.basis.strip(),
        reason=reason.strip(),
        office=Unit.objects.get(kind=UnitKind.county_office, division=division),
        proposer_id=officer,
        proposed_at=now,
        shown=numbers_of(division, area.code, area.addresses).document(),
    )
    _event(EventName.AREA_PROPOSED, said, now)
    return said


def area_review(
    *, designation: int, officer: int, scope: str, verdict: Verdict | str, reason: str = "", now: datetime
) -> Approval:
    """Approve or return a county's proposal, as an officer of its city (`scope`: the city's prefix).

    Raises:
        Problem: 403 for one's own proposal; 404 where the act sees no such one; 409 where it is decided already;
            422 for a return without a reason.
    """
    verdict = Verdict(verdict)
    said = Designation.objects.filter(pk=designation, division__startswith=scope).select_related("area").first()
    if said is None:
        raise missing()
    if said.proposer_id == officer:
        raise Problem(
            403,
            "own_proposal",
            say("不能审批自己的提请", "Your own proposal"),
            say("请由另一位工作人员审批。", "A colleague has to decide on it."),
        )
    if verdict is Verdict.RETURN and not reason.strip():
        raise reason_missing()
    area_turn(said.area_id)
    if Approval.objects.filter(designation=said).exists():
        raise _decided()
    approval = Approval.objects.create(
        designation=said,
        division=said.division,
        proposer_id=said.proposer_id,
        reviewer_id=officer,
        verdict=verdict.value,
        reason=reason.strip(),
        reviewed_at=now,
    )
    _event(EventName.AREA_APPROVED if verdict is Verdict.APPROVE else EventName.AREA_RETURNED, said, now)
    if verdict is Verdict.APPROVE and not said.restrains:
        # If we die before the commit there is neither approval nor job; after it both, and the worker goes on.
        carrying_begin(said.pk, now=now)
        designation_apply_later(said.pk)
    return approval


def reference(area: int) -> str:
    """How the audit names an area."""
    return f"area:{area}"


def _event(name: EventName, said: Designation, now: datetime) -> None:
    detail: dict[str, Any] = {
        "designation": said.pk,
        "area": said.area.code,
        "level": said.level or _without_level(said),
        "residents": said.residents,
        "rescinds": said.rescinds_id,
        "case_day": said.case_day,
        "hold_until": said.hold_until.isoformat() if said.hold_until else "",
        "from": said.effective_from.isoformat() if said.effective_from else "",
        "until": said.until.isoformat() if said.until else "",
        "basis": said.basis,
        "proposer": said.proposer_id,
        "shown": said.shown,
    }
    event_append(name, now=now, division=said.division, reference=reference(said.area_id), detail=detail)


def _without_level(said: Designation) -> str:
    if said.rescinds_id:
        return "rescinds"
    return "case" if said.case_day is not None else "hold" if said.hold_until else "lifted"


def _decided() -> Problem:
    return Problem(
        409,
        "area_decided",
        say("此提请已有结论", "This proposal is decided"),
        say("同事已先处理。请返回列表查看。", "A colleague was quicker. Go back to the list."),
    )
