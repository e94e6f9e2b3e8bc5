"""Auditor Wu derives everything again: nothing is found where nothing was done outside the rules."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import psycopg
import pytest

from healthcode.control.audit.check import Tally
from healthcode.control.audit.findings import MEANINGS, Finding
from tests.audit_world import busy, found
from tests.control_world import REPOSITORY, World
from tests.intake import NOW
from tests.people import RESIDENTS, ZHAO


def color(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`healthcode color …` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "healthcode.cli.main", "color", *arguments],
        env={**os.environ, **world.database.environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )


def test_a_day_of_the_county_follows_from_evidence_and_rules(world: World) -> None:
    busy(world)
    tally = Tally()
    assert found(world, tally=tally) == []
    assert (tally.subjects, tally.decisions, tally.evidence, tally.batches) == (5, 5, 5, 2)
    assert tally.leaves > tally.decisions


def test_a_quick_look_leaves_out_who_was_derived_before(world: World) -> None:
    busy(world)
    tally = Tally()
    assert found(world, since=NOW + timedelta(hours=1), tally=tally) == []
    assert tally.subjects == 2


def test_a_trimmed_feed_is_no_finding_and_a_feed_with_holes_is_one(world: World) -> None:
    zhao = busy(world)[ZHAO.key]
    world.superuser(
        "INSERT INTO feed_log (lane, seq, kind, key, payload) SELECT 0, id, kind, key, payload FROM feed_outbox"
    )
    world.superuser("DELETE FROM feed_outbox")
    world.superuser("DELETE FROM feed_log WHERE key = %s", [zhao])
    world.superuser("UPDATE feed_log SET seq = seq - (SELECT min(seq) - 1 FROM feed_log)")
    assert [finding.code for finding in found(world)] == ["told_gap"]
    world.superuser("UPDATE feed_log SET seq = seq + 7000")
    assert found(world) == []


def test_an_empty_house_has_nothing_to_find(world: World) -> None:
    assert found(world) == []


def test_the_auditors_role_reads_no_identity_and_writes_nothing(world: World) -> None:
    with world.database.connect("auditor") as auditor:
        for table in ("people_identity", "people_identityindex", "casework_lead", "feed_log", "exchange_upload"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                auditor.execute(f"SELECT * FROM {table}")
        for statement in ("UPDATE subject_state SET color = 'green'", "DELETE FROM evidence_decision"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                auditor.execute(statement)


def test_the_command_says_that_everything_follows(world: World) -> None:
    busy(world)
    done = color(world, "audit", "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert "everything follows" in done.stderr


def test_the_command_names_what_does_not_follow_by_number_only(world: World) -> None:
    zhao = busy(world)[ZHAO.key]
    world.superuser("UPDATE subject_state SET color = 'green' WHERE number = %s", [zhao])
    done = color(world, "audit", "--json", "--lang", "en")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(line["code"], line["subject"]) for line in lines] == [("state_differs", zhao)]
    shown = done.stdout + color(world, "audit").stdout
    assert not any(person.name in shown or person.document.number in shown for person in RESIDENTS)


def test_explain_says_why_zhao_is_red_in_both_languages(world: World) -> None:
    zhao = busy(world)[ZHAO.key]
    told = json.loads(color(world, "explain", str(zhao), "--json").stdout)
    assert told["evaluation"]["ruleset"] == "ninth-edition"
    assert told["explanation"]["zh"]["lang"] == "zh"
    english = color(world, "explain", str(zhao), "--lang", "en")
    assert english.returncode == 0
    assert english.stdout.startswith(f"{zhao} · ")


def test_replay_agrees_with_what_was_decided(world: World) -> None:
    zhao = busy(world)[ZHAO.key]
    at = (NOW + timedelta(days=2)).isoformat()
    done = color(world, "replay", str(zhao), "--as-of", at, "--as-known", "2", "--lang", "en")
    assert (done.returncode, "Red" in done.stdout, "agrees" in done.stdout) == (0, True, True), done.stdout
    before = color(world, "replay", str(zhao), "--as-of", at, "--as-known", "1", "--json")
    assert json.loads(before.stdout)["evaluation"]["color"] == "green"


def test_a_question_without_an_answer_teaches(world: World) -> None:
    zhao = busy(world)[ZHAO.key]
    assert "no subject 999999" in color(world, "explain", "999999").stderr
    late = color(world, "replay", str(zhao), "--as-of", NOW.isoformat(), "--as-known", "99")
    assert (late.returncode, "no version 99" in late.stderr) == (1, True)
    assert color(world, "replay", str(zhao), "--as-of", "yesterday", "--as-known", "1").returncode == 2


def test_every_code_has_its_meaning_in_both_languages_and_no_other_code_exists() -> None:
    assert all(zh and en for zh, en in MEANINGS.values())
    with pytest.raises(ValueError, match="no code"):
        Finding("invented", "row")
