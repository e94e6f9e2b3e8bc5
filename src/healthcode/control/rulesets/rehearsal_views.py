"""The rehearsal of a draft: how far it is, then who would change."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from healthcode.control.access import ActRequest, officer
from healthcode.control.offices.roles import Role
from healthcode.control.rulesets.book import files_bytes
from healthcode.control.rulesets.forms import instant_posted
from healthcode.control.rulesets.models import RunState
from healthcode.control.rulesets.plot import MOST_BARS, by_change, by_county, by_rule, faces
from healthcode.control.rulesets.reading import rules_known
from healthcode.control.rulesets.rehearsing import rehearsal_ask
from healthcode.control.rulesets.selectors import draft_progress, drafts
from healthcode.control.rulesets.views import BASE, DRAFT, READ
from healthcode.domain.time import minute_of
from healthcode.rules.parse import parse_ruleset


@require_POST
@officer(Role.RULE_MAKER, Role.RULE_APPROVER, purpose=DRAFT)
def rehearse(request: ActRequest, draft_id: int) -> HttpResponse:
    """Have the worker rehearse it."""
    at, now = instant_posted(request.POST, "at"), datetime.now(UTC)
    rehearsal_ask(draft=draft_id, at=at, officer=request.act.officer or 0, now=now)
    return redirect(f"{BASE}drafts/{draft_id}/rehearsal/")


@require_GET
@officer(Role.RULE_MAKER, Role.RULE_APPROVER, purpose=READ)
def rehearsal(request: ActRequest, draft_id: int) -> HttpResponse:
    """Progress, and then numbers by color, county and rule, a masked sample, cost and time."""
    progress = draft_progress(draft_id)
    run, found = progress.run, progress.rehearsal
    running = run is not None and run.state in {RunState.WAITING, RunState.RUNNING}
    shown: dict[str, object] = {"base": BASE, "drafts": drafts()[:30], "progress": progress, "running": running}
    if found is not None and not running:
        ruleset = parse_ruleset(files_bytes(progress.revision.files))
        counties = by_county(found)
        shown |= {
            "found": found,
            "share": round(100 * found.changed / found.people, 1) if found.people else 0.0,
            "changes": by_change(found, ruleset),
            "counties": counties,
            "bars": counties[:MOST_BARS],
            "rules": by_rule(found, ruleset, rules_known().at(minute_of(found.at))),
            "faces": faces(found, ruleset),
        }
    response = render(request, "rulesets/rehearsal.html", shown)
    if running:
        response["Refresh"] = "2"
    return response
