"""Whether each level that ended by rule follows from the table of its ruleset, the cases and the holds known then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from healthcode.control.areas.book import Approved
from healthcode.control.areas.steps import Case, Hold, Step, Watch, step_next
from healthcode.control.audit.answers import Rulesets
from healthcode.control.audit.findings import Finding
from healthcode.control.audit.trail import Restraints, RuledStep
from healthcode.domain.time import minute_of
from healthcode.rules.succession import ruleset_at

_UNSEEN: Final = timedelta(minutes=1)
"""What was learned so shortly before a step may have stood in a transaction that the step could not see yet."""


def step_findings(
    step: RuledStep, approved: Sequence[Approved], restraints: Mapping[str, Restraints], rulesets: Rulesets
) -> Iterator[Finding]:
    """What is wrong with one step of an area whose approvals and steps are `approved`."""
    name = f"step {step.row.approval} of area {step.code}"
    rules = rulesets(step.ruleset, step.publications)
    if rules is None:
        yield Finding("ruleset_unknown", name, detail=step.ruleset)
        return
    watch = _watch(approved, restraints.get(step.code, Restraints()), step.made_at).before(step.row.approval)
    ruleset = ruleset_at(rules, minute_of(step.made_at))
    derived = step_next(watch, ruleset, minute_of(step.made_at))
    if derived is None:
        yield Finding("area_level_differs", name, detail="no step")
        return
    differs = [part for part, (stored, wanted) in _parts(step, derived).items() if stored != wanted]
    if derived.due > minute_of(step.made_at):
        differs.append("made before it was due")
    if ruleset.key != step.ruleset:
        differs.append("ruleset")
    if differs:
        yield Finding("area_level_differs", name, detail=", ".join(differs))


def _watch(approved: Sequence[Approved], kept: Restraints, at: datetime) -> Watch:
    """What was known at `at`."""
    cases = [
        Case(day, 0)
        for day, known, gone in kept.cases
        if known <= at - _UNSEEN and (gone is None or at - _UNSEEN < gone)
    ]
    holds = [Hold(0, minute_of(until)) for approved_at, until in kept.holds if approved_at <= at - _UNSEEN]
    return Watch(approved, cases, holds)


def _parts(step: RuledStep, derived: Step) -> Mapping[str, tuple[object, object]]:
    return {
        "former": (step.former, derived.level.value),
        "level": (step.level, derived.to.value if derived.to else ""),
        "since": (step.since, derived.since),
        "days": (step.clear_days, derived.clear_days),
        "due": (step.row.due, derived.due),
        "rule": (step.rule, derived.source),
    }
