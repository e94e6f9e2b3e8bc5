"""The promises of a key store, for each implementation; and what the file store keeps on disk."""

import multiprocessing
import sqlite3
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise

import pytest

from healthcode.adapters.key_store_file import KeyStoreFile
from healthcode.crypto.errors import BadKey, Tampered
from healthcode.crypto.keystore import KeyDestroyed, KeyMissing

ROOT, NEXT_ROOT = b"r" * 32, b"s" * 32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keystore" / "keys.sqlite"


@pytest.fixture
def store(path):
    store = KeyStoreFile(path, ROOT)
    yield store
    store.close()


def test_lin_keeps_one_key(store):
    key = store.create("lin")
    assert len(key) == 32
    assert store.create("lin") == store.get("lin") == key != store.create("zhao")


def test_keys_outlive_the_process(store, path):
    key = store.create("lin")
    store.close()
    assert KeyStoreFile(path, ROOT).get("lin") == key


def test_many_keys_are_made_and_read_at_once(store):
    people = [f"p{number}" for number in range(1_200)]
    made = store.create_many([*people, "p1"])
    assert len(set(made.values())) == 1_200
    assert store.get_many([*people, "nobody"]) == made


def test_a_key_never_made_is_missing(store):
    with pytest.raises(KeyMissing):
        store.get("nobody")


def test_a_destroyed_key_stays_destroyed(store):
    store.create("qian")
    for _ in range(2):
        store.destroy("qian")
        with pytest.raises(KeyDestroyed):
            store.get("qian")
        with pytest.raises(KeyDestroyed):
            store.create("qian")
    assert store.get_many(["qian"]) == {}


def test_a_person_destroyed_before_a_key_was_made_gets_none(store):
    store.destroy("qian")
    with pytest.raises(KeyDestroyed):
        store.create_many(["lin", "qian"])
    with pytest.raises(KeyMissing):
        store.get("lin")  # all or none


def test_no_trace_of_a_destroyed_key_stays_in_the_files(store, path):
    store.create_many(["lin", "qian", "zhao"])
    with sqlite3.connect(path) as db:
        (wrapped,) = db.execute("SELECT wrapped FROM person_key WHERE ref = 'qian'").fetchone()
    db.close()
    store.destroy("qian")
    assert not any(wrapped in file.read_bytes() for file in path.parent.iterdir())


def test_keys_lie_wrapped_and_private(store, path):
    key = store.create("lin")
    assert not any(key in file.read_bytes() for file in path.parent.iterdir())
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_row_copied_to_another_reference_does_not_open(store, path):
    store.create_many(["lin", "zhao"])
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE person_key SET wrapped = (SELECT wrapped FROM person_key WHERE ref = 'lin') WHERE ref = 'zhao'"
        )
    db.close()
    with pytest.raises(Tampered):
        store.get("zhao")


def test_a_root_key_is_rotated_without_losing_a_key(store, path):
    key = store.create("lin")
    with pytest.raises(BadKey, match="former roots"):
        KeyStoreFile(path, NEXT_ROOT).get("lin")
    rotated = KeyStoreFile(path, NEXT_ROOT, former_roots=[ROOT])
    assert (rotated.get("lin"), rotated.rewrap(), rotated.rewrap()) == (key, 1, 0)
    assert KeyStoreFile(path, NEXT_ROOT).get("lin") == key


def test_a_root_key_has_32_bytes(path):
    with pytest.raises(BadKey):
        KeyStoreFile(path, b"short")


def test_racing_threads_get_one_key(store):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: store.create("lin"), range(40)))
        list(pool.map(lambda _: store.close(), range(40)))
    assert len(set(keys)) == 1


def _create(path):
    return KeyStoreFile(path, ROOT).create("lin")


def test_racing_processes_get_one_key(path):
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        keys = list(pool.map(_create, [path] * 8))
    assert all(one == other for one, other in pairwise(keys))


KEEP_CREATING = """
import sys
from pathlib import Path
from healthcode.adapters.key_store_file import KeyStoreFile
store = KeyStoreFile(Path(sys.argv[1]), b"r" * 32)
for number in range(100_000):
    print(number, store.create(f"p{number}").hex(), flush=True)
"""


def test_every_key_given_out_before_a_kill_is_there_after_it(path):
    child = subprocess.Popen([sys.executable, "-c", KEEP_CREATING, str(path)], stdout=subprocess.PIPE, text=True)
    first = [child.stdout.readline() for _ in range(30)]
    child.kill()
    lines = first + child.stdout.readlines()
    child.stdout.close()
    child.wait()
    store = KeyStoreFile(path, ROOT)
    for number, key in (line.split() for line in lines if line.endswith("\n")):
        assert store.get(f"p{number}").hex() == key
    store.close()
