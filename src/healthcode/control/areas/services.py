"""Writes of `areas`: a county officer proposes, an officer of its city approves or returns (Art. 16; color.md).

Nothing is in force before the approval, and what is in force ends only by a later approved row. The approval itself
touches nobody: the worker derives everybody concerned right after it (`consequences`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from healthcode.control.areas.consequences import designation_apply_later
from healthcode.control.areas.models import LEVELS, LIFTED, Approval, Designation, RiskArea, Verdict
from healthcode.control.areas.selectors import level_now, numbers_of
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem
from healthcode.domain.unit import UnitKind

_TURN: Final = 7302
"""The class of the advisory locks under which what is said about one area is said one after the other."""
_MOST_ADDRESSES: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What to propose about `area`, or about a new one of this name. `level` empty: lifted; None: not chosen."""

    level: str | None
    basis: str
    area: int | None = None
    name: str = ""
    name_en: str = ""
    addresses: tuple[str, ...] = ()
    effective_from: datetime | None = None
    until: datetime | None = None
    residents: bool = False
    rescinds: int | None = None


def draft_check(draft: Draft, *, division: str, now: datetime) -> RiskArea | None:
    """The area that the draft is about, None for a new one.

    Raises:
        Problem: 422 naming each field that is wrong; 404 for an area of another county; 409 while another proposal
            about the area waits.
    """
    area = None if draft.area is None else _area(draft.area, division)
    errors = [_error(field, message) for field, message in _faults(draft, area, now) if message]
    if errors:
        raise Problem(
            422,
            "draft_incomplete",
            say("提请不完整", "The proposal is not complete"),
            say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
            errors=errors,
        )
    if area is not None and Designation.objects.filter(area=area, approval__isnull=True).exists():
        raise Problem(
            409,
            "area_waits",
            say("已有待审批的提请", "A proposal waits already"),
            say("市级审批后才能再次提请。", "The city has to decide on it before the next one."),
        )
    return area


def area_propose(draft: Draft, *, officer: int, division: str, reason: str, now: datetime) -> Designation:
    """Propose a new area, another level or the lifting of one. The numbers shown to the officer are recorded with it.

    Raises:
        Problem: as `draft_check`; 422 without a reason.
    """
    if draft.area is not None:
        _take_turn(draft.area)
    area = draft_check(draft, division=division, now=now)
    if not reason.strip():
        raise _reason_missing()
    if area is None:
        area = RiskArea.objects.create(
            division=division,
            name=draft.name.strip(),
            name_en=draft.name_en.strip(),
            addresses=list(draft.addresses),
            created_by_id=officer,
            created_at=now,
        )
    said = Designation.objects.create(
        area=area,
        division=division,
        level=draft.level or LIFTED,
        effective_from=draft.effective_from,
        until=draft.until,
        residents=draft.residents,
        rescinds_id=draft.rescinds,
        basis=draft.basis.strip(),
        reason=reason.strip(),
        office=Unit.objects.get(kind=UnitKind.county_office, division=division),
        proposer_id=officer,
        proposed_at=now,
        shown=numbers_of(division, area.code).document(),
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
        raise _reason_missing()
    _take_turn(said.area_id)
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
    if verdict is Verdict.APPROVE:
        # If we die before the commit there is neither approval nor job; after it both, and the worker goes on.
        designation_apply_later(said.pk)
    return approval


def missing() -> Problem:
    """The one refusal for what does not exist and for what is out of sight."""
    return Problem(
        404,
        "area_unknown",
        say("没有此风险区", "No such area"),
        say("请返回列表查看。", "Go back to the list."),
    )


def reference(area: int) -> str:
    """How the audit names an area."""
    return f"area:{area}"


def _area(pk: int, division: str) -> RiskArea:
    found = RiskArea.objects.filter(pk=pk, division=division).first()
    if found is None:
        raise missing()
    return found


def _faults(draft: Draft, area: RiskArea | None, now: datetime) -> list[tuple[str, str]]:
    """(field, message) of all that may be wrong; the message is empty where it is not."""
    known = {LIFTED, *(level for level, _ in LEVELS)}
    lifts = draft.level == LIFTED and draft.rescinds is None
    in_force = area is not None and level_now(area, now=now) is not None
    start = max(now, draft.effective_from or now)
    return [
        ("name", "" if area or draft.name.strip() else say("请写明区域名称。", "Name the area.")),
        ("level", "" if draft.level in known else say("请选择风险等级。", "Choose a level.")),
        (
            "level",
            say("没有生效中的等级可解除。", "There is no level in force to lift.") if lifts and not in_force else "",
        ),
        ("basis", "" if draft.basis.strip() else say("请写明依据文件。", "Name the document it rests on.")),
        (
            "until",
            say("截止时间须晚于开始时间。", "The end must be later than the beginning.")
            if draft.until is not None and (lifts or draft.until <= start)
            else "",
        ),
        (
            "residents",
            say("住址加密保存：只有范围为全县时才能列入全部居民。", "Addresses are sealed: only for a whole county.")
            if draft.residents and (area.addresses if area else draft.addresses)
            else "",
        ),
        (
            "residents",
            say("解除时不能列入居民。", "A lifting takes nobody in.") if draft.residents and not draft.level else "",
        ),
        (
            "rescinds",
            say("没有可撤回的批次。", "There is no such batch to take back.")
            if draft.rescinds is not None and (area is None or not _batch_stands(draft.rescinds, area) or draft.level)
            else "",
        ),
        (
            "addresses",
            say("请减少列出的小区。", "Name fewer compounds.") if len(draft.addresses) > _MOST_ADDRESSES else "",
        ),
    ]


def _batch_stands(designation: int, area: RiskArea) -> bool:
    """Whether that designation took residents in and nobody has taken them back."""
    rows = Designation.objects.filter(area=area)
    approved = rows.filter(pk=designation, residents=True, approval__verdict=Verdict.APPROVE.value)
    return approved.exists() and not rows.filter(rescinds=designation, approval__verdict=Verdict.APPROVE.value).exists()


def _take_turn(area: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_TURN, area])


def _event(name: EventName, said: Designation, now: datetime) -> None:
    detail: dict[str, Any] = {
        "designation": said.pk,
        "area": said.area.code,
        "level": said.level or ("rescinds" if said.rescinds_id else "lifted"),
        "residents": said.residents,
        "rescinds": said.rescinds_id,
        "from": said.effective_from.isoformat() if said.effective_from else "",
        "until": said.until.isoformat() if said.until else "",
        "basis": said.basis,
        "proposer": said.proposer_id,
        "shown": said.shown,
    }
    event_append(name, now=now, division=said.division, reference=reference(said.area_id), detail=detail)


def _decided() -> Problem:
    return Problem(
        409,
        "area_decided",
        say("此提请已有结论", "This proposal is decided"),
        say("同事已先处理。请返回列表查看。", "A colleague was quicker. Go back to the list."),
    )


def _reason_missing() -> Problem:
    return Problem(
        422,
        "draft_incomplete",
        say("提请不完整", "The proposal is not complete"),
        say("请写明理由后再提交。", "Give the reason and send it again."),
        errors=[_error("reason", say("请写明理由。", "Give the reason."))],
    )


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "code": "field_required", "message": message}
