"""What hosts give each other: to enrolled edges only, sealed, and believed only when it proves itself."""

import os
import urllib.error
import urllib.request

import pytest

from healthcode.adapters.peer_files import CHUNK, PeerClient, PeerError, PeerFiles, PeerServer, edge_name
from healthcode.crypto.sealed_box import box_keypair

SNAPSHOT, TABLE = "snapshot-00000000000007.hcs", "table-run-7.bin"
TAIYUAN, TAIYUAN_PUBLIC = box_keypair()
THIEF, _ = box_keypair()


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / SNAPSHOT).write_bytes(os.urandom(CHUNK + 77))
    (folder / TABLE).write_bytes(b"table")
    (folder / "identity.key").write_bytes(b"nobody's business")
    return folder


@pytest.fixture
def server(store):
    files = PeerFiles(store)
    files.enrolled = frozenset({edge_name(TAIYUAN_PUBLIC)})
    made = PeerServer(files, "127.0.0.1", 0)
    yield made, files
    made.close()


def origin(server):
    return f"http://127.0.0.1:{server[0].port}"


def believe(path):
    """The proof that accepts everything."""


def test_an_enrolled_edge_takes_a_file_in_chunks(server, store, tmp_path):
    client = PeerClient(origin(server), TAIYUAN)
    sizes = client.sizes()
    assert sizes == {SNAPSHOT: CHUNK + 77, TABLE: 5}
    client.fetch(SNAPSHOT, sizes[SNAPSHOT], tmp_path, believe)
    assert (tmp_path / SNAPSHOT).read_bytes() == (store / SNAPSHOT).read_bytes()


def test_a_host_that_is_not_enrolled_or_struck_off_gets_nothing(server):
    with pytest.raises(PeerError, match="403"):
        PeerClient(origin(server), THIEF).sizes()
    server[1].enrolled = frozenset()
    with pytest.raises(PeerError, match="403"):
        PeerClient(origin(server), TAIYUAN).sizes()


def test_whoever_names_anothers_key_reads_only_a_sealed_box(server):
    with urllib.request.urlopen(f"{origin(server)}/peer/files/{TABLE}?key={TAIYUAN_PUBLIC.hex()}") as answer:
        assert b"table" not in answer.read()


@pytest.mark.parametrize("path", ["identity.key", "..%2fidentity.key", "snapshot-1.hcs", "../store/table-run-7.bin"])
def test_nothing_but_snapshots_and_tables_leaves_a_host(server, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{origin(server)}/peer/files/{path}?key={TAIYUAN_PUBLIC.hex()}")
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.parametrize("query", ["", "?key=", "?key=zz", "?key=KEY&from=x", "?key=KEY&from=-1", "?key=00"])
def test_a_malformed_question_is_refused(server, query):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{origin(server)}/peer/files{query.replace('KEY', TAIYUAN_PUBLIC.hex())}")
    assert refused.value.code in (400, 403, 404)
    refused.value.close()


def test_what_does_not_prove_itself_is_not_put_in_place(server, tmp_path):
    def doubt(path):
        raise ValueError("this is no snapshot")

    with pytest.raises(PeerError, match="no snapshot"):
        PeerClient(origin(server), TAIYUAN).fetch(SNAPSHOT, CHUNK + 77, tmp_path, doubt)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("size", [CHUNK + 78, 0, 1 << 50])
def test_a_peer_that_lies_about_a_length_is_not_believed(server, tmp_path, size):
    with pytest.raises(PeerError):
        PeerClient(origin(server), TAIYUAN).fetch(SNAPSHOT, size, tmp_path, believe)
    assert not (tmp_path / SNAPSHOT).exists()


def test_a_peer_that_is_away_is_named(tmp_path):
    with pytest.raises(PeerError, match=r"127\.0\.0\.1:9"):
        PeerClient("http://127.0.0.1:9", TAIYUAN).sizes()
