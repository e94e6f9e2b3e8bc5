"""The updater dies at each step of a switch: readers always have one whole table, and the next start goes on."""

import gc

import pytest

from healthcode.adapters.edge_files import EdgeHost
from healthcode.adapters.offered_tables import draft_name
from healthcode.adapters.table_files import CURRENT, NEXT, TableFile
from healthcode.table.file import TableEditor
from healthcode.table.record import Record, record_encode
from healthcode.wiring.tables import Tables

REGION, LIN, GREEN, RED, MIDNIGHT = 140000, 1, 2, 4, 30_000_000


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # whoever is killed closes nothing


@pytest.fixture(autouse=True)
def forgotten():
    """What the killed left open goes within its own test."""
    yield
    gc.collect()


class Killed(BaseException):
    """kill -9, as far as one process can play it."""


def made(folder, state, valid_from=0):
    table = TableFile.create(draft_name(folder), region=REGION, capacity=64, valid_from=valid_from)
    table.put(LIN, record_encode(Record(state, version=1)))
    return table


@pytest.fixture
def tables(tmp_path):
    """Lin is green now and red from midnight on."""
    tables = Tables(tmp_path, region=REGION)
    tables.put(made(tmp_path, GREEN))
    tables.wait(made(tmp_path, RED, MIDNIGHT))
    return tables


def read(host):
    """Lin's state in (the waiting table, the current one), as a worker asks."""
    return tuple(view and view.read(LIN).state for view in (host.waiting(), host.table()))


def die_at(monkeypatch, name):
    def dead(*args, **more):
        if name == "rename" or more.get("superseded"):
            raise Killed
        return marked(*args, **more)

    marked = TableEditor.mark
    if name == "rename":
        monkeypatch.setattr("pathlib.Path.rename", dead)
    else:
        monkeypatch.setattr(TableEditor, "mark", dead)


@pytest.mark.parametrize(("step", "seen"), [("rename", (RED, GREEN)), ("mark", (None, RED))])
def test_killed_around_the_rename_readers_have_a_whole_table_and_the_next_start_switches(
    tables, tmp_path, monkeypatch, step, seen
):
    host = EdgeHost(tmp_path, region=REGION)
    assert read(host) == (RED, GREEN)
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Killed):
            tables.switch(MIDNIGHT)
    assert read(host) == seen
    again = Tables(tmp_path, region=REGION)
    again.open()
    again.switch(MIDNIGHT)
    assert read(host) == (None, RED)
    assert again.current.header.valid_from == MIDNIGHT


def test_before_its_minute_nothing_is_renamed(tables, tmp_path):
    assert not tables.switch(MIDNIGHT - 1)
    assert (tmp_path / NEXT).exists()


def test_a_draft_left_by_a_killed_updater_is_removed_and_both_tables_stay(tables, tmp_path):
    made(tmp_path, RED).abandon()
    Tables(tmp_path, region=REGION).open()
    assert sorted(path.name for path in tmp_path.glob("*.bin")) == [CURRENT, NEXT]


def test_a_waiting_table_of_a_power_cut_is_removed_since_its_pages_may_be_lost(tables, tmp_path):
    tables.waiting.editor.mark(boot=b"x" * 16, clean=False)
    assert Tables(tmp_path, region=REGION).waiting is None
    assert not (tmp_path / NEXT).exists()


def test_a_record_of_the_feed_goes_into_both_files(tables):
    for table in tables.all:
        table.apply(2, record_encode(Record(RED, version=5)))
    tables.switch(MIDNIGHT)
    assert tables.current.read(2).state == RED


def test_a_table_taken_back_is_gone_for_readers(tables, tmp_path):
    host = EdgeHost(tmp_path, region=REGION)
    read(host)
    tables.withdraw()
    assert read(host) == (None, GREEN)
