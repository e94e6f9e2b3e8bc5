"""A decision committed in control reaches the gate: relay, updater and edge over a real PostgreSQL."""

import asyncio
import os
import time

import pytest

from healthcode.adapters.edge_files import moment_now
from healthcode.adapters.feed_postgres import PostgresFeed
from healthcode.adapters.snapshot_files import snapshots_list
from healthcode.adapters.table_files import CURRENT, TableFile
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.live import LiveClaim, live_mint, live_open
from healthcode.domain.time import day_of
from healthcode.wiring.relay import RelayProcess
from tests.edge_bridge import BULK, REGION, Bridge, eventually, state

LIN, ZHAO, GREEN, YELLOW, RED = 1, 2, 2, 3, 4


@pytest.fixture
def bridge(database, tmp_path):
    return Bridge(database, tmp_path)


def test_zhaos_determination_reaches_the_gate_within_a_second(bridge):
    """The best of three: others may be working on this machine."""

    async def story():
        took = []
        async with bridge.running():
            await bridge.until(lambda world: world.freshness.level == "fresh")
            for version, color in enumerate((RED, YELLOW, RED), start=1):
                await asyncio.to_thread(bridge.decide, ZHAO, color, version)
                took.append(await bridge.until(state(ZHAO, color)))
        return min(took)

    assert asyncio.run(story()) < 1.0


def test_the_edge_can_open_what_control_seals(bridge):
    now = int(time.time()) // 60
    control = EpochKeys.from_master(bridge.secrets.epoch_master, [day_of(now)])
    text = live_mint(control, LiveClaim(LIN, 1, now, "林*", 0), region=REGION)

    async def story():
        async with bridge.running():
            await bridge.until(lambda world: world.has_keys(now))

    asyncio.run(story())
    assert live_open(bridge.world().keys, text, region=REGION, now_s=now * 60).subject == LIN
    assert len(bridge.world().keys.ids) == 10


def test_a_single_decision_does_not_wait_behind_a_bulk(bridge):
    bridge.decide_many([(n, YELLOW, 1) for n in range(100, 6_100)], lane=BULK)

    async def story():
        async with bridge.running():
            await bridge.until(state(100, YELLOW))
            await asyncio.to_thread(bridge.decide, ZHAO, RED, 1)
            single = await bridge.until(state(ZHAO, RED))
            await bridge.until(state(6_099, YELLOW))
            return single

    assert asyncio.run(story()) < 1.5


def test_a_restarted_updater_goes_on_with_its_table(bridge):
    async def first():
        async with bridge.running():
            await asyncio.to_thread(bridge.decide, LIN, GREEN, 1)
            await bridge.until(state(LIN, GREEN))

    asyncio.run(first())
    table = bridge.status().table
    bridge.decide(LIN, YELLOW, 2)

    async def second():
        async with bridge.running():
            await bridge.until(state(LIN, YELLOW))

    asyncio.run(second())
    assert bridge.status().table == table


@pytest.mark.parametrize("damage", ["gone", "header", "another boot"])
def test_a_lost_or_damaged_table_is_built_again_from_snapshot_and_feed(bridge, damage):
    async def follow(wanted):
        async with bridge.running():
            await bridge.until(state(ZHAO, wanted))

    bridge.decide_many([(LIN, GREEN, 1), (ZHAO, GREEN, 1)])
    asyncio.run(follow(GREEN))
    bridge.snapshot()
    bridge.decide(ZHAO, RED, 2)
    before = bridge.status().table
    _damage(bridge.data / "edge" / CURRENT, damage)
    asyncio.run(follow(RED))
    assert bridge.world().record(LIN).state == GREEN
    assert bridge.status().table != before


def test_the_edge_follows_the_new_table_without_a_restart(bridge):
    async def story():
        async with bridge.running():
            await asyncio.to_thread(bridge.decide, LIN, GREEN, 1)
            await bridge.until(state(LIN, GREEN))
        world = bridge.world()
        _damage(bridge.data / "edge" / CURRENT, "another boot")
        bridge.decide(LIN, RED, 2)
        async with bridge.running():
            await bridge.until(state(LIN, RED))
        return world

    world = asyncio.run(story())
    world.refresh(moment_now())
    assert world.record(LIN).state == RED


def test_a_number_beyond_the_table_makes_it_grow(bridge):
    async def story():
        async with bridge.running():
            await asyncio.to_thread(bridge.decide, 200_000, GREEN, 1)
            await bridge.until(state(200_000, GREEN))

    asyncio.run(story())


def test_a_number_that_the_feed_lost_stops_freshness_until_a_snapshot_heals_it(bridge, monkeypatch):
    monkeypatch.setattr("healthcode.wiring.updater.GAP_ROUNDS", 3)
    bridge.decide(LIN, GREEN, 1)

    async def until_green():
        async with bridge.running():
            await bridge.until(state(LIN, GREEN))

    asyncio.run(until_green())
    bridge.decide_many([(ZHAO, RED, 1), (LIN, YELLOW, 2)])

    async def with_loss():
        stop = asyncio.Event()
        relay = asyncio.create_task(_relay_only(bridge, stop))
        await eventually(lambda: not bridge.unnumbered())
        stop.set()
        await relay
        with bridge.connect() as connection:
            connection.execute("DELETE FROM feed_log WHERE lane = 0 AND kind = 1 AND key = %s", [ZHAO])
        async with bridge.running():
            await bridge.until(lambda _: bridge.status().problem == "gap")
            assert bridge.world().record(LIN).state == GREEN
            await asyncio.to_thread(bridge.snapshot)
            await bridge.until(state(ZHAO, RED))
            await bridge.until(lambda world: world.freshness.level == "fresh" and not bridge.status().problem)

    asyncio.run(with_loss())


def test_without_a_database_the_updater_starts_and_the_data_say_their_age(bridge):
    bridge.decide(LIN, GREEN, 1)

    async def story():
        async with bridge.running():
            await bridge.until(lambda world: state(LIN, GREEN)(world) and world.freshness.level == "fresh")
        async with bridge.running(relay=False, source=PostgresFeed(lambda: "postgresql://edge:x@127.0.0.1:9/none")):
            await bridge.until(lambda _: bridge.status().problem == "database")
            return bridge.world()

    world = asyncio.run(story())
    assert world.record(LIN).state == GREEN
    assert world.freshness.age_s is not None


def test_a_snapshot_names_its_numbers_and_only_the_newest_few_stay(bridge):
    bridge.decide(LIN, GREEN, 1)
    for _ in range(5):
        bridge.snapshot()
        time.sleep(0.002)
    assert len(snapshots_list(bridge.data / "snapshots")) == 3


def test_a_snapshot_that_somebody_changed_is_not_used(bridge):
    bridge.decide(LIN, GREEN, 1)
    good = bridge.snapshot()
    forged = good.with_name("snapshot-99999999999999.hcs")
    data = bytearray(good.read_bytes())
    data[len(data) // 2] ^= 1
    forged.write_bytes(data)

    async def story():
        async with bridge.running(relay=False):
            await bridge.until(state(LIN, GREEN))

    asyncio.run(story())


async def _relay_only(bridge, stop):
    await RelayProcess(bridge.settings).run(stop)


def _damage(path, how):
    if how == "gone":
        path.unlink()
    elif how == "header":
        with path.open("r+b") as file:
            file.write(os.urandom(4096))
    else:
        table = TableFile(path, region=REGION)
        table.editor.mark(boot=b"x" * 16, clean=False)
        table.abandon()
