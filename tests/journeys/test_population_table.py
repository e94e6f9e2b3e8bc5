"""A run over everybody ends by offering a table: what the database says, once, whatever was killed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from healthcode.domain.time import instant_of, minute_of
from healthcode.table.feed import FeedKind
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, SUN, ZHAO

if TYPE_CHECKING:
    from pathlib import Path

    from healthcode.table.offer import TableOffer

SWITCH = instant_of(minute_of(NOW + timedelta(hours=3)))


def a_county(world: World) -> None:
    with_code(world, ZHAO, LIN, SUN)
    leads(world, lead(ZHAO, row="1"))
    reviewed(world, proposed(world, ZHAO))
    results(world, result(LIN, row="1", at=NOW))


def ran(world: World, *, valid_from: object = None) -> list[TableOffer]:
    """What is offered after a run."""
    from healthcode.control.bridge.tables import table_offers
    from healthcode.control.population.run import run_continue
    from healthcode.control.population.services import run_ask

    with world.system():
        run_ask(reason="test", now=NOW, valid_from=valid_from)  # type: ignore[arg-type]  # an instant or None
    run_continue(clock=lambda: NOW)
    with world.system():
        return table_offers()


def verified(offer: TableOffer, folder: Path) -> dict[int, bytes]:
    """What an edge has after it copied and verified the table: the records that are not empty."""
    from healthcode.adapters.offered_tables import offer_copy
    from healthcode.control.ports import ports
    from healthcode.table.file import HEADER_BYTES

    store = ports().snapshots
    assert store is not None
    table = offer_copy(offer, store, folder)
    table.abandon()
    data = table.path.read_bytes()[HEADER_BYTES:]
    records = {n: data[n * 32 : n * 32 + 32] for n in range(offer.capacity)}
    return {number: record for number, record in records.items() if any(record)}


@pytest.mark.parametrize("valid_from", [None, SWITCH])
def test_the_offered_table_verified_holds_the_records_of_the_database(
    world: World, tmp_path: Path, valid_from: object
) -> None:
    a_county(world)
    (offer,) = ran(world, valid_from=valid_from)
    assert offer.valid_from == (minute_of(SWITCH) if valid_from else 0)
    rows = world.superuser("SELECT number, record FROM subject_state WHERE record IS NOT NULL")
    assert verified(offer, tmp_path) == {number: bytes(record) for number, record in rows}
    assert len(rows) == 3


def test_a_run_asked_for_before_a_switch_and_made_after_it_is_offered_for_at_once(world: World) -> None:
    a_county(world)
    (offer,) = ran(world, valid_from=NOW - timedelta(hours=3))
    assert offer.valid_from == 0


class Killed(BaseException):
    """No handler sees it, as none sees kill -9."""


@pytest.mark.parametrize("after", ["table_write", "table_offer", "run_finish", "tables_forget"])
def test_a_run_killed_while_its_table_is_made_offers_one(
    world: World, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    from healthcode.control.population import run as module

    a_county(world)
    whole = getattr(module, after)

    def dying(*args: object, **columns: object) -> None:
        whole(*args, **columns)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, after, dying)
        with pytest.raises(Killed):
            ran(world)
    module.run_continue(clock=lambda: NOW)
    sent = "SELECT count(*) FROM feed_outbox WHERE kind = %s"
    assert world.superuser(sent, [int(FeedKind.TABLE)]) == [(1,)]


def test_the_table_of_an_earlier_run_goes_when_another_takes_its_place(world: World) -> None:
    from healthcode.control.ports import ports

    a_county(world)
    (first,), (second,) = ran(world), ran(world)
    store = ports().snapshots
    assert store is not None
    assert [path.name for path in store.glob("table-run-*")] == [second.name] != [first.name]
    assert {path.stat().st_mode & 0o777 for path in store.glob("table-run-*")} == {0o600}
