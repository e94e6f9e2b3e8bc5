"""Somebody owns the database: each single thing that he changes is found, and named by its own code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from healthcode.control.evidence.ids import id_make
from healthcode.table.record import record_decode, record_encode
from tests.audit_world import busy, codes, found
from tests.control_world import World
from tests.intake import NOW, result, results, with_code
from tests.people import LIN, MEI, ZHAO

Tamper = Callable[[World, dict[str, int]], Any]


def past_all(world: World, *statements: str, values: tuple[Any, ...] = ()) -> None:
    """Change rows as the superuser does who also switches triggers and foreign keys off."""
    with world.database.connect("postgres") as owner, owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            owner.execute(statement, values if "%s" in statement else ())


def update(statement: str) -> Tamper:
    """Zhao's number is put in where the statement has %s."""
    return lambda world, numbers: past_all(world, statement, values=(numbers[ZHAO.key],))


def dropping(constraint: str, table: str, *statements: str) -> Tamper:
    """Drop a check first."""
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"
    return lambda world, _numbers: past_all(world, drop, *statements)


def record_changed(world: World, numbers: dict[str, int], table: str, key: str, column: str, extra: str = "") -> None:
    """One field of a record, with a right checksum again: doses that never were."""
    number = numbers[ZHAO.key]
    ((stored,),) = world.superuser(
        f"SELECT {column} FROM {table} WHERE {key} = %s {extra} ORDER BY 1 DESC LIMIT 1", [number]
    )
    forged = record_encode(record_decode(bytes(stored))._replace(doses=3))
    past_all(
        world,
        f"UPDATE {table} SET {column} = decode('{forged.hex()}', 'hex')"
        f" WHERE {key} = {number} AND {column} = decode('{bytes(stored).hex()}', 'hex')",
    )


def lab_row_forged(world: World, numbers: dict[str, int]) -> None:
    """One more negative in a batch that a laboratory did sign."""
    columns = (
        "subject_id, kind, fields, anchor_day, occurred_at, learned_at, division, source_unit_id, document, batch_id,"
        " proposal_id, proposer_id, reviewer_id, review_verdict, supersedes_id, rescinded"
    )
    copied = columns.replace("subject_id", str(numbers[ZHAO.key]))
    source = (
        f"SELECT '{id_make(now=NOW)}', {copied} FROM evidence_evidence WHERE subject_id = {numbers[LIN.key]} LIMIT 1"
    )
    past_all(world, f"INSERT INTO evidence_evidence (id, {columns}) {source}")


def leaf_content_changed(world: World, numbers: dict[str, int]) -> None:
    """The leaf of Zhao's red says green, and its event too."""
    ((leaf, content),) = world.superuser(
        "SELECT l.id, l.content FROM audit_pendingleaf l JOIN audit_event e ON e.id = l.event_id"
        " WHERE e.subject = %s AND e.detail ->> 'color' = 'red'",
        [numbers[ZHAO.key]],
    )
    forged = json.dumps({**json.loads(bytes(content)), "color": "green"}).encode()
    past_all(world, f"UPDATE audit_pendingleaf SET content = decode('{forged.hex()}', 'hex') WHERE id = {leaf}")


EVIDENCE = "UPDATE evidence_evidence SET"
PROPOSED = "WHERE proposal_id IS NOT NULL"
TAMPERINGS: dict[str, tuple[str, Tamper]] = {
    "the color of a decision": (
        "decision_differs",
        update("UPDATE evidence_decision SET color = 'green' WHERE color = 'red' AND subject_id = %s"),
    ),
    "the color of a decision, inside and out": (
        "decision_not_committed",
        update(
            "UPDATE evidence_decision SET color = 'green', evaluation = evaluation || '{\"color\": \"green\"}'"
            " WHERE color = 'red' AND subject_id = %s"
        ),
    ),
    "a decision gone": (
        "leaf_without_decision",
        update("DELETE FROM evidence_decision WHERE color = 'red' AND subject_id = %s"),
    ),
    "the last decision gone": (
        "decision_missing",
        update("DELETE FROM evidence_decision WHERE color = 'red' AND subject_id = %s"),
    ),
    "a decision that forgets": (
        "decision_forgets",
        update(
            "INSERT INTO evidence_decision (id, subject_id, version, decided_at, color, evaluation, ruleset,"
            " evidence_ids, area_approvals, division, holds_code) SELECT gen_random_uuid(), %s, 3, decided_at, color,"
            " evaluation, ruleset, '[]', '[]', division, holds_code FROM evidence_decision WHERE color = 'red'"
        ),
    ),
    "a decision under other rules": (
        "ruleset_unknown",
        update("UPDATE evidence_decision SET ruleset = 'kinder-rules@1' WHERE subject_id = %s"),
    ),
    "a decision from the future": (
        "decision_version",
        update("UPDATE evidence_decision SET version = 9 WHERE color = 'red' AND subject_id = %s"),
    ),
    "the day of a contact": ("determination_differs", update(f"{EVIDENCE} anchor_day = anchor_day - 5 {PROPOSED}")),
    "the day of a contact, and of its proposal": (
        "decision_differs",
        lambda world, _: past_all(
            world,
            f"{EVIDENCE} anchor_day = anchor_day - 1 {PROPOSED}",
            "UPDATE casework_proposal SET anchor_day = anchor_day - 1",
        ),
    ),
    "whose contact it was": (
        "determination_differs",
        lambda world, numbers: past_all(world, f"{EVIDENCE} subject_id = {numbers[LIN.key]} {PROPOSED}"),
    ),
    "evidence gone": ("decision_evidence_missing", update(f"DELETE FROM evidence_evidence {PROPOSED}")),
    "a review gone": ("review_missing", update("DELETE FROM casework_review")),
    "a review that returned": (
        "review_not_approval",
        update("UPDATE casework_review SET verdict = 'return', reason = 'no'"),
    ),
    "a review by the proposer": (
        "four_eyes",
        dropping("review_four_eyes", "casework_review", "UPDATE casework_review SET reviewer_id = proposer_id"),
    ),
    "another reviewer": (
        "review_differs",
        update(
            "UPDATE casework_review SET reviewer_id = (SELECT max(id) FROM offices_officer"
            " WHERE id NOT IN (reviewer_id, proposer_id))"
        ),
    ),
    "evidence from nowhere": (
        "source_missing",
        dropping(
            "evidence_four_eyes_or_signed",
            "evidence_evidence",
            f"{EVIDENCE} proposal_id = NULL, proposer_id = NULL, reviewer_id = NULL, review_verdict = NULL {PROPOSED}",
        ),
    ),
    "a contact told by a laboratory": (
        "source_not_permitted",
        update(
            f"{EVIDENCE} source_unit_id = (SELECT id FROM offices_unit WHERE kind = 'laboratory' LIMIT 1) {PROPOSED}"
        ),
    ),
    "a bit of the record": (
        "record_differs",
        lambda world, numbers: record_changed(world, numbers, "subject_state", "number", "record"),
    ),
    "the cached color": ("state_differs", update("UPDATE subject_state SET color = 'green' WHERE number = %s")),
    "an answer taken away": (
        "state_missing",
        update("UPDATE subject_state SET evaluated_at = NULL WHERE number = %s"),
    ),
    "who holds a code": (
        "state_differs",
        lambda world, numbers: past_all(
            world, f"UPDATE people_subject SET holds_code = false WHERE number = {numbers[LIN.key]}"
        ),
    ),
    "a record on its way to the gates": (
        "told_differs",
        lambda world, numbers: record_changed(world, numbers, "feed_outbox", "key", "payload", "AND kind = 1"),
    ),
    "a record that went out before": (
        "told_differs",
        lambda world, numbers: record_changed(
            world, numbers, "feed_outbox", "key", "payload", "AND kind = 1 AND substr(payload, 1, 1) = '\\x02'"
        ),
    ),
    "a record that never went out": (
        "told_gap",
        lambda world, numbers: past_all(
            world,
            "DELETE FROM feed_outbox WHERE id ="
            f" (SELECT max(id) FROM feed_outbox WHERE kind = 1 AND key = {numbers[ZHAO.key]})",
        ),
    ),
    "a batch's signature": (
        "batch_signature",
        update(
            "UPDATE exchange_batch SET signature = set_byte(signature, 9, get_byte(signature, 9) # 1)"
            " WHERE signature IS NOT NULL"
        ),
    ),
    "a batch's file": (
        "batch_event",
        update("UPDATE exchange_batch SET file_digest = sha256(file_digest) WHERE signature IS NOT NULL"),
    ),
    "a row in a signed batch": ("batch_rows", lab_row_forged),
    "a row's time in a signed batch": (
        "batch_differs",
        update(f"{EVIDENCE} learned_at = learned_at - interval '3 days' WHERE batch_id IS NOT NULL"),
    ),
    "a leaf's content": ("leaf_broken", leaf_content_changed),
    "a leaf's time": (
        "leaf_broken",
        update("UPDATE audit_pendingleaf SET at = at - interval '1 hour'"),
    ),
    "a leaf gone": ("leaf_missing", update("DELETE FROM audit_pendingleaf")),
    "what an event says": (
        "leaf_event",
        update("UPDATE audit_event SET detail = detail || '{\"new\": 7}' WHERE name = 'laboratory:results:imported'"),
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_one_thing_changed_is_found_and_named(world: World, what: str) -> None:
    numbers = busy(world)
    code, tamper = TAMPERINGS[what]
    tamper(world, numbers)
    assert code in codes(world)


def test_a_positive_made_negative_no_longer_explains_its_red(world: World) -> None:
    """Mei's red rests on a laboratory's single positive."""
    (mei,) = with_code(world, MEI)
    results(world, result(MEI, at=NOW, word="阳性"))
    assert found(world) == []
    past_all(world, f"{EVIDENCE} fields = jsonb_set(fields, '{{result}}', '\"negative\"') WHERE subject_id = {mei}")
    assert codes(world) == {"batch_content", "decision_differs", "state_differs", "record_differs"}


def test_green_by_hand_in_every_table_is_still_found(world: World) -> None:
    """The state, the decision and what the gates hold say green; evidence and leaf do not."""
    zhao = busy(world)[ZHAO.key]
    green = world.superuser("SELECT record FROM subject_state WHERE color = 'green' LIMIT 1")[0][0]
    forged = record_encode(record_decode(bytes(green))._replace(version=3)).hex()
    past_all(
        world,
        f"UPDATE subject_state SET color = 'green', record = decode('{forged}', 'hex') WHERE number = {zhao}",
        f"DELETE FROM evidence_decision WHERE color = 'red' AND subject_id = {zhao}",
        f"UPDATE feed_outbox SET payload = decode('{forged}', 'hex') WHERE kind = 1 AND key = {zhao}",
    )
    assert codes(world) >= {"state_differs", "record_differs", "decision_missing", "leaf_without_decision"}


def test_findings_name_the_subject_and_no_other(world: World) -> None:
    numbers = busy(world)
    past_all(world, "UPDATE subject_state SET color = 'yellow' WHERE color = 'red'")
    assert {finding.subject for finding in found(world)} == {numbers[ZHAO.key]}
