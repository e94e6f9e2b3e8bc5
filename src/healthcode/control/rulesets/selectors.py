"""Reading rulesets for pages and API: what is in force, announced and former; drafts and how far each is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from healthcode.control.rulesets.models import (
    Approval,
    Check,
    Draft,
    Kind,
    Rehearsal,
    RehearsalRun,
    Revision,
    Submission,
    Verdict,
)
from healthcode.control.rulesets.reading import Known, rules_known
from healthcode.control.rulesets.refusals import missing
from healthcode.control.rulesets.services import revision_latest
from healthcode.domain.time import Minute, instant_of, minute_of
from healthcode.rules.model import Ruleset


@dataclass(frozen=True, slots=True)
class Standing:
    """One ruleset of the history. `from_` is None for the rulebook's own, in force before anything was published."""

    ruleset: Ruleset
    publication: int | None
    from_: datetime | None
    until: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft is: each step with what was found, None where it was not taken for these very files."""

    draft: Draft
    revision: Revision
    check: Check | None
    run: RehearsalRun | None
    rehearsal: Rehearsal | None
    submission: Submission | None
    approval: Approval | None

    @property
    def open(self) -> bool:
        """Whether its files may be changed: nothing waits for the approver."""
        return self.submission is None or self.approval is not None


def history_rows(*, now: datetime) -> list[Standing]:
    """The rulesets as known now, latest first: `announced`, `in_force` or `former`."""
    known, minute = rules_known(), minute_of(now)
    rulesets = [known.rules] if isinstance(known.rules, Ruleset) else list(known.rules.rulesets)
    publications = {e.ruleset.key: e.id for e in known.book.standing(known.publications) if e.ruleset is not None}
    current = known.at(minute).key
    rows = []
    for place, ruleset in enumerate(rulesets):
        later = ruleset.from_ > minute
        state = "in_force" if ruleset.key == current else "announced" if later else "former"
        from_ = instant_of(ruleset.from_) if place or isinstance(known.rules, Ruleset) else None
        until = instant_of(ruleset.until) if ruleset.until is not None and place + 1 < len(rulesets) else None
        rows.append(Standing(ruleset, publications.get(ruleset.key), from_, until, state))
    return rows[::-1]


def former_of(known: Known, now: Minute) -> Ruleset | None:
    """The ruleset before the one in force; None where there was none."""
    if isinstance(known.rules, Ruleset):
        return None
    place = known.rules.index_at(now)
    return known.rules.rulesets[place - 1] if place else None


def drafts() -> QuerySet[Draft]:
    """Every draft, newest first."""
    return Draft.objects.select_related("drafter").order_by("-pk")


def draft_progress(draft: int) -> Progress:
    """One draft; raises Problem 404."""
    found = Draft.objects.select_related("drafter").filter(pk=draft).first()
    if found is None:
        raise missing()
    revision = revision_latest(draft)
    submission = (
        Submission.objects.select_related("drafter", "revision").filter(revision=revision).order_by("-pk").first()
    )
    approval = Approval.objects.select_related("approver").filter(submission=submission).first() if submission else None
    return Progress(
        found,
        revision,
        Check.objects.filter(revision=revision).order_by("-pk").first(),
        RehearsalRun.objects.filter(revision=revision).order_by("-pk").first(),
        Rehearsal.objects.filter(revision=revision).order_by("-pk").first(),
        submission,
        approval,
    )


def submissions_waiting() -> QuerySet[Submission]:
    """What waits for the approver, first submitted on top."""
    rows = Submission.objects.filter(approval=None).select_related("drafter", "check_made", "rehearsal", "stops")
    return rows.order_by("pk")


def publication_get(publication: int) -> Approval:
    """One published ruleset; raises Problem 404."""
    rows = Approval.objects.select_related("submission__revision", "drafter", "approver")
    found = rows.filter(pk=publication, kind=Kind.PUBLISH, verdict=Verdict.APPROVE).first()
    if found is None:
        raise missing()
    return found


def files_diff(former: Mapping[str, str], later: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What differs between two sets of files: (file, lines), each line with `add`, `drop`, `place` or `same`."""
    found = []
    for name in sorted({*former, *later}):
        old, new = former.get(name, "").splitlines(), later.get(name, "").splitlines()
        lines = [(_sign(line), line) for line in difflib.unified_diff(old, new, lineterm="", n=2)][2:]
        if lines:
            found.append((name, lines))
    return found


def _sign(line: str) -> str:
    return {"+": "add", "-": "drop", "@": "place"}.get(line[:1], "same")
