"""The vault: first mention, masks, unmasking, and the end of a key."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from healthcode.adapters.key_store_file import KeyStoreFile
from healthcode.control.ports import ports, ports_set
from healthcode.control.seed.cast import resident_id
from tests.control_world import World
from tests.people import COUNTY, LIN, OTHER_COUNTY, ZHAO

NOW = datetime(2022, 10, 13, 8, tzinfo=UTC)


def row(serial: int, **changes: object):
    """An invented person of a file, by serial number."""
    from healthcode.control.people.vault import NewIdentity

    return NewIdentity(resident_id(COUNTY, date(1980, 1, 1), serial), **{"name": f"王{serial}", **changes})


def ensured(world: World, *rows) -> list[int]:
    from healthcode.control.people.vault import subjects_ensure

    with world.system():
        return subjects_ensure(rows, now=NOW)


def test_several_rows_about_one_document_are_one_person(world: World) -> None:
    first, second, again = ensured(world, row(1), row(2), row(1))
    assert first == again != second
    assert world.superuser("SELECT count(*) FROM people_identity") == [(2,)]


def test_what_is_known_is_not_overwritten_by_a_later_file(world: World) -> None:
    from healthcode.control.people.vault import identity_masked

    before = ensured(world, row(1, name="张三", division=COUNTY))
    assert ensured(world, row(1, name="李四", division=OTHER_COUNTY), row(2))[0] == before[0]
    with world.system():
        shown = identity_masked(before[0])
    assert shown is not None
    assert shown.name == "张*"
    assert world.superuser("SELECT present_division FROM people_subject WHERE number = %s", before) == [(COUNTY,)]


def test_an_empty_present_division_is_filled_later(world: World) -> None:
    numbers = ensured(world, row(1))
    assert ensured(world, row(1, division=COUNTY)) == numbers
    assert world.superuser("SELECT present_division FROM people_subject") == [(COUNTY,)]


def test_two_imports_that_mention_the_same_people_at_once_agree(world: World) -> None:
    from django.db import connection

    rows = [row(serial) for serial in range(1, 60)]

    def one_import(order: int) -> list[int]:
        try:
            return ensured(world, *rows[::order])[::order]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one_import, [1, -1, 1, -1]))
    assert all(answer == answers[0] for answer in answers)
    assert world.superuser("SELECT count(*) FROM people_identity") == [(59,)]


def test_masks_show_enough_to_recognise_and_too_little_to_find(world: World) -> None:
    from healthcode.control.people.vault import identity_masked

    with world.system():
        shown = identity_masked(world.subject(LIN))
    assert shown is not None
    assert (shown.name, shown.phone) == ("林**", "138******01")
    assert shown.document == f"14{'*' * 14}{LIN.document.number[-2:]}"


def test_a_sealed_field_does_not_open_for_another_person_or_field(world: World) -> None:
    from healthcode.control.people.vault import identity_masked
    from healthcode.crypto.errors import BadKey, Tampered

    with world.system():
        lin, zhao = world.subject(LIN), world.subject(ZHAO)
    moved = "UPDATE people_identity SET name_sealed = (SELECT {} FROM people_identity WHERE subject_id = %s)"
    world.superuser(moved.format("name_sealed") + " WHERE subject_id = %s", [lin, zhao])
    world.superuser(moved.format("phone_sealed") + " WHERE subject_id = %s", [lin, lin])
    with world.system():
        for number, fault in ((zhao, BadKey), (lin, Tampered)):
            with pytest.raises(fault):
                identity_masked(number)


@pytest.fixture
def own_keys(world: World, tmp_path: Path) -> Iterator[None]:
    """A key store of this test's own, since what it destroys stays destroyed."""
    ready = ports()
    ports_set(replace(ready, key_store=KeyStoreFile(tmp_path / "keys.sqlite", bytes(32))))
    yield
    ports_set(ready)


def test_without_her_key_nobody_can_say_who_she_was(world: World, own_keys: None) -> None:
    from healthcode.control.people.vault import identity_masked, person_key
    from healthcode.crypto.keystore import KeyDestroyed

    with world.system():
        number = world.subject(ZHAO)
        ports().key_store.destroy(str(number))
        shown = identity_masked(number)
        assert shown is not None
        assert (shown.name, shown.document, shown.phone) == ("*", "*", "")
        with pytest.raises(KeyDestroyed):
            person_key(number)
