"""The short way through the life of a ruleset: Ning drafts, checks, has it rehearsed and submits; Yan decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tests.control_world import World
from tests.intake import NOW
from tests.people import NING, YAN, OfficerRole

if TYPE_CHECKING:
    from healthcode.control.rulesets.models import Approval, Check, Rehearsal, Submission

TWENTY = "twenty-measures@1.0"


def drafted(world: World, *, key: str = TWENTY, version: str = "", files: Mapping[str, str] | None = None) -> int:
    """A draft of Ning's from a ruleset of the rulebook; its number."""
    from healthcode.control.rulesets.files import origin_files, version_next
    from healthcode.control.rulesets.services import draft_make

    with world.acting(NING):
        found = files or origin_files(key)
        found = version_next(found, version) if version else found
        return draft_make(title="二十条", origin=key, files=found, officer=world.officer(NING), now=NOW).pk


def checked(world: World, draft: int, *, now: datetime = NOW) -> Check:
    """The draft's files checked."""
    from healthcode.control.rulesets.services import revision_check

    with world.acting(NING):
        return revision_check(draft=draft, now=now)


def rehearsed(world: World, draft: int, *, at: datetime | None = None, now: datetime = NOW) -> Rehearsal:
    """The draft rehearsed, by Ning's asking and the worker's doing."""
    from healthcode.control.rulesets.rehearsing import rehearsal_ask, rehearsal_run

    with world.acting(NING):
        run = rehearsal_ask(draft=draft, at=at, officer=world.officer(NING), now=now).pk
    found = rehearsal_run(run, now=now)
    assert found is not None
    return found


def foretold(world: World, draft: int, *, at: datetime | None = None, now: datetime = NOW) -> Rehearsal:
    """As `rehearsed`, without computing it: the worker keeps that nobody changes. For tests of what comes after."""
    from healthcode.control.rulesets.reading import rules_known
    from healthcode.control.rulesets.rehearsing import rehearsal_ask, rehearsal_keep
    from healthcode.domain.time import minute_of
    from healthcode.lake.rehearsal import Rehearsal as Found

    with world.acting(NING):
        run = rehearsal_ask(draft=draft, at=at, officer=world.officer(NING), now=now)
        against = rules_known().at(minute_of(at or now)).key
    found = Found(against, "draft", 0, (), {}, (), ())
    return rehearsal_keep(run, found, at=at or now, now=now, seconds=0.0)


def submitted(world: World, draft: int, *, wanted: datetime | None = None, now: datetime = NOW) -> Submission:
    """The draft submitted for an instant, or for when it is approved."""
    from healthcode.control.rulesets.services import draft_submit

    with world.acting(NING):
        return draft_submit(
            draft=draft, officer=world.officer(NING), wanted_from=wanted, reason="国家方案调整", now=now
        )


def decided(
    world: World, submission: int, *, verdict: str = "approve", who: OfficerRole = YAN, now: datetime = NOW
) -> Approval:
    """What the approver says."""
    from healthcode.control.rulesets.publishing import submission_decide

    with world.acting(who):
        return submission_decide(
            submission=submission, officer=world.officer(who), verdict=verdict, reason="不妥", now=now
        )


def published(world: World, *, key: str = TWENTY, at: datetime | None = None, now: datetime = NOW) -> Approval:
    """A ruleset of the rulebook through its whole life, in force from `at`."""
    draft = drafted(world, key=key)
    checked(world, draft, now=now)
    foretold(world, draft, at=at, now=now)
    return decided(world, submitted(world, draft, wanted=at, now=now).pk, now=now)


def followed(publication: int, *, now: datetime = NOW) -> int:
    """Everybody derived whom a publication touches, as the worker does right after it."""
    from healthcode.control.rulesets.following import population_follow

    return population_follow(publication, after="0", now=now)
