"""Laws of the table and the feed: whatever happens on the way, a record ends right or unknown, never a wrong green."""

from binascii import crc_hqx

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from healthcode.crypto.suites import suite
from healthcode.table.feed import (
    Applier,
    FeedKind,
    FeedMessage,
    GroundsNote,
    Heartbeat,
    HeartbeatError,
    heartbeat_sign,
    note_decode,
    note_encode,
)
from healthcode.table.file import TableEditor, table_format, table_size
from healthcode.table.header import HEADER_BYTES
from healthcode.table.record import (
    LAST_MINUTE,
    ORIGIN,
    UNKNOWN,
    Record,
    RecordError,
    Transition,
    record_decode,
    record_effective,
    record_encode,
)
from healthcode.table.timeline import record_build, timeline_cut

SHANXI = 140000
KEY = suite("intl").generate_signing_key()
COLORS = st.sampled_from([2, 3, 4])
NOTICES = st.sampled_from([0, 1, 2, 3])
MINUTES = st.integers(ORIGIN + 1, LAST_MINUTE)
SMALL = st.integers(ORIGIN + 1, ORIGIN + 40)


def severity(state):
    return state - 1 if state in {2, 3, 4} else -1


def ascending(minutes, longest, shortest=0):
    chosen = st.lists(minutes, min_size=shortest, max_size=longest, unique=True).map(sorted)
    return chosen.flatmap(lambda at: st.tuples(*(st.builds(Transition, st.just(m), COLORS, NOTICES) for m in at)))


RECORDS = st.builds(
    Record,
    state=st.integers(0, 15),
    doses=st.integers(0, 15),
    notices=st.integers(0, 65535),
    generation=st.integers(0, 65535),
    last_negative=st.none() | MINUTES,
    version=st.integers(0, (1 << 32) - 1),
    transitions=ascending(MINUTES, 3),
)


@given(RECORDS)
def test_a_record_is_read_as_written(record):
    assert record_decode(record_encode(record)) == record


def with_crc(body):
    return body + crc_hqx(body, 0).to_bytes(2, "little")


SPARSE = st.lists(st.sampled_from([0, 0, 0, 1, 2, 255]), min_size=30, max_size=30).map(bytes)


@settings(max_examples=500)
@given((st.binary(min_size=30, max_size=30) | SPARSE).map(with_crc))
def test_bytes_that_decode_are_the_one_form_of_their_record(data):
    try:
        record = record_decode(data)
    except RecordError:
        return
    assert record_encode(record) == data


def truth(timeline, minute):
    return [step for step in timeline if step.minute <= minute][-1]


@settings(max_examples=300)
@given(ascending(SMALL, 9, 1))
def test_a_cut_timeline_is_never_greener_and_hides_no_notice_that_its_color_owes(timeline):
    built = record_build(timeline, version=1, generation=0, severity=severity)
    cut = timeline_cut(timeline, severity=severity)
    for minute in range(timeline[0].minute, ORIGIN + 42):
        state, notices = record_effective(built, minute, severity=severity)
        true = truth(timeline, minute)
        assert severity(state) >= severity(true.state)
        if cut.exact_until is None or minute < cut.exact_until:
            assert (state, notices) == (true.state, true.notices)


@given(ascending(SMALL, 3), COLORS, SMALL, SMALL)
def test_a_wrong_clock_is_never_better_than_the_truth_by_either_clock(transitions, state, now, trusted):
    record = Record(state, version=1, transitions=transitions)
    seen = record_effective(record, now, severity=severity, skew="withhold_improving", trusted=trusted)
    blind = record_effective(record, now, severity=severity, skew="withhold_improving")
    for clock in range(min(now, trusted), max(now, trusted) + 1):
        true = record_effective(record, clock, severity=severity)
        assert severity(seen[0]) >= severity(true[0])
    assert severity(blind[0]) >= severity(record_effective(record, now, severity=severity)[0])


class Died(Exception):
    """The updater was killed here."""


class SideInMemory:
    """Side files: all of a batch or nothing, watermarks included."""

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
            raise Died
        for kind, key, payload in changes:
            self.entries[kind, key] = payload
        self.marks |= applied
        if self.dies == "after":
            raise Died


class FeedMachine(RuleBasedStateMachine):
    """Control publishes versions of four subjects into two lanes; the edge gets them in any shape and dies at will."""

    @initialize()
    def begin(self):
        self.log = {0: [], 1: []}
        self.versions = dict.fromkeys(range(1, 5), 0)
        self.history = {subject: {0: UNKNOWN} for subject in self.versions}
        self.buffer = bytearray(table_size(8))
        table_format(self.buffer, region=SHANXI, capacity=8, file_id=bytes(16), boot=bytes(16))
        self.side, self.clock, self.damaged = SideInMemory(), 0, set()
        self.restart()

    @rule()
    def restart(self):
        self.table = TableEditor(self.buffer, region=SHANXI)
        self.applier = Applier([self.table], self.side, region=SHANXI, public=KEY.public)
        self.beat()

    @rule(subject=st.integers(1, 4), lane=st.sampled_from([0, 1]), state=COLORS)
    def decide(self, subject, lane, state):
        self.versions[subject] += 1
        version = self.versions[subject]
        record = Record(state, version=version)
        self.history[subject][version] = record
        log = self.log[lane]
        log.append(FeedMessage(lane, len(log) + 1, FeedKind.RECORD, subject, record_encode(record)))
        note = note_encode(GroundsNote(version=version))
        log.append(FeedMessage(lane, len(log) + 1, FeedKind.GROUNDS, subject, note))

    @rule(subject=st.integers(1, 4), lane=st.sampled_from([0, 1]), at=st.integers(0, 31), bit=st.integers(0, 7))
    def torn(self, subject, lane, at, bit):
        """The message of a decision was damaged before it was stored: whatever it said, the edge does not know."""
        self.decide(subject, lane, 2)
        message = self.log[lane][-2]
        payload = bytearray(message.payload)
        payload[at] ^= 1 << bit
        self.log[lane][-2] = message._replace(payload=bytes(payload[: 32 - at % 2]))
        self.damaged.add((subject, self.versions[subject]))

    @rule(back=st.integers(0, 6))
    def rebuild(self, back):
        """A new table from a snapshot: records of now, at feed numbers that may lie a little behind them."""
        self.buffer = bytearray(table_size(8))
        applied = {lane: max(0, len(log) - back) for lane, log in self.log.items()}
        table_format(self.buffer, region=SHANXI, capacity=8, file_id=bytes(16), boot=bytes(16))
        table = TableEditor(self.buffer, region=SHANXI)
        for subject, version in self.versions.items():
            table.put(subject, record_encode(self.history[subject][version]))
            if version:
                self.side.entries[FeedKind.GROUNDS, subject] = note_encode(GroundsNote(version=version))
        table.mark(applied=applied)
        self.side.marks = dict(applied)
        self.side.entries = {at: payload for at, payload in self.side.entries.items() if at[0] != FeedKind.RECORD}
        self.restart()

    @rule(at=st.integers(0, 200), bit=st.integers(0, 7), region=st.sampled_from([SHANXI, 410000]))
    def forged_beat(self, at, bit, region):
        """A heartbeat that is not control's, or of another region, is refused; an old one changes nothing."""
        beat = bytearray(heartbeat_sign(KEY, Heartbeat(region, self.clock + 9000, {0: 0, 1: 0})))
        if region == SHANXI:
            beat[at % len(beat)] ^= 1 << bit
        before = self.applier.health(self.clock)
        with pytest.raises(HeartbeatError):
            self.applier.beat(bytes(beat), now_ms=self.clock)
        self.applier.beat(heartbeat_sign(KEY, Heartbeat(SHANXI, self.clock - 500, {})), now_ms=self.clock)
        assert self.applier.health(self.clock) == before

    @rule(data=st.data(), dies=st.sampled_from([None, None, None, "before", "after"]))
    def deliver(self, data, dies):
        everything = self.log[0] + self.log[1]
        if not everything:
            return
        drawn = data.draw(st.lists(st.sampled_from(everything), max_size=12))
        start = data.draw(st.integers(0, len(everything)))
        batch = data.draw(st.permutations(drawn + everything[start : start + 4]))
        self.side.dies = dies
        try:
            self.applier.apply(batch)
        except Died:
            self.side.dies = None
            self.restart()
        self.side.dies = None

    @rule()
    def beat(self):
        self.clock += 1000
        beat = Heartbeat(SHANXI, self.clock, {lane: len(log) for lane, log in self.log.items()})
        self.applier.beat(heartbeat_sign(KEY, beat), now_ms=self.clock)

    @rule(subject=st.integers(1, 4), at=st.integers(0, 29), bit=st.integers(0, 7))
    def rot(self, subject, at, bit):
        """A bit of a stored record flips, is met by a reader, and the record comes again from a snapshot."""
        place = HEADER_BYTES + subject * 32
        whole = bytes(self.buffer[place : place + 32])
        self.buffer[place + at] ^= 1 << bit
        assert self.table.read(subject) == UNKNOWN
        self.buffer[place : place + 32] = whole

    @invariant()
    def every_record_is_one_that_control_decided(self):
        for subject in getattr(self, "versions", {}):
            record = self.table.read(subject)
            assert self.history[subject].get(record.version) == record or self.blank(subject, record)
            for lane in (0, 1):
                for message in self.log[lane][: self.applier.applied(lane)]:
                    if message.key == subject and message.kind == FeedKind.RECORD and self.whole(message):
                        assert record.version >= record_decode(message.payload).version or self.lost(subject, record)

    def blank(self, subject, record):
        """Whether it says unknown, as it may while a damaged message of this subject is being taken."""
        return record == UNKNOWN._replace(version=record.version) and any(who == subject for who, _ in self.damaged)

    def lost(self, subject, record):
        """Whether it says unknown and the edge remembers why: no later message puts that right, a snapshot does."""
        return self.blank(subject, record) and (FeedKind.RECORD, subject) in self.side.entries

    def whole(self, message):
        return (message.key, self.version_of(message)) not in self.damaged

    def version_of(self, message):
        """The version that a record's message was decided as: that of the grounds sent behind it."""
        return note_decode(self.log[message.lane][message.seq].payload, GroundsNote).version

    @invariant()
    def fresh_means_right(self):
        if not hasattr(self, "log"):
            return
        if self.applier.health(self.clock).as_of_ms == self.clock:
            self.beat_matches()

    def beat_matches(self):
        announced = {lane: len(log) for lane, log in self.log.items()}
        if all(self.applier.applied(lane) == at for lane, at in announced.items()):
            for subject, version in self.versions.items():
                record = self.table.read(subject)
                assert record == self.history[subject][version] or self.lost(subject, record)

    def teardown(self):
        """In the end everything is fetched once in order, and every record and note is the last one decided."""
        if not hasattr(self, "log"):
            return
        for lane in (0, 1):
            self.applier.apply(self.log[lane])
        self.beat()
        self.fresh_means_right()
        assert self.applier.health(self.clock).fresh
        for subject, version in self.versions.items():
            record = self.table.read(subject)
            assert record == self.history[subject][version] or self.lost(subject, record)
            held = self.side.get(FeedKind.GROUNDS, subject)
            assert version == 0 or note_decode(held, GroundsNote).version == version


TestFeed = FeedMachine.TestCase
TestFeed.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
