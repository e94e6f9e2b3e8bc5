"""The province's rulesets: rule makers draft and submit, approvers decide, auditors read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem
from healthcode.control.rulesets import services
from healthcode.control.rulesets.book import files_bytes
from healthcode.control.rulesets.files import files_bounded, origin_files
from healthcode.control.rulesets.forms import draft_posted, instant_posted, numbers_posted, origins, rule_numbers
from healthcode.control.rulesets.models import Verdict
from healthcode.control.rulesets.plain import ruleset_differences
from healthcode.control.rulesets.publishing import effective_from, submission_decide
from healthcode.control.rulesets.reading import rules_known
from healthcode.control.rulesets.refusals import missing
from healthcode.control.rulesets.selectors import (
    Progress,
    draft_progress,
    drafts,
    files_diff,
    history_rows,
    publication_get,
    submissions_waiting,
)
from healthcode.domain.time import minute_of
from healthcode.rules.model import Ruleset
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.problem import RulesetError

BASE: Final = "/console/province/rulesets/"
DRAFT: Final = "draft rules"
READ: Final = "read rules and drafts"
DECIDE: Final = "decide on rules"
READERS: Final = (Role.RULE_MAKER, Role.RULE_APPROVER, Role.AUDITOR)
_MOST_DRAFTS: Final = 30


@require_GET
@officer(*READERS, purpose=READ)
def index(request: ActRequest) -> HttpResponse:
    """The history, what waits for the approver, and a new draft."""
    shown = {"history": history_rows(now=_now()), "waiting": submissions_waiting(), "origins": origins()}
    return render(request, "rulesets/index.html", {**_frame(request), **shown})


@require_POST
@officer(Role.RULE_MAKER, purpose=DRAFT)
def draft_new(request: ActRequest) -> HttpResponse:
    """A draft from a ruleset that there is, or from files."""
    title, origin, files = draft_posted(request)
    made = services.draft_make(title=title, origin=origin, files=files, officer=_officer(request), now=_now())
    return redirect(f"{BASE}drafts/{made.pk}/")


@require_GET
@officer(*READERS, purpose=READ)
def draft(request: ActRequest, draft_id: int) -> HttpResponse:
    """One draft: how far it is, what is wrong, its numbers and files, what differs from its origin."""
    found = draft_progress(draft_id)
    ruleset = _parsed(found)
    files = found.revision.files
    former = origin_files(found.draft.origin) if found.draft.origin else {}
    in_force = rules_known().at(minute_of(_now()))
    shown = {
        **_of(request, found),
        "numbers": rule_numbers(files, ruleset),
        "colors": [c.id for c in ruleset.colors.definitions] if ruleset else [],
        "diff": files_diff(former, files) if former else [],
        "differences": ruleset_differences(in_force, ruleset) if ruleset else [],
        "in_force": in_force,
        "ruleset": ruleset,
        "files": sorted(files),
    }
    return render(request, "rulesets/draft.html", {**_frame(request), **shown})


@require_http_methods(["GET", "POST"])
@officer(Role.RULE_MAKER, purpose=DRAFT)
def draft_file(request: ActRequest, draft_id: int) -> HttpResponse:
    """One file of a draft, to read and to write."""
    name = request.GET.get("name", "")[:80]
    files = services.revision_latest(draft_id).files
    services.draft_own(draft_id, _officer(request))
    if request.method == "POST":
        text = request.POST.get("text", "")
        changed = {key: value for key, value in files.items() if key != name}
        if "drop" not in request.POST:
            changed = {**files, name: text.replace("\r\n", "\n")}
        _revised(request, draft_id, files_bounded(changed))
        return redirect(f"{BASE}drafts/{draft_id}/")
    if name not in files:
        raise missing()
    found = draft_progress(draft_id)
    problems = [p for p in found.check.problems if p["file"] == name] if found.check else []
    shown = {**_of(request, found), "name": name, "text": files[name], "file_problems": problems}
    return render(request, "rulesets/file.html", {**_frame(request), **shown})


@require_POST
@officer(Role.RULE_MAKER, purpose=DRAFT)
def draft_numbers(request: ActRequest, draft_id: int) -> HttpResponse:
    """The simple numbers as posted, written into the files."""
    _revised(request, draft_id, numbers_posted(services.revision_latest(draft_id).files, request.POST))
    return redirect(f"{BASE}drafts/{draft_id}/")


@require_POST
@officer(Role.RULE_MAKER, Role.RULE_APPROVER, purpose=DRAFT)
def draft_check(request: ActRequest, draft_id: int) -> HttpResponse:
    """Prove what can be proven."""
    found = services.revision_check(draft=draft_id, now=_now())
    if found.passed:
        messages.success(request, say("检查通过。", "The checks pass."))
    else:
        count = len(found.problems)
        messages.warning(request, say(f"有 {count} 处需要改正。", f"{count} place(s) to mend."))
    return redirect(f"{BASE}drafts/{draft_id}/")


@require_POST
@officer(Role.RULE_MAKER, purpose=DRAFT)
def draft_submit(request: ActRequest, draft_id: int) -> HttpResponse:
    """Ask the approver."""
    wanted = instant_posted(request.POST, "from")
    reason = request.POST.get("reason", "")[:500]
    services.draft_submit(draft=draft_id, officer=_officer(request), wanted_from=wanted, reason=reason, now=_now())
    messages.success(request, say("已提交，等待批准。", "Submitted; it waits for the approver."))
    return redirect(f"{BASE}drafts/{draft_id}/")


@require_POST
@officer(Role.RULE_APPROVER, purpose=DECIDE)
def decide(request: ActRequest, submission_id: int) -> HttpResponse:
    """Approve or return."""
    verdict = request.POST.get("verdict", "")
    if verdict not in set(Verdict):
        raise Problem(
            422, "act_unknown", say("没有此操作", "No such act"), say("请从页面上选择。", "Choose one on the page.")
        )
    reason = request.POST.get("reason", "")[:500]
    submission_decide(submission=submission_id, officer=_officer(request), verdict=verdict, reason=reason, now=_now())
    told = say("已批准。", "Approved.") if verdict == Verdict.APPROVE else say("已退回。", "Returned.")
    messages.success(request, told)
    return redirect(BASE)


@require_GET
@officer(*READERS, purpose=READ)
def publication(request: ActRequest, publication_id: int) -> HttpResponse:
    """One published ruleset: by whom, from when, and what differs from the one before."""
    found = publication_get(publication_id)
    revision = found.submission.revision
    rows = history_rows(now=_now())
    place = next((i for i, row in enumerate(rows) if row.publication == found.pk), None)
    former = rows[place + 1].ruleset if place is not None and place + 1 < len(rows) else None
    files = revision.files if revision else {}
    shown = {
        "found": found,
        "row": rows[place] if place is not None else None,
        "former": former,
        "diff": files_diff(origin_files(former.key), files) if former else [],
        "differences": ruleset_differences(former, parse_ruleset(files_bytes(files))) if former else [],
        "may_stop": _may_stop(request, place is not None and rows[place].state == "announced", found.pk),
    }
    return render(request, "rulesets/publication.html", {**_frame(request), **shown})


@require_POST
@officer(Role.RULE_MAKER, purpose=DRAFT)
def stop(request: ActRequest, publication_id: int) -> HttpResponse:
    """Ask that an announced ruleset not take over."""
    reason = request.POST.get("reason", "")[:500]
    services.stop_submit(publication=publication_id, officer=_officer(request), reason=reason, now=_now())
    messages.success(request, say("已提请停止，等待批准。", "Asked to stop it; it waits for the approver."))
    return redirect(BASE)


def _may_stop(request: ActRequest, announced: bool, publication_id: int) -> bool:  # one place
    waiting = any(asked.stops_id == publication_id for asked in submissions_waiting())
    return announced and not waiting and request.act.role == Role.RULE_MAKER


def _revised(request: ActRequest, draft_id: int, files: dict[str, str]) -> None:
    if files == services.revision_latest(draft_id).files:
        messages.info(request, say("没有改动。", "Nothing changed."))
        return
    services.draft_revise(draft=draft_id, files=files, officer=_officer(request), now=_now())
    services.revision_check(draft=draft_id, now=_now())
    messages.success(request, say("已保存并检查。", "Saved and checked."))


def _parsed(found: Progress) -> Ruleset | None:
    try:
        return parse_ruleset(files_bytes(found.revision.files))
    except RulesetError:
        return None


def _of(request: ActRequest, found: Progress) -> dict[str, Any]:
    own = found.draft.drafter_id == request.act.officer
    asked = found.submission
    waits = asked is not None and found.approval is None
    return {
        "progress": found,
        "own": own,
        "may_change": own and found.open,
        "may_decide": waits and not own and request.act.role == Role.RULE_APPROVER,
        "counts_from": effective_from(asked.wanted_from, _now()) if asked is not None and waits else None,
    }


def _frame(request: ActRequest) -> dict[str, Any]:
    return {
        "base": BASE,
        "drafts": drafts()[:_MOST_DRAFTS],
        "maker": request.act.role == Role.RULE_MAKER,
        "approver": request.act.role == Role.RULE_APPROVER,
    }


def _officer(request: ActRequest) -> int:
    return request.act.officer or 0


def _now() -> datetime:
    return datetime.now(UTC)
