"""Secrets: made once, private, complete, and never those of a demo in production."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthcode.adapters.secret_files import SecretsError, issuer_renew, secrets_open


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_the_first_run_makes_private_files_and_the_second_reads_the_same(tmp_path: Path) -> None:
    first = secrets_open(tmp_path / "secrets", create=True)
    again = secrets_open(tmp_path / "secrets", create=True)
    assert first == again
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert modes(tmp_path / "secrets") == {0o600}


def test_no_two_deployments_share_a_secret(tmp_path: Path) -> None:
    one, other = secrets_open(tmp_path / "one", create=True), secrets_open(tmp_path / "other", create=True)
    assert not set(one.database.values()) & set(other.database.values())
    keys = [
        {s.root_key, s.blind_key, s.epoch_master, s.issuer_venue.private, s.feed_signing.private} for s in (one, other)
    ]
    assert len(keys[0] | keys[1]) == 10


@pytest.mark.parametrize("suite", ["intl", "gm"])
def test_a_signing_key_signs_what_its_public_half_verifies(tmp_path: Path, suite: str) -> None:
    key = secrets_open(tmp_path, create=True, suite_name=suite).issuer_venue.key()
    key.public.verify(b"a place", key.sign(b"a place"))
    assert key.suite == suite


def test_demo_secrets_refuse_to_start_in_production(tmp_path: Path) -> None:
    secrets_open(tmp_path, create=True)
    with pytest.raises(SecretsError, match="demo secrets and HEALTHCODE_ENVIRONMENT is production"):
        secrets_open(tmp_path, create=True, production=True)


def test_secrets_made_in_production_carry_no_demo_mark(tmp_path: Path) -> None:
    assert not secrets_open(tmp_path, create=True, production=True).demo
    assert not secrets_open(tmp_path, create=False, production=True).demo


def test_a_missing_file_is_never_made_anew_over_existing_data(tmp_path: Path) -> None:
    secrets_open(tmp_path, create=True)
    (tmp_path / "root.key").unlink()
    with pytest.raises(SecretsError, match=r"root\.key is missing.*backup"):
        secrets_open(tmp_path, create=True)


def test_a_first_run_that_died_half_way_is_finished_by_the_next(tmp_path: Path) -> None:
    before = secrets_open(tmp_path, create=True)
    for name in ("complete", "blind.key"):
        (tmp_path / name).unlink()
    after = secrets_open(tmp_path, create=True)
    assert after.root_key == before.root_key
    assert after.blind_key != before.blind_key


def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    secrets_open(tmp_path, create=True)
    (tmp_path / "blind.key").chmod(0o644)
    with pytest.raises(SecretsError, match="chmod -R go="):
        secrets_open(tmp_path, create=False)


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    secrets_open(tmp_path, create=True)
    (tmp_path / "epoch-master.key").write_text("not a key")
    with pytest.raises(SecretsError, match=r"epoch-master\.key is damaged"):
        secrets_open(tmp_path, create=False)


def test_without_secrets_the_error_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="Start `healthcode run` once"):
        secrets_open(tmp_path / "nowhere", create=False)


def test_printing_secrets_shows_none(tmp_path: Path) -> None:
    secrets = secrets_open(tmp_path, create=True)
    assert secrets.django_key not in repr(secrets)
    assert secrets.issuer_venue.private.hex() not in repr(secrets.issuer_venue)


def test_a_renewed_issuer_key_has_a_new_id_and_nothing_else_changes(tmp_path: Path) -> None:
    before = secrets_open(tmp_path, create=True)
    kid = issuer_renew(tmp_path, "person", suite_name="gm")
    after = secrets_open(tmp_path, create=False)
    assert (after.issuer_person.kid.hex(), after.issuer_person.suite) == (kid, "gm")
    assert before.issuer_person.kid != after.issuer_person.kid
    assert (before.issuer_venue, before.feed_signing) == (after.issuer_venue, after.feed_signing)
    assert modes(tmp_path) == {0o600}


@pytest.mark.parametrize("name", ["bundle", "../root", ""])
def test_no_other_key_is_renewed_as_an_issuers(tmp_path: Path, name: str) -> None:
    secrets_open(tmp_path, create=True)
    with pytest.raises(SecretsError, match="say `venue` or `person`"):
        issuer_renew(tmp_path, name, suite_name="intl")
