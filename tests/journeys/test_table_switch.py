"""A set announced for midnight: every edge switches at midnight, with control, database and updater dead."""

import asyncio
import hashlib

import pytest

from healthcode.adapters.edge_files import SIDE, EdgeHost, identity_name, identity_open, moment_now
from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.adapters.table_files import CURRENT, NEXT, TableFile, table_header
from healthcode.crypto.suites import suite
from healthcode.edge.status import Moment
from healthcode.edge.world import World
from healthcode.table.messages import FeedKind
from healthcode.table.offer import TableOffer, offer_sign
from healthcode.table.payloads import ColorEntry, ColorsNote, PoliciesNote, PolicyEntry, VenueEntry
from healthcode.table.record import Record, record_encode
from tests.edge_bridge import REGION, Bridge, state

LIN, ZHAO, GREEN, RED, MARKET = 1, 2, 2, 4, 10
HOUR = 3600


@pytest.fixture
def bridge(database, tmp_path):
    return Bridge(database, tmp_path)


def midnight():
    """A whole minute an hour ahead."""
    return int(moment_now().wall_s) // 60 + 60


def table_made(bridge, records, *, name="table-run-1.bin", valid_from=0, applied=None):
    """What a population run leaves in the store, and the offer of it."""
    path = bridge.data / "snapshots" / name
    applied = applied or {0: 0, 1: 0}
    with TableFile.create(path, region=REGION, capacity=65_536, applied=applied) as table:
        for number, record_state, version in records:
            table.put(number, record_encode(Record(record_state, generation=1, version=version)))
    return TableOffer(
        region=REGION, name=name, sha256=hashlib.sha256(path.read_bytes()).digest(), capacity=65_536, applied=applied,
        made_ms=int(moment_now().wall_s * 1000), valid_from=valid_from, serial=1,
    )  # fmt: skip


def send(bridge, *rows):
    """(kind, key, payload) as control publishes it."""
    with bridge.connect() as connection, connection.transaction():
        for kind, key, payload in rows:
            sql = (
                "INSERT INTO bridge_published (kind, key, payload) VALUES (%s, %s, %s) "
                "ON CONFLICT (kind, key) DO UPDATE SET payload = EXCLUDED.payload"
            )
            connection.execute(sql, [kind, key, payload])
            connection.execute(
                "INSERT INTO feed_outbox (lane, kind, key, payload) VALUES (0, %s, %s, %s)", [kind, key, payload]
            )


def offered(bridge, offer, *, key=None, signer=None):
    at = offer.valid_from if key is None else key
    send(bridge, (int(FeedKind.TABLE), at, offer_sign(signer or bridge.signing, offer)))


def words(bridge, at):
    """What holds from `at`: red is called another word, and the market asks for another policy."""
    colors = [
        ColorEntry(id="green", state=GREEN, severity=0),
        ColorEntry(id="red", state=RED, severity=2, word={"en": f"red {at}"}),
    ]
    bridge.publish(
        [
            (FeedKind.COLORS, at, ColorsNote(colors=colors)),
            (FeedKind.POLICIES, at, PoliciesNote(default=PolicyEntry(id=f"policy-{at}", colors=["green"]))),
        ]
    )


def answers(world, moment):
    """Lin's and Zhao's states, the word for red, and the market's policy at a moment."""
    world.refresh(moment)
    gate = world.gate(MARKET, int(moment.wall_s) // 60)
    word = next(color.word["en"] for color in world.published_colors() if color.id == "red")
    return world.record(LIN).state, world.record(ZHAO).state, word, gate.policy.id if gate else ""


def workers(bridge, count=2):
    """Edge workers beside nothing: no updater, no relay, no database."""
    side = SideStoreLmdb(bridge.data / "edge" / SIDE)
    private = identity_open(bridge.data / "edge")
    made = []
    for _ in range(count):
        host = EdgeHost(bridge.data / "edge", region=REGION)
        host._side = side  # one process opens the side files once
        made.append(World(host, region=REGION, edge=(identity_name(private), private)))
    return made, side


def later(seconds):
    now = moment_now()
    return Moment(now.wall_s + seconds, now.boot_s + seconds)


async def until(bridge, seen, seconds=20.0):
    for _ in range(int(seconds / 0.05)):
        await asyncio.sleep(0.05)
        if seen():
            return
    raise AssertionError(f"not in time; {bridge.status()}")


def announce(bridge, at):
    """Lin is green and Zhao red now; from `at` on both the other way about; Zhao is decided anew meanwhile."""
    words(bridge, 0)
    words(bridge, at)
    bridge.publish([(FeedKind.VENUE, MARKET, VenueEntry(name="M", address="", type="market", division="140106"))])
    bridge.decide_many([(LIN, GREEN, 1), (ZHAO, RED, 1)])

    async def story():
        async with bridge.running():
            await bridge.until(state(ZHAO, RED))
            (bridge.data / "snapshots").mkdir(exist_ok=True)
            offer = table_made(
                bridge, [(LIN, RED, 1), (ZHAO, GREEN, 1)], valid_from=at, applied=dict(bridge.status().applied)
            )
            await asyncio.to_thread(offered, bridge, offer)
            await until(bridge, lambda: bridge.status().waiting_from == at and bridge.status().control_ms)
            await asyncio.to_thread(bridge.decide, 3, RED, 1)
            await bridge.until(state(3, RED))

    asyncio.run(story())


def test_with_control_database_and_updater_dead_every_worker_switches_at_midnight(bridge):
    at = midnight()
    announce(bridge, at)
    made, side = workers(bridge)
    before, after = later(0), later(HOUR + 60)
    assert [answers(world, before) for world in made] == [(GREEN, RED, "red 0", "policy-0")] * 2
    assert [answers(world, after) for world in made] == [(RED, GREEN, f"red {at}", f"policy-{at}")] * 2
    assert [world.record(3).state for world in made] == [RED, RED]
    side.close()


def test_a_single_decision_made_before_midnight_stands_in_both_files(bridge):
    announce(bridge, midnight())
    for name in (CURRENT, NEXT):
        table = TableFile(bridge.data / "edge" / name, region=REGION)
        assert table.read(3).state == RED
        table.abandon()


def test_an_updater_that_lives_renames_after_midnight_and_the_workers_follow(bridge, monkeypatch):
    at = midnight()
    announce(bridge, at)
    made, side = workers(bridge, 1)
    answers(made[0], later(0))
    side.close()
    monkeypatch.setattr("healthcode.edge.status.CLOCK_TOLERANCE_S", 2 * HOUR)

    async def story():
        async with bridge.running(clock=lambda: later(HOUR + 60)):
            await until(bridge, lambda: not (bridge.data / "edge" / NEXT).exists())

    asyncio.run(story())
    assert table_header(bridge.data / "edge" / CURRENT).valid_from == at
    again, side = workers(bridge, 1)
    assert answers(again[0], later(HOUR + 60))[:2] == (RED, GREEN)
    side.close()


def test_while_the_clocks_differ_over_midnight_the_worse_of_both_files_counts(bridge):
    announce(bridge, midnight())
    (world,), side = workers(bridge, 1)
    now = moment_now()
    assert answers(world, Moment(now.wall_s + HOUR + 60, now.boot_s))[:3] == (RED, RED, "red 0")
    side.close()


def test_a_table_for_at_once_takes_the_place_of_the_present_one(bridge):
    bridge.decide_many([(LIN, GREEN, 1)])

    async def story():
        async with bridge.running():
            await bridge.until(state(LIN, GREEN))
            (bridge.data / "snapshots").mkdir(exist_ok=True)
            offer = table_made(bridge, [(LIN, RED, 2), (ZHAO, RED, 2)])
            await asyncio.to_thread(offered, bridge, offer)
            await bridge.until(state(ZHAO, RED), seconds=20)
            await asyncio.to_thread(bridge.decide, LIN, GREEN, 3)
            await bridge.until(state(LIN, GREEN))

    asyncio.run(story())


WRONG = {
    "of another region": {"region": 150000},
    "with another digest": {"sha256": bytes(32)},
    "of another length": {"capacity": 65_537},
    "whose file is missing": {"name": "table-none.bin"},
}


@pytest.mark.parametrize("fault", [*WRONG, "signed by somebody else", "under another minute"])
def test_an_offer_that_is_wrong_is_refused_and_counted_and_never_applied(bridge, fault):
    bridge.decide_many([(LIN, GREEN, 1)])

    async def story():
        async with bridge.running():
            await bridge.until(state(LIN, GREEN))
            (bridge.data / "snapshots").mkdir(exist_ok=True)
            offer = table_made(bridge, [(LIN, RED, 9)])
            changed = TableOffer(
                **({name: getattr(offer, name) for name in offer.__struct_fields__} | WRONG.get(fault, {}))
            )
            signer = suite("intl").generate_signing_key() if fault.startswith("signed") else None
            await asyncio.to_thread(
                offered, bridge, changed, signer=signer, key=5 if fault.startswith("under") else None
            )
            await until(
                bridge, lambda: bridge.status().offers_refused == 1 and bridge.status().problem == "offer_refused"
            )

    asyncio.run(story())
    assert bridge.world().record(LIN).state == GREEN
    assert not list((bridge.data / "edge").glob("table-draft-*"))


def test_an_offer_taken_back_removes_the_waiting_table(bridge):
    at = midnight()
    announce(bridge, at)
    send(bridge, (int(FeedKind.TABLE), at, b""))

    async def story():
        async with bridge.running():
            await until(bridge, lambda: not (bridge.data / "edge" / NEXT).exists())

    asyncio.run(story())
    made, side = workers(bridge, 1)
    assert answers(made[0], later(HOUR + 60))[:2] == (GREEN, RED)
    side.close()
