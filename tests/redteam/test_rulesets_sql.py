"""Ruling the rules by SQL, as the application's own database role: each attempt must fail (trust.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from tests.control_world import World
from tests.intake import NOW
from tests.people import NING, SHEN, YAN
from tests.rulesets import checked, drafted, foretold, submitted

APPROVE = (
    "INSERT INTO rulesets_approval (submission_id, kind, drafter_id, digest, approver_id, verdict, reason, key,"
    " effective_from, base, reviewed_at) VALUES (%(submission)s, 'publish', %(drafter)s, %(digest)s, %(approver)s,"
    " 'approve', '', 'mine@1', %(now)s::timestamptz + interval '1 day', '[]', %(now)s)"
)
SUBMIT = (
    "INSERT INTO rulesets_submission (kind, drafter_id, revision_id, digest, check_made_id, check_passed, rehearsal_id,"
    " reason, submitted_at) VALUES ('publish', %(drafter)s, %(revision)s, %(digest)s, %(check)s, true, %(rehearsal)s,"
    " 'x', %(now)s)"
)


def run(sql: str, values: dict[str, Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def asked(world: World) -> dict[str, Any]:
    """A submission of Ning's, ready to be approved."""
    draft = drafted(world)
    checked(world, draft)
    foretold(world, draft)
    row = submitted(world, draft)
    return {
        "submission": row.pk,
        "drafter": world.officer(NING),
        "approver": world.officer(YAN),
        "digest": row.digest,
        "revision": row.revision_id,
        "check": row.check_made_id,
        "rehearsal": row.rehearsal_id,
        "now": NOW,
    }


def refused(world: World, who: Any, sql: str, values: dict[str, Any]) -> type[Exception]:
    """The error that the database answers an officer's statement with."""
    with pytest.raises(DatabaseError) as error, world.acting(who):
        run(sql, values)
    return error.type


def test_ning_does_not_approve_his_own_draft(world: World, asked: dict[str, Any]) -> None:
    """Neither in his post, nor as an approver who names him drafter and approver at once."""
    mine = {**asked, "approver": asked["drafter"]}
    assert refused(world, NING, APPROVE, mine) is not IntegrityError
    with world.database.connect("migrate") as owner, pytest.raises(Exception, match="four_eyes"):
        owner.execute(APPROVE, mine)


def test_an_approval_cannot_name_another_drafter_than_who_drafted(world: World, asked: dict[str, Any]) -> None:
    other = {**asked, "drafter": world.officer(SHEN)}
    assert refused(world, YAN, APPROVE, other) is IntegrityError


def test_other_bytes_than_those_rehearsed_are_not_approved(world: World, asked: dict[str, Any]) -> None:
    assert refused(world, YAN, APPROVE, {**asked, "digest": "0" * 64}) is IntegrityError


def test_a_revision_cannot_claim_the_digest_of_another(world: World, asked: dict[str, Any]) -> None:
    sql = (
        "INSERT INTO rulesets_revision (draft_id, drafter_id, files, digest, made_at)"
        """ SELECT draft_id, drafter_id, '{"ruleset.yaml": "x"}', digest, made_at FROM rulesets_revision"""
        " WHERE id = %(revision)s"
    )
    assert refused(world, NING, sql, asked) is IntegrityError


def test_files_changed_after_the_rehearsal_are_not_submitted_with_it(world: World, asked: dict[str, Any]) -> None:
    from healthcode.control.rulesets.models import Revision
    from healthcode.control.rulesets.services import draft_make

    with world.acting(NING):
        files = {**Revision.objects.get(pk=asked["revision"]).files, "more.yaml": "a: 1\n"}
        made = draft_make(title="改", origin="", files=files, officer=asked["drafter"], now=NOW)
        later = made.revisions.get()
    values = {**asked, "revision": later.pk, "digest": later.digest}
    assert refused(world, NING, SUBMIT, values) is IntegrityError


def test_only_the_worker_says_what_a_rehearsal_found(world: World, asked: dict[str, Any]) -> None:
    sql = (
        "INSERT INTO rulesets_rehearsal (revision_id, digest, run_id, against, at, finished_at, people, changed,"
        " changes, grounds, sample, seconds, memory_mb) SELECT revision_id, digest, run_id, against, at, finished_at,"
        " 0, 0, '[]', '{}', '[]', 0, 0 FROM rulesets_rehearsal WHERE id = %(rehearsal)s"
    )
    for who in (NING, YAN):
        assert "ProgrammingError" in refused(world, who, sql, asked).__name__


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE rulesets_approval SET effective_from = now()",
        "DELETE FROM rulesets_approval",
        "UPDATE rulesets_revision SET files = '{}'",
        "UPDATE rulesets_check SET passed = true",
        "UPDATE rulesets_submission SET wanted_from = NULL",
        "DELETE FROM rulesets_rehearsal",
    ],
)
def test_nothing_that_was_said_about_rules_is_changed_or_deleted(world: World, sql: str) -> None:
    assert "ProgrammingError" in refused(world, YAN, sql, {}).__name__


def test_nothing_is_in_force_before_it_is_approved(world: World, asked: dict[str, Any]) -> None:
    back = APPROVE.replace("+ interval '1 day'", "- interval '1 day'")
    assert refused(world, YAN, back, asked) is IntegrityError


def test_a_dispatcher_reads_no_draft(world: World, asked: dict[str, Any]) -> None:
    from healthcode.control.rulesets.models import Draft, Revision, Submission

    tables: list[Callable[[], int]] = [m.objects.count for m in (Draft, Revision, Submission)]
    with world.acting(SHEN):
        assert [count() for count in tables] == [0, 0, 0]
    assert asked["submission"]
