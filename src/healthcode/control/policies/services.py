"""Proposing, deciding on and ending an adjustment of the check policies (V5; Art. 4, 9, 12).

Nothing counts before the decision; what was decided reaches every gate with the commit, and lapses there by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.publication import publish_standing, standing_turn
from healthcode.control.language import say
from healthcode.control.offices.models import Post
from healthcode.control.policies.models import Adjustment, Decision, Ending, Verdict
from healthcode.control.policies.selectors import adjustment_policy, decides
from healthcode.control.problems import Problem
from healthcode.control.rulesets.reading import ruleset_in_force
from healthcode.domain.adjustment import adjustment_faults
from healthcode.domain.time import minute_of


@dataclass(frozen=True, slots=True)
class Draft:
    """An adjustment as filled in; instants are the region's. `effective_from` None: when it is approved."""

    venue_types: tuple[str, ...]
    areas: tuple[str, ...]
    effective_from: datetime | None
    until: datetime | None
    test_age_h: int | None
    test_age_days: int | None
    basis: str
    reason: str


def adjustment_propose(draft: Draft, *, officer: int, post: int, division: str, now: datetime) -> Adjustment:
    """Propose for one's own division.

    Raises:
        Problem: 422 naming each field that the law or the province's limits do not allow.
    """
    made = Adjustment(
        division=division,
        office_id=Post.objects.values_list("unit_id", flat=True).get(pk=post),
        venue_types=sorted(set(draft.venue_types)),
        areas=sorted(set(draft.areas)),
        effective_from=draft.effective_from,
        until=draft.until or now,
        test_age_h=draft.test_age_h,
        test_age_days=draft.test_age_days,
        basis=draft.basis.strip(),
        reason=draft.reason.strip(),
        proposer_id=officer,
        proposed_at=now,
    )
    _check(made, now)
    if not made.reason:
        raise _faulty([_error("reason", "missing", "请写明理由。", "Say why.")])
    made.save(force_insert=True)
    _event(EventName.POLICY_PROPOSED, made, now)
    return made


def adjustment_decide(
    *, adjustment: int, officer: int, role: str, scope: str, verdict: str, reason: str, now: datetime
) -> Decision:
    """Approve or return, as an officer of the level above.

    Raises:
        Problem: 404 where the act sees no such one; 403 for one's own, or where another level decides; 409 where it is
            decided or its time has passed; 422 for a return without a reason, or what the limits no longer allow.
    """
    standing_turn()
    said = Adjustment.objects.filter(pk=adjustment, division__startswith=scope).first()
    if said is None:
        raise adjustment_missing()
    if not decides(role, said.division) or said.proposer_id == officer:
        raise _not_yours()
    if Decision.objects.filter(adjustment=said).exists():
        raise _decided()
    approves = Verdict(verdict) is Verdict.APPROVE
    if approves:
        _check(said, now)
    elif not reason.strip():
        raise _faulty([_error("reason", "missing", "请写明退回的理由。", "Say why it is returned.")])
    made = Decision.objects.create(
        adjustment=said,
        division=said.division,
        proposer_id=said.proposer_id,
        reviewer_id=officer,
        verdict=Verdict(verdict).value,
        reason=reason.strip()[:500],
        reviewed_at=now,
        effective_from=max(said.effective_from or now, now) if approves else None,
    )
    _event(EventName.POLICY_APPROVED if approves else EventName.POLICY_RETURNED, said, now)
    if approves:
        # If we die before the commit there is neither decision nor news; after it both, and the relay carries it on.
        publish_standing(now)
    return made


def adjustment_end(*, adjustment: int, officer: int, scope: str, reason: str, now: datetime) -> Ending:
    """End an approved adjustment before its time, from now on.

    Raises:
        Problem: 404 where the act sees no such one that counts or will; 409 where it has ended; 422 without a reason.
    """
    standing_turn()
    said = Adjustment.objects.filter(
        pk=adjustment, division__startswith=scope, decision__verdict=Verdict.APPROVE.value, until__gt=now
    ).first()
    if said is None:
        raise adjustment_missing()
    if not reason.strip():
        raise _faulty([_error("reason", "missing", "请写明理由。", "Say why.")])
    if Ending.objects.filter(adjustment=said).exists():
        raise _decided()
    made = Ending.objects.create(
        adjustment=said, division=said.division, officer_id=officer, reason=reason.strip()[:500], ended_at=now
    )
    _event(EventName.POLICY_ENDED, said, now)
    publish_standing(now)
    return made


def adjustment_missing() -> Problem:
    """The answer to a number under which the act sees nothing."""
    return Problem(
        404,
        "policy_missing",
        say("没有这项查验条件", "No such condition"),
        say("请返回列表查看。", "Go back to the list."),
    )


def _check(said: Adjustment, now: datetime) -> None:
    """Law and limits as they are now; whose time has passed cannot begin."""
    ruleset = ruleset_in_force(minute_of(now))
    begin = max(said.effective_from or now, now)
    colors = ruleset.default_policy.colors
    policy = adjustment_policy(said, begin, colors)
    faults = adjustment_faults(policy, ruleset.policy_limits, office=said.division, colors=colors)
    if faults:
        raise _faulty([_error(fault.field, fault.code, fault.zh, fault.en) for fault in faults])


def _event(name: EventName, said: Adjustment, now: datetime) -> None:
    detail: dict[str, Any] = {
        "venue_types": said.venue_types,
        "areas": said.areas,
        "from": said.effective_from.isoformat() if said.effective_from else "",
        "until": said.until.isoformat(),
        "test_age_h": said.test_age_h,
        "test_age_days": said.test_age_days,
        "basis": said.basis,
        "proposer": said.proposer_id,
    }
    event_append(name, now=now, division=said.division, reference=f"adjustment:{said.pk}", detail=detail)


def _error(field: str, code: str, zh: str, en: str) -> dict[str, Any]:
    return {"field": field, "code": code, "message": say(zh, en)}


def _faulty(errors: list[dict[str, Any]]) -> Problem:
    detail = " ".join(error["message"] for error in errors)
    return Problem(422, "policy_not_allowed", say("不能这样设置", "This may not be asked"), detail, errors=errors)


def _not_yours() -> Problem:
    return Problem(
        403,
        "policy_not_yours",
        say("不由您审批", "Not yours to decide"),
        say("县级提请由市级审批，市级提请由省级审批，提请人不得审批本人提请。",
            "A county's proposal is decided by its city, a city's by the province, and nobody decides on his own."),
    )  # fmt: skip


def _decided() -> Problem:
    return Problem(
        409,
        "policy_decided",
        say("此项已有结论", "This one is decided"),
        say("同事已先处理。请返回列表查看。", "A colleague was quicker. Go back to the list."),
    )


__all__ = ["Draft", "adjustment_decide", "adjustment_end", "adjustment_missing", "adjustment_propose"]
