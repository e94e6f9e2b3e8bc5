"""An edge makes its own key; an operator enrols it and strikes it off; no check is lost on the way."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from healthcode.adapters.edge_files import identity_name, identity_open
from healthcode.codes.epoch import CUT_NOTICE, EpochKeys, epoch_cut
from healthcode.codes.errors import Forged
from healthcode.codes.live import LiveClaim, live_mint, live_open
from healthcode.crypto.sealed_box import box_keypair
from healthcode.domain.time import day_of, day_start, instant_of
from healthcode.table.feed import EpochNote, FeedKind, note_decode
from tests.edge_bridge import REGION, Bridge

PRIVATE, PUBLIC = box_keypair()
DAY = 20_000
NOON = instant_of(day_start(DAY) + 720)
LIN = LiveClaim(1, 1, 0, "林*", 0)


def enrol(public=PUBLIC, now=NOON):
    from healthcode.control.bridge.edges import edge_enrol_by_operator

    return edge_enrol_by_operator(public.hex(), now=now)


def strike(host, now=NOON):
    from healthcode.control.bridge.edges import edge_strike_by_operator

    return edge_strike_by_operator(host, now=now)


def refused(call):
    from healthcode.control.problems import Problem

    with pytest.raises(Problem) as refusal:
        call()
    return refusal.value.code


def keys(world, *days):
    from healthcode.control.bridge.edges import epoch_keys

    with world.system():
        return epoch_keys(days)


def test_a_host_is_enrolled_once_by_its_own_key_and_both_acts_are_audited(world):
    host = enrol()
    assert (host, enrol()) == (identity_name(PRIVATE), host)
    strike(host)
    names = [name for (name,) in world.superuser("SELECT name FROM audit_event WHERE reference = %s", [f"edge:{host}"])]
    assert names == ["system:edge:enrolled", "operator:edge:struck_off"]


def test_a_host_struck_off_stays_off(world):
    host = enrol()
    strike(host)
    assert refused(enrol) == "edge_struck_off"
    assert refused(lambda: strike(host)) == "edge_unknown"
    assert refused(lambda: enrol(b"short")) == "edge_key"


def test_the_keys_that_a_stolen_edge_has_ahead_open_nothing_after_its_epoch(world):
    stolen = keys(world, DAY, DAY + 1, DAY + 2)
    assert strike(enrol()) == DAY + 1
    minute = day_start(DAY + 1) + 5
    text = live_mint(stolen, LIN._replace(minute=minute), region=REGION)
    with pytest.raises(Forged):
        live_open(keys(world, DAY + 1), text, region=REGION, now_s=minute * 60)


def test_codes_of_the_day_itself_go_on_so_that_no_check_is_lost(world):
    minute = day_start(DAY) + 750
    text = live_mint(keys(world, DAY), LIN._replace(minute=minute), region=REGION)
    strike(enrol())
    assert live_open(keys(world, DAY), text, region=REGION, now_s=minute * 60).subject == 1


def test_struck_off_shortly_before_midnight_the_cut_waits_a_day_for_codes_on_the_way(world):
    late = instant_of(day_start(DAY + 1) - CUT_NOTICE + 1)
    before = keys(world, DAY + 1)
    assert strike(enrol(), now=late) == DAY + 2
    assert keys(world, DAY + 1).same([before.get(DAY + 1)], suite_name="intl")


def test_a_cut_counts_each_edge_struck_off_well_before_the_day():
    midnight = day_start(DAY)
    assert [epoch_cut(DAY, [midnight - CUT_NOTICE + late]) for late in (-1, 0, 1)] == [1, 1, 0]
    assert epoch_cut(DAY, [midnight - 500, midnight - 600, midnight + 5]) == 2


def published(bridge):
    with bridge.connect() as connection:
        rows = connection.execute("SELECT key, payload FROM bridge_published WHERE kind = %s", [int(FeedKind.EPOCHS)])
        return {int(key): note_decode(bytes(payload), EpochNote) for key, payload in rows}


def test_the_relay_gives_new_cuts_to_the_others_and_nothing_to_the_one_struck_off(database, tmp_path):
    bridge, now = Bridge(database, tmp_path), datetime.now(UTC)
    today, struck_at = day_of(int(time.time()) // 60), now - timedelta(days=1)
    with bridge.connect() as connection:
        sql = "INSERT INTO bridge_edge (id, public_key, enrolled_at, struck_at) VALUES (%s, %s, now(), %s)"
        connection.execute(sql, ["stolen", PUBLIC, struck_at])

    async def story():
        async with bridge.running():
            await bridge.until(lambda seen: seen.has_keys(int(time.time()) // 60))

    asyncio.run(story())
    ours = identity_name(identity_open(bridge.data / "edge"))
    notes = published(bridge)
    assert {name for note in notes.values() for name in note.sealed} == {ours}
    assert (notes[(today + 2) % 65536].cut, notes[(today - 3) % 65536].cut) == (1, 0)
    cut = EpochKeys.from_master(bridge.secrets.epoch_master, [today + 2], struck=[int(struck_at.timestamp()) // 60])
    assert bridge.world().keys.get((today + 2) % 65536) == cut.get((today + 2) % 65536)
