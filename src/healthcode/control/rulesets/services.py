"""Writes of `rulesets` before anything is published: drafts, their revisions, checks, and what is asked of an approver.

A draft belongs to its drafter: nobody else changes it, so that who wrote the bytes is known when they are approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.rulesets.book import files_bytes
from healthcode.control.rulesets.checking import files_check
from healthcode.control.rulesets.files import files_bounded
from healthcode.control.rulesets.models import Approval, Check, Draft, Kind, Rehearsal, Revision, Submission
from healthcode.control.rulesets.refusals import decided, incomplete, missing, unproven
from healthcode.domain.time import minute_of
from healthcode.rules.parse import files_digest


def draft_make(*, title: str, origin: str, files: Mapping[str, str], officer: int, now: datetime) -> Draft:
    """A new draft with its first revision. `origin` is the key of the ruleset that the files come from, or empty."""
    if not title.strip():
        raise incomplete("title", say("请写明草案名称。", "Give the draft a name."))
    draft = Draft.objects.create(title=title.strip()[:120], origin=origin, drafter_id=officer, created_at=now)
    revision = _revise(draft, files, now)
    detail = {"draft": draft.pk, "origin": origin, "digest": revision.digest}
    event_append(EventName.RULES_DRAFTED, now=now, reference=_reference(draft.pk), detail=detail)
    return draft


def draft_revise(*, draft: int, files: Mapping[str, str], officer: int, now: datetime) -> Revision:
    """The draft's files as they are from now on; raises Problem 404 for another one's draft."""
    found = draft_own(draft, officer)
    if Submission.objects.filter(revision__draft=found, approval=None).exists():
        raise unproven(
            say(
                "已提交批准，请等待结论后再修改。",
                "It has been submitted; wait for the approver's word before you change it.",
            )
        )
    former = revision_latest(draft)
    revision = _revise(found, files, now)
    changed = sorted(n for n in {*files, *former.files} if files.get(n) != former.files.get(n))
    detail = {"draft": draft, "digest": revision.digest, "files": changed}
    event_append(EventName.RULES_REVISED, now=now, reference=_reference(draft), detail=detail)
    return revision


def revision_check(*, draft: int, now: datetime) -> Check:
    """Prove what can be proven of the draft's files now, and keep what was found."""
    revision = revision_latest(draft)
    checked = files_check(revision.files, now=now)
    found = Check.objects.create(
        revision=revision,
        digest=revision.digest,
        passed=checked.passed,
        key=checked.ruleset.key if checked.ruleset else "",
        problems=checked.documents(),
        rules=len(checked.ruleset.rules) if checked.ruleset else 0,
        cases=len(checked.ruleset.cases) if checked.ruleset else 0,
        checked_at=now,
    )
    detail = {"draft": draft, "digest": revision.digest, "passed": found.passed, "problems": len(found.problems)}
    event_append(EventName.RULES_CHECKED, now=now, reference=_reference(draft), detail=detail)
    return found


def draft_submit(*, draft: int, officer: int, wanted_from: datetime | None, reason: str, now: datetime) -> Submission:
    """Ask the approver to publish these very files: they have passed, and were rehearsed. Raises Problem."""
    draft_own(draft, officer)
    revision = revision_latest(draft)
    if not reason.strip():
        raise incomplete("reason", say("请写明理由。", "Say why."))
    if wanted_from is not None and minute_of(wanted_from) <= minute_of(now):
        raise incomplete(
            "from", say("生效时间须在将来；留空为批准时。", "A later instant; empty: when it is approved.")
        )
    if Submission.objects.filter(revision__draft=draft, approval=None).exists():
        raise decided()
    check = Check.objects.filter(revision=revision).order_by("-pk").first()
    if check is None or not check.passed:
        raise unproven(say("请先通过检查。", "The checks must pass first."))
    rehearsal = Rehearsal.objects.filter(revision=revision).order_by("-pk").first()
    if rehearsal is None:
        raise unproven(say("请先完成对这一版的演练。", "Rehearse this very revision first."))
    made = Submission.objects.create(
        kind=Kind.PUBLISH,
        drafter_id=officer,
        revision=revision,
        digest=revision.digest,
        check_made=check,
        check_passed=True,
        rehearsal=rehearsal,
        wanted_from=wanted_from,
        reason=reason.strip()[:500],
        submitted_at=now,
    )
    detail = {
        "submission": made.pk,
        "ruleset": check.key,
        "digest": revision.digest,
        "rehearsal": rehearsal.pk,
        "changed": rehearsal.changed,
        "from": wanted_from.isoformat() if wanted_from else "",
    }
    event_append(EventName.RULES_SUBMITTED, now=now, reference=_reference(draft), detail=detail)
    return made


def stop_submit(*, publication: int, officer: int, reason: str, now: datetime) -> Submission:
    """Ask the approver that an announced ruleset not take over. Raises Problem."""
    found = Approval.objects.filter(pk=publication, kind=Kind.PUBLISH, verdict="approve").first()
    if found is None or found.effective_from is None:
        raise missing()
    if not reason.strip():
        raise incomplete("reason", say("请写明理由。", "Say why."))
    if found.effective_from <= now:
        raise unproven(
            say(
                "已经生效。请以原规则集新建草案，经演练和批准后恢复。",
                "It is in force already. Make a draft of the former set, rehearse it and have it approved.",
            )
        )
    if found.stops.exclude(approval__verdict="return").exists():
        raise decided()
    made = Submission.objects.create(
        kind=Kind.STOP, drafter_id=officer, stops=found, reason=reason.strip()[:500], submitted_at=now
    )
    detail = {"submission": made.pk, "publication": publication, "ruleset": found.key}
    event_append(EventName.RULES_STOP_ASKED, now=now, reference=f"publication:{publication}", detail=detail)
    return made


def draft_own(draft: int, officer: int) -> Draft:
    """The officer's own draft; raises Problem 404."""
    found = Draft.objects.filter(pk=draft, drafter=officer).first()
    if found is None:
        raise missing()
    return found


def revision_latest(draft: int) -> Revision:
    """The files of a draft as they are; raises Problem 404."""
    found = Revision.objects.filter(draft=draft).order_by("-pk").first()
    if found is None:
        raise missing()
    return found


def _revise(draft: Draft, files: Mapping[str, str], now: datetime) -> Revision:
    kept = files_bounded(files)
    digest = files_digest(files_bytes(kept))
    return Revision.objects.create(draft=draft, drafter_id=draft.drafter_id, files=kept, digest=digest, made_at=now)


def _reference(draft: int) -> str:
    return f"ruleset_draft:{draft}"
