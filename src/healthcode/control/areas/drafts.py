"""A draft of what a county proposes about an area, and everything that may be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthcode.control.areas.models import HOLD_MOST, LEVELS, LIFTED, Designation, RiskArea, Verdict
from healthcode.control.areas.selectors import level_now
from healthcode.control.language import say
from healthcode.control.problems import Problem
from healthcode.domain.address import place_named
from healthcode.domain.area import Area
from healthcode.domain.time import Day, day_of, minute_of

_MOST_ADDRESSES: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What to propose about `area`, or about a new one of this name. `level` empty: lifted; None: not chosen.

    `rescinds_id`, `case_day` and `hold_until` say something else than a level, each alone and with an empty level.
    """

    level: str | None
    basis: str
    area: int | None = None
    name: str = ""
    name_en: str = ""
    addresses: tuple[str, ...] = ()
    effective_from: datetime | None = None
    until: datetime | None = None
    residents: bool = False
    rescinds_id: int | None = None
    case_day: Day | None = None
    hold_until: datetime | None = None

    @property
    def restrains(self) -> bool:
        """Whether it keeps a rule from changing the level."""
        return self.case_day is not None or self.hold_until is not None


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
    waiting = [] if area is None else Designation.objects.filter(area=area, approval__isnull=True)
    # a case is never kept waiting by another proposal, nor the other way round
    if any(said.restrains == draft.restrains for said in waiting):
        raise Problem(
            409,
            "area_waits",
            say("已有待审批的提请", "A proposal waits already"),
            say("市级审批后才能再次提请。", "The city has to decide on it before the next one."),
        )
    return area


def reason_missing() -> Problem:
    """The refusal of a proposal or a return that gives no reason."""
    return Problem(
        422,
        "draft_incomplete",
        say("提请不完整", "The proposal is not complete"),
        say("请写明理由后再提交。", "Give the reason and send it again."),
        errors=[_error("reason", say("请写明理由。", "Give the reason."))],
    )


def missing() -> Problem:
    """The one refusal for what does not exist and for what is out of sight."""
    return Problem(
        404,
        "area_unknown",
        say("没有此风险区", "No such area"),
        say("请返回列表查看。", "Go back to the list."),
    )


def _area(pk: int, division: str) -> RiskArea:
    found = RiskArea.objects.filter(pk=pk, division=division).first()
    if found is None:
        raise missing()
    return found


def _faults(draft: Draft, area: RiskArea | None, now: datetime) -> list[tuple[str, str]]:
    """(field, message) of all that may be wrong; the message is empty where it is not."""
    known = {LIFTED, *(level for level, _ in LEVELS)}
    return [
        ("name", "" if area or draft.name.strip() else say("请写明区域名称。", "Name the area.")),
        ("level", "" if draft.level in known else say("请选择风险等级。", "Choose a level.")),
        ("basis", "" if draft.basis.strip() else say("请写明依据文件。", "Name the document it rests on.")),
        (
            "addresses",
            say("请减少列出的小区。", "Name fewer compounds.") if len(draft.addresses) > _MOST_ADDRESSES else "",
        ),
        *(("addresses", _unplaced(line)) for line in draft.addresses),
        *(_restraint_faults(draft, area, now) if draft.restrains else _level_faults(draft, area, now)),
    ]


def _unplaced(line: str) -> str:
    if place_named(line):
        return ""
    return say(f"看不出是哪个小区、街道或乡镇：{line}", f"This names no compound, street or town: {line}")


def _level_faults(draft: Draft, area: RiskArea | None, now: datetime) -> list[tuple[str, str]]:
    lifts = draft.level == LIFTED and draft.rescinds_id is None
    ends_early = draft.until is not None and (lifts or draft.until <= max(now, draft.effective_from or now))
    no_batch = draft.rescinds_id is not None and (
        area is None or not _batch_stands(draft.rescinds_id, area) or bool(draft.level)
    )
    return [
        (
            "level",
            say("没有生效中的等级可解除。", "There is no level in force to lift.")
            if lifts and not _in_force(area, now)
            else "",
        ),
        (
            "until",
            say("截止时间须晚于开始时间。", "The end must be later than the beginning.") if ends_early else "",
        ),
        (
            "residents",
            say("解除时不能列入居民。", "A lifting takes nobody in.") if draft.residents and not draft.level else "",
        ),
        ("rescinds", say("没有可撤回的批次。", "There is no such batch to take back.") if no_batch else ""),
    ]


def _restraint_faults(draft: Draft, area: RiskArea | None, now: datetime) -> list[tuple[str, str]]:
    """A case or a hold says nothing else, and only about a level in force."""
    both = draft.case_day is not None and draft.hold_until is not None
    more = both or bool(draft.level) or draft.residents or draft.rescinds_id is not None
    ahead = draft.case_day is not None and draft.case_day > day_of(minute_of(now))
    until = draft.hold_until
    return [
        ("level", say("没有生效中的等级。", "No level is in force.") if not _in_force(area, now) else ""),
        ("level", say("请分别提请。", "Propose one thing at a time.") if more else ""),
        ("case_day", say("日期不能晚于今天。", "The day cannot be later than today.") if ahead else ""),
        (
            "hold_until",
            say("暂缓须有终点，最长七天。", "A hold needs an end, at most seven days from now.")
            if until is not None and not now < until <= now + HOLD_MOST
            else "",
        ),
    ]


def _in_force(area: RiskArea | None, now: datetime) -> Area | None:
    return None if area is None else level_now(area, now=now)


def _batch_stands(designation: int, area: RiskArea) -> bool:
    """Whether that designation took residents in and nobody has taken them back."""
    rows = Designation.objects.filter(area=area)
    approved = rows.filter(pk=designation, residents=True, approval__verdict=Verdict.APPROVE.value)
    return approved.exists() and not rows.filter(rescinds=designation, approval__verdict=Verdict.APPROVE.value).exists()


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "code": "field_required", "message": message}
