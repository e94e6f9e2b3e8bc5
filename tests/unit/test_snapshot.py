"""Snapshots prove themselves: region, wholeness, sender."""

import io

import pytest

from healthcode.crypto.suites import suite
from healthcode.table.messages import FeedKind, SideChange
from healthcode.table.record import Record, record_encode
from healthcode.table.snapshot import RecordRun, SnapshotError, SnapshotHead, SnapshotReader, snapshot_write

SHANXI = 140000
KEY = suite("intl").generate_signing_key()
HEAD = SnapshotHead(region=SHANXI, applied={0: 7, 1: 9}, made_ms=1, capacity=10_000)
RECORDS = [(number, record_encode(Record(2, version=number))) for number in range(1, 9_000)]
SIDES = [(FeedKind.VENUE, -5, b"market"), (FeedKind.COLORS, 0, b"colors")]
WHOLE = b"".join(snapshot_write(HEAD, RECORDS, SIDES, key=KEY))


def read(data, *, region=SHANXI, public=KEY.public):
    reader = SnapshotReader(io.BytesIO(data).read, region=region, public=public)
    return reader, list(reader)


def test_what_was_written_is_read():
    reader, parts = read(WHOLE)
    assert (reader.head, reader.applied) == (HEAD, {0: 7, 1: 9})
    records = [entry for part in parts if isinstance(part, RecordRun) for entry in part.records]
    assert records == RECORDS
    assert [part for part in parts if isinstance(part, SideChange)] == [SideChange(*side) for side in SIDES]


def test_an_empty_province_is_a_snapshot_too():
    assert read(b"".join(snapshot_write(HEAD, [], [], key=KEY)))[1] == []


@pytest.mark.parametrize("length", [0, 4, 30, len(WHOLE) // 2, len(WHOLE) - 200, len(WHOLE) - 1])
def test_a_snapshot_cut_short_is_none(length):
    with pytest.raises(SnapshotError):
        read(WHOLE[:length])


@pytest.mark.parametrize("at", range(0, len(WHOLE), 6_007))
def test_an_altered_snapshot_is_none(at):
    data = bytearray(WHOLE)
    data[at] ^= 1
    with pytest.raises(SnapshotError):
        read(bytes(data))


def test_frames_left_out_are_noticed():
    frames = list(snapshot_write(HEAD, RECORDS, SIDES, key=KEY))
    with pytest.raises(SnapshotError, match="tail"):
        read(b"".join([*frames[:2], *frames[3:]]))


def test_another_region_or_sender_is_refused():
    with pytest.raises(SnapshotError, match="region 140000"):
        read(WHOLE, region=410000)
    with pytest.raises(SnapshotError, match="signed"):
        read(WHOLE, public=suite("intl").generate_signing_key().public)


def test_a_snapshot_of_a_later_format_asks_for_an_update():
    with pytest.raises(SnapshotError, match="update"):
        read(b"HCSNAP2\n" + WHOLE[8:])
    later = SnapshotHead(region=SHANXI, applied={}, made_ms=1, capacity=1, format=2)
    with pytest.raises(SnapshotError, match="head"):
        read(b"".join(snapshot_write(later, [], [], key=KEY)))
