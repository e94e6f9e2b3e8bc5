"""Zhengzhou by SQL: what the application's own database role, even with an officer's session, cannot do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.control_world import World
from tests.intake import NOW, item_of, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import FENG, HE, HU, LIN, LUO, QIAN, SHEN, ZHAO, ZHOU, OfficerRole

DENIED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.CheckViolation,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.NotNullViolation,
)
APPEND_ONLY = [
    "evidence_evidence",
    "evidence_decision",
    "casework_lead",
    "casework_proposal",
    "casework_review",
    "exchange_batch",
    "exchange_batchrow",
    "audit_event",
    "audit_pendingleaf",
]


@contextmanager
def as_app(world: World, who: OfficerRole | None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the application's role, acting as an officer, or as the system, in a transaction of its own."""
    from healthcode.control.ports import ports

    token = world.session(who) if who else ports().system_token
    with world.database.connect("app") as app, app.transaction(force_rollback=True):
        app.execute("SELECT act_begin(%s, 'break in')", [token])
        yield app


def refused(app: psycopg.Connection[Any], statement: str, values: dict[str, Any] | None = None) -> bool:
    try:
        with app.transaction():
            return app.execute(statement, values).rowcount == 0  # type: ignore[arg-type]
    except DENIED:
        return True


@pytest.fixture
def determined(world: World) -> World:
    """Zhao is red by two officers' work; Lin has a negative of a signed batch; Qian's lead waits for a review."""
    with_code(world, ZHAO, LIN)
    leads(world, lead(ZHAO, row="1"), lead(QIAN, row="2"))
    reviewed(world, proposed(world, ZHAO))
    results(world, result(LIN, at=NOW))
    return world


@pytest.mark.parametrize("who", [ZHOU, HU, SHEN, HE, None], ids=lambda w: w.key if w else "system")
def test_what_is_recorded_is_never_changed_or_deleted(determined: World, who: OfficerRole | None) -> None:
    with as_app(determined, who) as app:
        for table in APPEND_ONLY:
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
                    app.execute(statement)  # type: ignore[arg-type]


def evidence(**columns: Any) -> tuple[str, dict[str, Any]]:
    row = {
        "id": "0183bd00-0000-7000-8000-000000000001",
        "kind": "infection",
        "fields": '{"category":"confirmed"}',
        "anchor_day": 19275,
        "occurred_at": NOW,
        "learned_at": NOW,
        "division": ZHAO.division,
        "document": "x",
        "source_unit_id": 1,
        "rescinded": False,
        **columns,
    }
    names = ", ".join(row)
    return f"INSERT INTO evidence_evidence ({names}) VALUES ({', '.join(f'%({n})s' for n in row)})", row


def test_no_officer_records_evidence_without_proposal_and_review(determined: World) -> None:
    number = determined.superuser("SELECT subject_id FROM casework_workitem LIMIT 1")[0][0]
    for who in (ZHOU, HU, SHEN, HE, None):
        with as_app(determined, who) as app:
            assert refused(app, *evidence(subject_id=number))


def test_evidence_cannot_borrow_another_proposals_review_kind_day_or_person(determined: World) -> None:
    (proposal, subject, proposer, reviewer), other = (
        determined.superuser(
            "SELECT p.id, p.subject_id, p.proposer_id, r.reviewer_id FROM casework_proposal p"
            " JOIN casework_review r ON r.proposal_id = p.id"
        )[0],
        determined.superuser("SELECT max(subject_id) FROM casework_workitem")[0][0],
    )
    determined.superuser("DELETE FROM evidence_evidence WHERE proposal_id = %s", [proposal])  # so that a place is free
    day = determined.superuser("SELECT anchor_day FROM casework_proposal WHERE id = %s", [proposal])[0][0]
    genuine = {
        "proposal_id": proposal,
        "proposer_id": proposer,
        "reviewer_id": reviewer,
        "review_verdict": "approve",
        "subject_id": subject,
        "kind": "close_contact",
        "anchor_day": day,
    }
    for change in (
        {"kind": "infection"},
        {"anchor_day": day + 1},
        {"subject_id": other},
        {"proposer_id": reviewer},
        {"reviewer_id": proposer},
        {"review_verdict": "return"},
    ):
        with as_app(determined, HU) as app:
            assert refused(app, *evidence(**(genuine | change)))
            assert not refused(app, *evidence(**genuine))


def test_a_proposer_cannot_review_her_own_proposal_by_sql(determined: World) -> None:
    proposal = proposed(determined, QIAN)
    insert = (
        "INSERT INTO casework_review (proposal_id, proposer_id, reviewer_id, division, verdict, reason, reviewed_at)"
        " VALUES (%(p)s, %(z)s, %(r)s, '140728', 'approve', '', now())"
    )
    zhou, hu = determined.officer(ZHOU), determined.officer(HU)
    for acting, proposer, reviewer in ((ZHOU, zhou, zhou), (ZHOU, hu, zhou), (ZHOU, zhou, hu), (HU, hu, hu)):
        with as_app(determined, acting) as app:
            assert refused(app, insert, {"p": proposal, "z": proposer, "r": reviewer})


def test_an_item_is_not_closed_or_moved_by_an_update_that_skips_the_review(determined: World) -> None:
    item = item_of(determined, QIAN)
    proposed(determined, QIAN)
    for change in (
        "state = 'closed', closed_as = 'exclude'",
        "state = 'closed', closed_as = 'confirm'",
        "division = '140121'",
        "division = ''",
    ):
        for who in (ZHOU, HU, SHEN, None):
            with as_app(determined, who) as app:
                assert refused(app, f"UPDATE casework_workitem SET {change} WHERE id = {item}")


def test_the_transfer_function_moves_nothing_without_an_approved_transfer(determined: World) -> None:
    item, proposal = item_of(determined, QIAN), proposed(determined, QIAN, outcome="transfer", target_division="140121")
    for who in (ZHOU, HU, LUO, FENG, None):
        with as_app(determined, who) as app:
            moved = app.execute("SELECT casework_item_transfer(%s, %s)", [item, proposal]).fetchone()
            assert moved == (False,)


def test_another_county_reads_nothing_of_this_one(determined: World) -> None:
    for table in (
        "casework_workitem",
        "casework_lead",
        "casework_proposal",
        "casework_review",
        "evidence_evidence",
        "evidence_decision",
        "people_identity",
        "people_subject",
        "subject_state",
        "exchange_upload",
    ):
        with as_app(determined, FENG) as app:
            assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # type: ignore[arg-type]
    with as_app(determined, FENG) as app:
        everybody = list(range(1, 10))
        assert app.execute("SELECT count(*) FROM subject_evidence(%s)", [everybody]).fetchone() == (0,)


def test_outside_an_act_the_application_sees_and_adds_nothing(determined: World) -> None:
    with determined.database.connect("app") as app:
        for table in ("casework_workitem", "evidence_evidence", "people_identity", "subject_state"):
            assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # type: ignore[arg-type]
        assert refused(app, *evidence(subject_id=1))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT subjects_create(1)")


def test_the_laboratory_clerk_cannot_slip_a_row_into_her_own_signed_batch(determined: World) -> None:
    batch, signer = determined.superuser("SELECT id, imported_by FROM exchange_batch WHERE signature IS NOT NULL")[0]
    assert signer == determined.officer(HE)
    statement, row = evidence(subject_id=1, kind="test", fields='{"result":"positive","pool_size":1}', batch_id=batch)
    with as_app(determined, HE) as app:
        assert refused(app, statement, row)


def test_no_statement_makes_a_signed_batch_out_of_nothing(determined: World) -> None:
    insert = (
        "INSERT INTO exchange_batch (id, kind, unit_id, file_name, file_digest, signature, rows, imported_at)"
        " VALUES (gen_random_uuid(), 'results', 1, 'x', '\\x00', '\\x00', 1, now())"
    )
    for who in (ZHOU, SHEN, HE):
        with as_app(determined, who) as app:
            assert refused(app, insert)


def test_nobody_sets_a_color_in_the_state_of_somebody_out_of_reach(determined: World) -> None:
    for who in (FENG, HE):
        with as_app(determined, who) as app:
            assert refused(app, "UPDATE subject_state SET color = 'red'")
