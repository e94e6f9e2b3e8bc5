"""The feed: order, gaps, lanes, freshness, heartbeats, crashes between two stores."""

import pytest

from healthcode.crypto.suites import suite
from healthcode.table.feed import (
    Applier,
    ColorsNote,
    FeedKind,
    FeedMessage,
    FeedRefused,
    GroundLine,
    GroundsNote,
    Heartbeat,
    HeartbeatError,
    PayloadError,
    VenueEntry,
    heartbeat_sign,
    heartbeat_verify,
    key_from_bytes,
    note_decode,
    note_encode,
)
from healthcode.table.file import TableEditor, table_format, table_size
from healthcode.table.freshness import ControlClock
from healthcode.table.record import UNKNOWN, Record, record_encode

SHANXI = 140000
GREEN, RED = 2, 4
LIN, ZHAO, MARKET = 5, 6, 77
KEY = suite("intl").generate_signing_key()
SECOND = 1_000
NOW = 1_765_000_000_000


class SideInMemory:
    """A side store that forgets nothing and can be told to die before or after storing."""

    def __init__(self):
        self.entries, self.marks, self.dies = {}, {}, None

    def get(self, kind, key):
        return self.entries.get((kind, key))

    def items(self, kind):
        return [(key, payload) for (of, key), payload in self.entries.items() if of == kind]

    def applied(self, lane):
        return self.marks.get(lane, 0)

    def apply(self, changes, applied):
        if self.dies == "before":
            raise KeyboardInterrupt
        self.entries |= {(kind, key): payload for kind, key, payload in changes}
        self.marks |= applied
        if self.dies == "after":
            raise KeyboardInterrupt


class Edge:
    """One host: a table, side files, and an applier that may be restarted."""

    def __init__(self, tables=1):
        self.buffers = [bytearray(table_size(100)) for _ in range(tables)]
        for data in self.buffers:
            table_format(data, region=SHANXI, capacity=100, file_id=bytes(16), boot=bytes(16))
        self.side = SideInMemory()
        self.restart()

    def restart(self, trusted=True):
        self.tables = [TableEditor(data, region=SHANXI) for data in self.buffers]
        self.applier = Applier(self.tables, self.side, region=SHANXI, public=KEY.public)
        if trusted:
            self.beat(0, {})
        return self

    def beat(self, at_s, last, *, clock_off_s=0):
        beat = Heartbeat(SHANXI, NOW + at_s * SECOND, last)
        self.applier.beat(heartbeat_sign(KEY, beat), now_ms=NOW + (at_s + clock_off_s) * SECOND)

    def health(self, at_s):
        return self.applier.health(NOW + at_s * SECOND)


@pytest.fixture
def edge():
    return Edge()


def record(seq, state, version, *, lane=0, subject=ZHAO):
    return FeedMessage(lane, seq, FeedKind.RECORD, subject, record_encode(Record(state, version=version)))


def grounds(seq, version, *, lane=0):
    line = GroundLine(key="contact", rule="contact", state=RED, since=1)
    return FeedMessage(lane, seq, FeedKind.GROUNDS, ZHAO, note_encode(GroundsNote(version=version, grounds=[line])))


def held_grounds(edge):
    return note_decode(edge.side.get(FeedKind.GROUNDS, ZHAO), GroundsNote).version


def test_zhao_turns_red_when_the_message_comes(edge):
    assert edge.applier.apply([record(1, RED, 1)]) == (1, (), 0)
    assert edge.tables[0].read(ZHAO) == Record(RED, version=1)
    assert edge.tables[0].header.applied == {0: 1, 1: 0}


def test_nothing_is_applied_before_a_heartbeat_proves_the_region(edge):
    edge.restart(trusted=False)
    with pytest.raises(FeedRefused):
        edge.applier.apply([record(1, RED, 1)])
    stranger = heartbeat_sign(KEY, Heartbeat(410000, NOW, {}))
    with pytest.raises(HeartbeatError, match="region 410000"):
        edge.applier.beat(stranger, now_ms=NOW)
    with pytest.raises(FeedRefused):
        edge.applier.apply([record(1, RED, 1)])


def test_a_gap_stops_the_lane_and_freshness_until_it_is_filled(edge):
    edge.beat(1, {0: 3, 1: 0})
    assert edge.applier.apply([record(1, GREEN, 1), record(3, RED, 3)]).gaps == (0,)
    assert (edge.applier.applied(0), edge.tables[0].read(ZHAO).state) == (1, GREEN)
    assert (edge.health(1).fresh, edge.health(1).gap, edge.health(1).behind) == (False, True, {0: 2, 1: 0})
    assert edge.applier.apply([record(3, RED, 3), record(2, GREEN, 2)]) == (2, (), 0)
    assert (edge.tables[0].read(ZHAO).state, edge.health(1).fresh) == (RED, True)


def test_repeated_messages_change_nothing(edge):
    edge.applier.apply([record(1, RED, 1)])
    assert edge.applier.apply([record(1, RED, 1)]) == (0, (), 0)


def test_a_late_bulk_lane_does_not_undo_a_single_decision(edge):
    edge.applier.apply([record(1, RED, 8), grounds(2, 8)])
    edge.applier.apply([record(1, GREEN, 7, lane=1), grounds(2, 7, lane=1)])
    assert edge.tables[0].read(ZHAO).state == RED
    assert held_grounds(edge) == 8


def test_both_tables_are_fed():
    edge = Edge(tables=2)
    edge.applier.apply([record(1, RED, 1)])
    assert [table.read(ZHAO).state for table in edge.tables] == [RED, RED]


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_kill_between_the_stores_ends_right(edge, dies):
    edge.side.dies = dies
    messages = [record(1, RED, 1), grounds(2, 1), record(3, GREEN, 2), grounds(4, 2)]
    with pytest.raises(KeyboardInterrupt):
        edge.applier.apply(messages)
    edge.side.dies = None
    edge.restart()
    assert edge.applier.applied(0) == 0
    edge.applier.apply(messages)
    assert (edge.tables[0].read(ZHAO), held_grounds(edge)) == (Record(GREEN, version=2), 2)
    assert (edge.side.applied(0), edge.tables[0].header.applied[0]) == (4, 4)


def test_a_kill_within_the_table_leaves_its_watermark_behind(edge, monkeypatch):
    def die(number, record):
        raise KeyboardInterrupt

    monkeypatch.setattr(edge.tables[0], "put", die)
    with pytest.raises(KeyboardInterrupt):
        edge.applier.apply([grounds(1, 1), record(2, RED, 1)])
    assert (edge.tables[0].header.applied[0], edge.side.applied(0)) == (0, 0)
    edge.restart().applier.apply([grounds(1, 1), record(2, RED, 1)])
    assert (edge.tables[0].read(ZHAO).state, held_grounds(edge)) == (RED, 1)


def test_what_the_side_files_hold_is_not_set_back_while_the_table_catches_up(edge):
    edge.side.marks = {0: 2, 1: 0}
    edge.side.entries = {(FeedKind.VENUE, MARKET): b"new"}
    edge.restart()
    old = FeedMessage(0, 1, FeedKind.VENUE, MARKET, b"old")
    assert edge.applier.apply([old]).taken == 1
    assert edge.side.get(FeedKind.VENUE, MARKET) == b"new"
    assert edge.side.applied(0) == 2


def test_entries_are_set_and_removed_in_order(edge):
    edge.applier.apply(
        [FeedMessage(0, 1, FeedKind.VENUE, MARKET, b"x"), FeedMessage(0, 2, FeedKind.VENUE, MARKET, b"")]
    )
    assert edge.side.get(FeedKind.VENUE, MARKET) is None


def test_a_message_that_is_not_whole_makes_its_subject_unknown(edge):
    edge.applier.apply([record(1, GREEN, 4)])
    broken = FeedMessage(0, 2, FeedKind.RECORD, ZHAO, b"\x99" * 32)
    assert edge.applier.apply([broken]).skipped == 1
    assert edge.tables[0].read(ZHAO) == UNKNOWN._replace(version=4)
    edge.applier.apply([record(1, GREEN, 5, lane=1)])  # decided before what was damaged, and late
    edge.restart().applier.apply([record(3, RED, 7)])
    assert edge.tables[0].read(ZHAO) == UNKNOWN._replace(version=4)
    assert edge.applier.torn == {0: 2}


def test_messages_of_later_releases_and_impossible_ones_are_passed_over(edge):
    odd = [
        FeedMessage(0, 1, 99, 1, b"x"),
        FeedMessage(0, 2, FeedKind.RECORD, -1, b"x"),
        FeedMessage(0, 3, FeedKind.GROUNDS, ZHAO, b"\xc1"),
        FeedMessage(7, 1, FeedKind.RECORD, ZHAO, b"x"),
    ]
    assert edge.applier.apply(odd) == (3, (), 3)
    assert edge.applier.applied(0) == 3


def test_freshness_is_the_time_of_a_heartbeat_that_was_reached(edge):
    edge.beat(10, {0: 1})
    assert edge.health(10).as_of_ms == NOW
    edge.applier.apply([record(1, RED, 1)])
    assert (edge.health(20).as_of_ms, edge.health(20).age_ms, edge.health(20).fresh) == (NOW + 10_000, 10_000, True)
    assert not edge.health(21).fresh


def test_an_edge_that_never_heard_control_is_not_fresh(edge):
    assert edge.restart(trusted=False).health(0)[:3] == (None, None, False)


def test_old_heartbeats_change_nothing(edge):
    edge.beat(10, {0: 0})
    edge.beat(5, {0: 0}, clock_off_s=100)
    assert (edge.health(10).clock_offset_ms, edge.health(10).as_of_ms) == (0, NOW + 10_000)


def test_a_fast_clock_is_noticed_by_the_second_heartbeat(edge):
    edge.beat(1, {}, clock_off_s=31)
    health = edge.health(32)
    assert (health.skewed, health.clock_offset_ms, health.age_ms) == (True, 31_000, 0)
    assert health.trusted_minute(NOW + 32_000) == (NOW + 1_000) // 60_000


def test_the_first_heartbeat_tells_nothing_about_the_clock(edge):
    edge.restart(trusted=False)
    edge.beat(0, {}, clock_off_s=7200)  # control died two hours ago; the row is still there
    assert (edge.health(7200).skewed, edge.health(7200).trusted_minute(NOW)) == (False, None)


def test_a_feed_set_back_by_a_restore_is_noticed(edge):
    edge.applier.apply([record(1, RED, 1), record(2, RED, 2)])
    edge.beat(1, {0: 2})
    edge.beat(2, {0: 1})
    assert (edge.health(2).rewound, edge.health(2).fresh) == (True, False)


def test_a_heartbeat_older_than_what_was_fetched_is_no_rewind(edge):
    edge.beat(1, {0: 0})
    edge.applier.apply([record(1, RED, 1)])
    edge.beat(2, {0: 0})
    assert not edge.health(2).rewound


@pytest.mark.parametrize("name", ["intl", "gm"])
def test_a_heartbeat_is_whole_signed_and_of_its_region(name):
    key = suite(name).generate_signing_key()
    beat = Heartbeat(SHANXI, NOW, {0: 7, 1: 9})
    data = heartbeat_sign(key, beat)
    assert heartbeat_verify(key.public, data, region=SHANXI) == beat
    for other in (b"", data[:-1], b"\x02" + data[1:], data[:9] + b"\x07" + data[10:], data[:1] + b"\x03" + data[2:]):
        with pytest.raises(HeartbeatError):
            heartbeat_verify(key.public, other, region=SHANXI)


def test_a_signed_heartbeat_that_miscounts_its_lanes_is_refused():
    body = heartbeat_sign(KEY, Heartbeat(SHANXI, NOW, {}))[:14] + b"\x05"
    with pytest.raises(HeartbeatError, match="lanes"):
        heartbeat_verify(KEY.public, body + KEY.sign(b"healthcode/heartbeat/1" + body), region=SHANXI)


def test_payloads_are_read_by_releases_that_know_less_or_more():
    venue = VenueEntry(name="晋源早市", address="晋源区", type="market", division="140110", checkpoints={1: "南门"})
    assert note_decode(note_encode(venue), VenueEntry) == venue
    for payload in (b"", b"\xc1", note_encode(GroundsNote(version=1))):
        with pytest.raises(PayloadError):
            note_decode(payload, ColorsNote)


def test_keys_are_made_of_eight_bytes():
    assert key_from_bytes(b"\xff" * 8 + b"rest") == -1


def heard(*delays_ms, kept=()):
    """A control clock that hears heartbeats, one a second, each so late."""
    clock = ControlClock(*kept)
    for second, delay_ms in enumerate(delays_ms):
        clock.hear(NOW + second * SECOND, second * SECOND + delay_ms)
    return clock


def test_of_the_last_heartbeats_the_quickest_tells_controls_time():
    assert heard(300, 20, 12_000, 400).quickest() == (NOW + SECOND, SECOND + 20)


def test_a_relay_that_froze_makes_no_data_look_younger():
    control_ms, boot_ms = heard(20, 30, 9_000).quickest()
    assert control_ms + (60 * SECOND - boot_ms) == NOW + 60 * SECOND - 20


def test_after_half_a_minute_of_slow_heartbeats_that_is_how_they_come():
    assert heard(5, *[200] * 29).quickest() == (NOW, 5)
    assert heard(5, *[200] * 30).quickest() == (NOW + SECOND, SECOND + 200)


def test_the_same_heartbeat_heard_again_tells_nothing_new():
    clock = heard(20)
    for again in range(60):
        clock.hear(NOW, again * SECOND)
    clock.hear(NOW + SECOND, SECOND + 900)
    assert clock.quickest() == (NOW, 20)


def test_what_an_earlier_updater_heard_counts_among_the_others():
    assert heard(700, kept=[(NOW - SECOND, 10 - SECOND)]).quickest() == (NOW - SECOND, 10 - SECOND)
    assert ControlClock().quickest() == (0, 0)
