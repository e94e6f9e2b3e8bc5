"""The promises of side files, for each implementation."""

import subprocess
import sys

import pytest

from healthcode.adapters.side_store_lmdb import SideStoreLmdb
from healthcode.table.messages import FeedKind, SideChange

MARKET, CLINIC = 77, -3


@pytest.fixture
def path(tmp_path):
    return tmp_path / "edge" / "side.lmdb"


@pytest.fixture
def store(path):
    store = SideStoreLmdb(path, writer=True, map_bytes=1 << 26)
    yield store
    store.close()


def test_entries_are_kept_by_kind_and_key(store):
    store.apply([SideChange(FeedKind.VENUE, MARKET, b"market"), SideChange(FeedKind.COLORS, MARKET, b"red")], {0: 2})
    assert store.get(FeedKind.VENUE, MARKET) == b"market"
    assert store.get(FeedKind.COLORS, MARKET) == b"red"
    assert store.get(FeedKind.VENUE, CLINIC) is None


def test_changes_apply_in_order(store):
    changes = [(FeedKind.VENUE, MARKET, b"a"), (FeedKind.VENUE, MARKET, None), (FeedKind.VENUE, MARKET, b"b")]
    store.apply([SideChange(*change) for change in changes], {})
    assert store.get(FeedKind.VENUE, MARKET) == b"b"
    store.apply([SideChange(FeedKind.VENUE, MARKET, None)] * 2, {})
    assert store.get(FeedKind.VENUE, MARKET) is None


def test_items_come_by_ascending_key_with_negative_ones_first(store):
    store.apply([SideChange(FeedKind.VENUE, key, b"v") for key in (MARKET, CLINIC, -(1 << 63), (1 << 63) - 1)], {})
    assert [key for key, _ in store.items(FeedKind.VENUE)] == [-(1 << 63), CLINIC, MARKET, (1 << 63) - 1]
    assert list(store.items(FeedKind.RECALL)) == []


def test_watermarks_move_with_the_entries(store):
    assert store.applied(0) == 0
    store.apply([], {0: 5, 1: 1 << 40})
    assert (store.applied(0), store.applied(1)) == (5, 1 << 40)


def test_a_failing_change_leaves_nothing_of_its_batch(store):
    with pytest.raises(KeyError):
        store.apply([SideChange(FeedKind.VENUE, MARKET, b"a"), SideChange(99, 1, b"b")], {0: 9})
    assert (store.get(FeedKind.VENUE, MARKET), store.applied(0)) == (None, 0)


def test_clearing_removes_everything(store):
    store.apply([SideChange(FeedKind.VENUE, MARKET, b"a")], {0: 9})
    store.clear()
    assert (store.get(FeedKind.VENUE, MARKET), store.applied(0)) == (None, 0)


def test_what_was_stored_outlives_the_process_and_is_seen_by_readers(store, path):
    store.apply([SideChange(FeedKind.VENUE, MARKET, b"market")], {0: 1})
    code = (
        "import sys; from pathlib import Path; from healthcode.adapters.side_store_lmdb import SideStoreLmdb; "
        "print(SideStoreLmdb(Path(sys.argv[1])).get(3, 77))"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "b'market'"


def test_a_reader_before_any_writer_is_told_so(path):
    with pytest.raises(FileNotFoundError, match="updater"):
        SideStoreLmdb(path)


def test_a_reader_of_a_file_only_just_begun_is_told_so(path):
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="again"):
        SideStoreLmdb(path)
