"""Table files: views beside one editor, crashes, growth and replacement."""

import mmap
import subprocess
import sys
from binascii import crc32
from contextlib import ExitStack

import pytest

from healthcode.adapters import table_files
from healthcode.adapters.table_files import CURRENT, TableFile, TableReader, table_header
from healthcode.table.file import TableEditor, TableView, table_format, table_size
from healthcode.table.header import HEADER_BYTES, SLOT_BYTES, TableError, header_place
from healthcode.table.record import UNKNOWN, Record, RecordError, record_encode

SHANXI = 140000
GREEN, RED = 2, 4
LIN, ZHAO = 5, 6
BOOT = bytes([1]) * 16


@pytest.fixture
def buffer():
    data = bytearray(table_size(100))
    table_format(data, region=SHANXI, capacity=100, file_id=bytes(16), boot=BOOT, applied={0: 3, 1: 4})
    return data


def record(state, version):
    return record_encode(Record(state, version=version))


def test_a_view_sees_what_the_editor_writes(buffer):
    view, editor = TableView(buffer, region=SHANXI), TableEditor(buffer, region=SHANXI)
    assert view.read(LIN) == UNKNOWN
    assert editor.apply(LIN, record(GREEN, 1))
    assert view.read(LIN) == Record(GREEN, version=1)


def test_an_older_version_changes_nothing(buffer):
    editor = TableEditor(buffer, region=SHANXI)
    editor.apply(ZHAO, record(RED, 2))
    assert not editor.apply(ZHAO, record(GREEN, 1))
    assert not editor.apply(ZHAO, record(GREEN, 2))
    assert not editor.apply(ZHAO, record(GREEN, 0))
    assert editor.read(ZHAO).state == RED


def test_a_damaged_record_reads_unknown_until_it_comes_again(buffer):
    editor = TableEditor(buffer, region=SHANXI)
    editor.apply(ZHAO, record(RED, 2))
    buffer[HEADER_BYTES + ZHAO * 32] ^= 1
    assert editor.read(ZHAO) == UNKNOWN
    assert editor.damaged([LIN, ZHAO]) == [ZHAO]
    assert editor.apply(ZHAO, record(RED, 2))
    assert editor.read(ZHAO).state == RED


class TornOnce:
    """A buffer whose first look at one record catches it half written."""

    def __init__(self, data):
        self.data, self.looks = memoryview(data), 0

    def __getitem__(self, place):
        self.looks += 1
        return b"\x99" * 32 if self.looks == 1 else self.data[place]


def test_a_record_caught_while_being_written_is_read_again(buffer):
    view = TableEditor(buffer, region=SHANXI)
    view.apply(ZHAO, record(RED, 2))
    view._buffer = TornOnce(buffer)
    assert view.read(ZHAO).state == RED
    assert view._buffer.looks == 2


@pytest.mark.parametrize("number", [-1, 100, 1 << 40])
def test_numbers_outside_the_table_are_unknown_and_not_written(buffer, number):
    editor = TableEditor(buffer, region=SHANXI)
    assert editor.read(number) == UNKNOWN
    with pytest.raises(TableError, match="grow"):
        editor.apply(number, record(GREEN, 1))


def test_bytes_that_are_no_record_are_not_written(buffer):
    with pytest.raises(RecordError):
        TableEditor(buffer, region=SHANXI).apply(LIN, b"\x99" * 32)


def test_another_regions_table_is_refused(buffer):
    with pytest.raises(TableError, match="region 140000"):
        TableView(buffer, region=410000)


def test_a_kill_within_a_header_write_leaves_the_other_copy(buffer):
    editor = TableEditor(buffer, region=SHANXI)
    editor.mark(applied={0: 10})
    at = header_place(editor.header.serial)
    buffer[at : at + 20] = bytes(20)
    assert editor.header.applied == {0: 3, 1: 4}


def test_a_file_that_is_no_table_or_of_a_later_format_is_refused(buffer):
    with pytest.raises(TableError, match="no color table"):
        TableView(bytearray(table_size(1)), region=SHANXI)
    with pytest.raises(TableError, match="longer"):
        TableView(buffer[: table_size(99)], region=SHANXI)
    later = bytearray(buffer)
    for slot in (0, SLOT_BYTES):
        body = memoryview(later)[slot : slot + 88]
        body[8:10] = b"\x02\x00"
        body[84:88] = crc32(body[:84]).to_bytes(4, "little")
    with pytest.raises(TableError, match="update needed"):
        TableView(later, region=SHANXI)


@pytest.fixture
def opened():
    """Opens tables and lets go of them when the test is over, as a killed process would."""
    with ExitStack() as stack:

        def keep(table):
            stack.callback(table.abandon)
            return table

        yield keep


@pytest.fixture
def made(opened):
    return lambda path, **kwargs: opened(TableFile.create(path, region=SHANXI, capacity=10, **kwargs))


def test_a_file_is_kept_and_grown(made, tmp_path):
    with made(tmp_path / CURRENT) as table:
        table.claim()
        reader = TableReader(tmp_path / CURRENT, region=SHANXI)
        table.apply(LIN, record(GREEN, 1))
        table.apply(70_000, record(RED, 1))
        assert (reader.read(LIN).state, reader.read(70_000)) == (GREEN, UNKNOWN)
        assert reader.follow()
        assert reader.read(70_000).state == RED
        assert not reader.follow()
    header = table_header(tmp_path / CURRENT)
    assert (header.clean, header.capacity) == (True, 131_072)


def test_readers_follow_a_replacement(made, tmp_path):
    old = made(tmp_path / CURRENT)
    reader = TableReader(tmp_path / CURRENT, region=SHANXI)
    new = made(tmp_path / "new.bin", applied={0: 9})
    new.put(LIN, record(RED, 5))
    new.replace(tmp_path / CURRENT)
    assert old.header.superseded
    assert reader.follow()
    assert (reader.read(LIN).state, reader.view.header.applied[0]) == (RED, 9)


def test_readers_follow_also_when_the_updater_died_before_marking_the_old_file(made, tmp_path):
    made(tmp_path / CURRENT)
    reader = TableReader(tmp_path / CURRENT, region=SHANXI)
    made(tmp_path / "new.bin").path.rename(tmp_path / CURRENT)
    assert reader.follow()


def test_readers_keep_the_old_file_while_the_new_one_cannot_be_read(made, tmp_path):
    table = made(tmp_path / CURRENT)
    reader = TableReader(tmp_path / CURRENT, region=SHANXI)
    table.editor.mark(superseded=True)
    (tmp_path / CURRENT).unlink()
    assert not reader.follow()
    assert reader.read(LIN) == UNKNOWN


def test_after_a_kill_a_table_is_trusted_and_after_a_power_cut_not(made, opened, tmp_path, monkeypatch):
    table = made(tmp_path / CURRENT)
    table.claim()
    table.abandon()
    assert opened(TableFile(tmp_path / CURRENT, region=SHANXI)).trustworthy  # the kernel kept every write
    monkeypatch.setattr(table_files, "boot_id", lambda: b"another boot")
    rebooted = opened(TableFile(tmp_path / CURRENT, region=SHANXI))
    assert not rebooted.trustworthy
    with pytest.raises(TableError, match="snapshot"):
        rebooted.claim()


def test_a_table_closed_in_order_survives_a_reboot(made, opened, tmp_path, monkeypatch):
    made(tmp_path / CURRENT).close()
    monkeypatch.setattr(table_files, "boot_id", lambda: b"another boot")
    assert opened(TableFile(tmp_path / CURRENT, region=SHANXI)).trustworthy


def test_creating_replaces_nothing(made, tmp_path):
    made(tmp_path / CURRENT)
    with pytest.raises(FileExistsError):
        made(tmp_path / CURRENT)


def test_a_mapped_file_can_be_viewed_read_only(made, tmp_path):
    made(tmp_path / CURRENT).close()
    with (tmp_path / CURRENT).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        view = TableView(data, region=SHANXI)
        assert view.read(LIN) == UNKNOWN
        view.close()


KEEP_APPLYING = """
import sys
from pathlib import Path
from healthcode.adapters.table_files import TableFile
from healthcode.table.record import Record, record_encode
table = TableFile(Path(sys.argv[1]), region=140000)
table.claim()
for seq in range(1, 10_000_000):
    table.apply(seq % 10, record_encode(Record(2 + seq % 3, version=seq)))
    table.mark(applied={0: seq})
    if seq == 2_000:
        print("going", flush=True)
"""


def test_after_a_kill_no_record_is_behind_its_watermark(made, opened, tmp_path):
    made(tmp_path / CURRENT).abandon()
    child = subprocess.Popen([sys.executable, "-c", KEEP_APPLYING, str(tmp_path / CURRENT)], stdout=subprocess.PIPE)
    with child.stdout:
        assert child.stdout.readline() == b"going\n"
    child.kill()
    child.wait()
    table = opened(TableFile(tmp_path / CURRENT, region=SHANXI))
    seq = table.header.applied[0]
    assert table.trustworthy
    assert all(table.read(done % 10).version in (done, done + 10) for done in range(seq - 9, seq + 1))
