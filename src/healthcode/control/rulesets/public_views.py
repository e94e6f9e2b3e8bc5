"""The rules in force, for everybody: in plain words, what changed, and what is announced (Art. 41, 45)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from healthcode.control.access import ActRequest, public
from healthcode.control.rulesets.plain import ruleset_differences, ruleset_plain
from healthcode.control.rulesets.reading import rules_known
from healthcode.control.rulesets.selectors import former_of, history_rows
from healthcode.domain.time import minute_of


@require_GET
@public("read the rules in force")
def in_force(request: ActRequest) -> HttpResponse:
    """What opens a color, how long it lasts, which tests, what ends it; references; the next set where there is one."""
    now = datetime.now(UTC)
    known, minute = rules_known(), minute_of(now)
    ruleset, former, rows = known.at(minute), former_of(known, minute), history_rows(now=now)
    announced = [
        (row, ruleset_differences(rows[place + 1].ruleset, row.ruleset))
        for place, row in enumerate(rows)
        if row.state == "announced"
    ]
    shown = {
        "ruleset": ruleset,
        "row": next(row for row in rows if row.ruleset.key == ruleset.key),
        "rules": ruleset_plain(ruleset),
        "former": former,
        "differences": ruleset_differences(former, ruleset) if former else [],
        "announced": announced[::-1],
        "references": list(ruleset.references.values()),
    }
    return render(request, "rulesets/public.html", shown)
