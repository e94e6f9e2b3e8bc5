"""The approver's word: publish, stop or return. What is published is a new entry of the log that histories follow.

One decides after the other (an advisory lock), each on what the one before has done; the database keeps the rest: four
eyes, these very bytes, passed and rehearsed, never in force before the approval.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.tables import table_offer_withdraw
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.rulesets.book import base_keys, succeeded
from healthcode.control.rulesets.checking import files_check
from healthcode.control.rulesets.following import follow_later
from healthcode.control.rulesets.models import Approval, Kind, Submission, Verdict
from healthcode.control.rulesets.reading import publications_newest, rules_known
from healthcode.control.rulesets.refusals import decided, incomplete, missing, own_work, unproven
from healthcode.control.turns import RULESET_PUBLISHING
from healthcode.domain.time import instant_of, minute_of
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import HistoryError


def submission_decide(*, submission: int, officer: int, verdict: str, reason: str, now: datetime) -> Approval:
    """Approve or return; raises Problem. An approval without a wanted instant takes over with the next full minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RULESET_PUBLISHING])
    asked = (
        Submission.objects.select_related("revision", "stops", "rehearsal", "check_made").filter(pk=submission).first()
    )
    if asked is None:
        raise missing()
    if Approval.objects.filter(submission=asked).exists():
        raise decided()
    if asked.drafter_id == officer:
        raise own_work()
    if verdict == Verdict.RETURN:
        return _return(asked, officer, reason, now)
    return _publish(asked, officer, reason, now) if asked.kind == Kind.PUBLISH else _stop(asked, officer, reason, now)


def effective_from(wanted: datetime | None, now: datetime) -> datetime:
    """From when an approval given `now` counts: as wanted, otherwise, or where that has passed, the next full minute.

    What was recorded before it, this minute's too, was judged by the former rules and is led through the switch.
    """
    following = instant_of(minute_of(now) + 1)
    return max(wanted, following) if wanted is not None else following


def _publish(asked: Submission, officer: int, reason: str, now: datetime) -> Approval:
    assert asked.revision is not None  # noqa: S101 # the database's own check
    assert asked.rehearsal is not None  # noqa: S101 # the same
    checked = files_check(asked.revision.files, now=now)
    if not checked.passed or checked.ruleset is None:
        raise unproven(
            say("检查已不再通过，请退回起草人。", "The checks do not pass any more; return it to the drafter.")
        )
    from_ = effective_from(asked.wanted_from, now)
    _still_rehearsed(asked, checked.ruleset, from_)
    made = _approval(asked, officer, reason, now)
    made.key, made.effective_from = checked.ruleset.key, from_
    made.base = [] if publications_newest() else base_keys(ports().base or ports().ruleset)
    made.save(force_insert=True)
    detail = {
        "publication": made.pk,
        "ruleset": made.key,
        "digest": made.digest,
        "from": from_.isoformat(),
        "drafter": asked.drafter_id,
        "submission": asked.pk,
        "rehearsal": asked.rehearsal.pk,
        "changed": asked.rehearsal.changed,
    }
    event_append(EventName.RULES_PUBLISHED, now=now, reference=f"publication:{made.pk}", detail=detail)
    follow_later(made.pk, from_, now=now)
    return made


def _still_rehearsed(asked: Submission, ruleset: Ruleset, from_: datetime) -> None:
    """The prediction was made against the rules that this set will follow, and it can follow them."""
    rules = rules_known().rules
    try:
        former = succeeded(rules, ruleset, minute_of(from_)).rulesets[-2]
    except HistoryError as error:
        raise unproven("; ".join(error.problems)) from None
    assert asked.rehearsal is not None  # noqa: S101 # the caller's
    if asked.rehearsal.against != former.key:
        raise unproven(
            say(
                f"演练所对照的规则集已被 {former.key} 取代，请退回起草人重新演练。",
                f"It was rehearsed against another set than {former.key}; return it to be rehearsed again.",
            )
        )


def _stop(asked: Submission, officer: int, reason: str, now: datetime) -> Approval:
    announced = asked.stops
    assert announced is not None  # noqa: S101 # the database's own check
    if announced.effective_from is None or announced.effective_from <= now:
        raise unproven(
            say("该规则集已经生效，不能再停止。", "That ruleset is in force; it cannot be stopped any more.")
        )
    made = _approval(asked, officer, reason, now)
    made.key = announced.key
    made.save(force_insert=True)
    detail = {"publication": announced.pk, "stop": made.pk, "ruleset": announced.key, "submission": asked.pk}
    event_append(EventName.RULES_STOPPED, now=now, reference=f"publication:{announced.pk}", detail=detail)
    table_offer_withdraw(announced.effective_from)
    follow_later(made.pk, now, now=now)
    return made


def _return(asked: Submission, officer: int, reason: str, now: datetime) -> Approval:
    if not reason.strip():
        raise incomplete("reason", say("请写明退回的理由。", "Say why it is returned."))
    made = _approval(asked, officer, reason, now, Verdict.RETURN)
    made.save(force_insert=True)
    detail = {"submission": asked.pk, "digest": asked.digest, "reason": made.reason}
    event_append(EventName.RULES_RETURNED, now=now, reference=f"submission:{asked.pk}", detail=detail)
    return made


def _approval(
    asked: Submission, officer: int, reason: str, now: datetime, verdict: Verdict = Verdict.APPROVE
) -> Approval:
    return Approval(
        submission=asked,
        kind=asked.kind,
        drafter_id=asked.drafter_id,
        digest=asked.digest,
        approver_id=officer,
        verdict=verdict,
        reason=reason.strip()[:500],
        reviewed_at=now,
    )
