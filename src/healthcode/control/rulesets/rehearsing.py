"""Rehearsing a draft: asked for on the page, run by the worker on the real evidence, kept with the draft's digest."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from procrastinate.contrib.django import app

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.language import say
from healthcode.control.population.rehearsal import ruleset_rehearse
from healthcode.control.ports import ports
from healthcode.control.rulesets.book import files_bytes
from healthcode.control.rulesets.models import Check, Rehearsal, RehearsalRun, Revision, RunState
from healthcode.control.rulesets.refusals import decided, unproven
from healthcode.control.rulesets.services import revision_latest
from healthcode.lake.rehearsal import Rehearsal as Found
from healthcode.rules.model import Ruleset
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.problem import RulesetError
from healthcode.rules.succession import HistoryError

REHEARSE: Final = "rulesets.rehearse"
"""The worker's job (tasks.py)."""
_STEP_S: Final = 0.5
_PURPOSE: Final = "rehearse a ruleset"


def rehearsal_ask(*, draft: int, at: datetime | None, officer: int, now: datetime) -> RehearsalRun:
    """Have the worker rehearse the draft's files, for the instant `at` (now where none); raises Problem."""
    revision = revision_latest(draft)
    check = Check.objects.filter(revision=revision).order_by("-pk").first()
    if check is None or not check.passed:
        raise unproven(say("请先通过检查，再演练。", "The checks must pass before a rehearsal."))
    if RehearsalRun.objects.filter(revision=revision, state__in=[RunState.WAITING, RunState.RUNNING]).exists():
        raise decided()
    run = RehearsalRun.objects.create(revision=revision, requested_by_id=officer, requested_at=now, at=at)
    detail = {"draft": draft, "digest": revision.digest, "run": run.pk}
    event_append(EventName.RULES_REHEARSAL_ASKED, now=now, reference=f"ruleset_draft:{draft}", detail=detail)
    app.configure_task(REHEARSE, queue="rehearsals").defer(run=run.pk)
    return run


def draft_ruleset(draft: int) -> Ruleset:
    """The draft of this number as parsed, for the command line. Opens its own act; raises Problem, RulesetError."""
    with _act():
        return parse_ruleset(files_bytes(revision_latest(draft).files))


def rehearsal_run(run: int, *, now: datetime) -> Rehearsal | None:
    """Run it, and keep what it found with the digest; None where it cannot be rehearsed. Opens its own acts."""
    with _act():
        waiting = RehearsalRun.objects.filter(pk=run, state__in=[RunState.WAITING, RunState.RUNNING])
        if waiting.update(state=RunState.RUNNING, done=0) != 1:
            return None
        asked = RehearsalRun.objects.select_related("revision").get(pk=run)
    started, told = time.monotonic(), _Progress(run)
    at = max(asked.at or now, now)
    try:
        draft = parse_ruleset(files_bytes(asked.revision.files))
        found = ruleset_rehearse(draft, now=now, at=at, progress=told)
    except (RulesetError, HistoryError) as error:
        _failed(run, [str(problem) for problem in error.problems])
        return None
    except Exception:
        _failed(run, [say("演练中断，请重新发起。", "It was interrupted; ask for it again.")])
        raise
    return rehearsal_keep(asked, found, at=at, now=now, seconds=time.monotonic() - started)


def rehearsal_keep(asked: RehearsalRun, found: Found, *, at: datetime, now: datetime, seconds: float) -> Rehearsal:
    """Keep what the worker found, with the digest of the files that it is about. Opens its own act."""
    revision: Revision = asked.revision
    with _act():
        made = Rehearsal.objects.create(
            revision=revision,
            digest=revision.digest,
            run=asked,
            against=found.in_force,
            at=at,
            finished_at=now,
            people=found.people,
            changed=found.changed,
            changes=[[c.county, c.before, c.after, c.people] for c in found.changes],
            grounds={rule: list(both) for rule, both in found.rules.items()},
            sample=[list(one) for one in found.sample],
            seconds=seconds,
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
        RehearsalRun.objects.filter(pk=asked.pk).update(state=RunState.DONE)
        detail: dict[str, Any] = {
            "run": asked.pk,
            "digest": revision.digest,
            "people": found.people,
            "changed": found.changed,
        }
        event_append(EventName.RULES_REHEARSED, now=now, reference=f"ruleset_draft:{revision.draft_id}", detail=detail)
    return made


def _failed(run: int, why: list[str]) -> None:
    with _act():
        RehearsalRun.objects.filter(pk=run).update(state=RunState.FAILED, failure=why)


class _Progress:
    """Writes how far it is, not more often than somebody looks."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._next = 0.0

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() < self._next and done < of:
            return
        self._next = time.monotonic() + _STEP_S
        with _act():
            RehearsalRun.objects.filter(pk=self._run).update(done=done, of=of)


@contextmanager
def _act() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, _PURPOSE)
        yield
