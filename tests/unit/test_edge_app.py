"""The edge as a web server: pages, problems, health, description, nothing of Django."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from healthcode.edge.http import Problem
from healthcode.edge.openapi import openapi_document
from healthcode.edge.problems import PROBLEMS
from tests.edge_world import GREEN, LIN, EdgeWorld

SPEC = Path(__file__).resolve().parents[2] / "spec" / "edge-openapi.json"
PAGES = {
    "index.html": b"<html>resident</html>",
    "inspect.html": b"<html>inspector</html>",
    "resident.js": b"let a = 1",
    "resident.js.gz": gzip.compress(b"let a = 1"),
    "part-ABCDEFGH.js": b"1",
}


@pytest.fixture
def edge():
    world = EdgeWorld(pages=PAGES)
    world.record(LIN, GREEN)
    return world


@pytest.mark.parametrize(
    ("path", "body"), [("/", b"resident"), ("/inspect", b"inspector"), ("/index.html", b"resident")]
)
def test_pages_come_with_a_policy_that_lets_nothing_foreign_in(edge, path, body):
    answer = edge.ask("GET", path)
    assert body in answer.raw
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_are_compressed_cached_by_hash_and_revalidated(edge):
    packed = edge.ask("GET", "/resident.js", accept_encoding="gzip, br")
    assert (packed.headers["content-encoding"], gzip.decompress(packed.raw)) == ("gzip", b"let a = 1")
    assert edge.ask("GET", "/resident.js", if_none_match=packed.headers["etag"]).status == 304
    assert "immutable" in edge.ask("GET", "/part-ABCDEFGH.js").headers["cache-control"]


def test_a_head_request_has_headers_and_no_body(edge):
    answer = edge.ask("HEAD", "/")
    assert (answer.status, answer.raw) == (200, b"")


def test_what_is_not_there_is_a_problem_in_the_readers_language(edge):
    answer = edge.ask("GET", "/nowhere", accept_language="en-GB")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json["title"] == "There is no such address"
    assert edge.ask("GET", "/nowhere").json["title"] == "没有这个地址"


def test_a_wrong_method_names_the_right_one(edge):
    answer = edge.ask("GET", "/v1/checks")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_body_beyond_the_limit_is_refused(edge):
    assert edge.ask("POST", "/v1/codes", b"x" * 70_000, bearer=edge.session(LIN)).status == 413


def test_what_is_not_the_edges_goes_to_control_and_a_dead_control_is_a_problem():
    async def dead(scope, receive, send):
        raise Problem("control_down", retry_after_s=5)

    edge = EdgeWorld(forward=dead)
    answer = edge.ask("GET", "/console/")
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (502, "control_down", "5")
    assert edge.ask("GET", "/v1/nothing").status == 404


def test_ready_names_the_age_of_the_data_and_the_clocks_offset(edge):
    edge.pass_time(7)
    ready = edge.ask("GET", "/readyz").json
    assert (ready["ready"], ready["problems"], ready["data_age_s"], ready["clock_offset_s"]) == (True, [], 7.0, 0.0)


def test_not_ready_without_a_table(edge):
    edge.host.table = lambda: None
    edge.world.refresh(edge.moment())
    answer = edge.ask("GET", "/readyz")
    assert (answer.status, answer.json["problems"]) == (503, ["no_table"])


def test_metrics_are_prometheus_text(edge):
    edge.check(edge.live(LIN))
    text = edge.edge.health.counts(edge.moment()).decode()
    assert 'healthcode_edge_outcomes_total{act="check",outcome="green"} 1.0' in text
    assert "healthcode_edge_data_age_seconds 0.0" in text


def test_the_bundle_has_colors_policies_and_a_version(edge):
    bundle = edge.ask("GET", "/v1/colors")
    assert [color["id"] for color in bundle.json["colors"]] == ["green", "yellow", "red"]
    assert bundle.json["policies"][0]["colors"] == ["green"]
    assert edge.ask("GET", "/v1/colors", if_none_match=bundle.headers["etag"]).status == 304


def test_every_route_is_described_and_the_stored_description_is_current(edge):
    described = openapi_document()
    undocumented = {"/healthz", "/v1/openapi.json"}
    assert set(edge.edge.routes) - undocumented == set(described["paths"])
    assert edge.ask("GET", "/v1/openapi.json").json == described
    assert json.loads(SPEC.read_text(encoding="utf-8")) == described, "run `python spec/edge_openapi.py`"


def test_every_route_states_who_may_use_it(edge):
    assert {route.access for route in edge.edge.routes.values()} <= {"public", "resident", "inspector"}


def test_every_problem_has_words_in_both_languages():
    for words in PROBLEMS.values():
        assert words.title.keys() == words.detail.keys() == {"zh", "en"}
        assert all([*words.title.values(), *words.detail.values()])


def test_the_edge_process_loads_no_django():
    code = "import healthcode.wiring.edge, sys; assert not [m for m in sys.modules if m.split('.')[0] == 'django']"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_worker_collects_cycles_and_leaves_alone_what_was_there_at_its_start() -> None:
    """Measured in `bench visits`; a process of its own, because the collector is the process's."""
    code = (
        "import gc, weakref\n"
        "from healthcode.wiring.edge import YOUNG_OBJECTS, collector_spare\n"
        "class Cycle: pass\n"
        "collector_spare()\n"
        "assert gc.get_freeze_count() > 10_000\n"
        "seen = weakref.WeakSet()\n"
        "for _ in range(5 * YOUNG_OBJECTS):\n"
        "    one = Cycle(); one.itself = one; seen.add(one)\n"
        "assert len(seen) < 2 * YOUNG_OBJECTS\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
