"""The product agrees with spec/vectors, which a second reading of the formats wrote; the files are as generated."""

import io
import json
import runpy
from pathlib import Path

import cbor2
import pytest

from healthcode.codes.bundle import card_open, head_open, parts_check
from healthcode.codes.epoch import EpochKey, EpochKeys
from healthcode.codes.errors import CodeError
from healthcode.codes.live import live_open
from healthcode.codes.paper import paper_open
from healthcode.codes.passes import pass_open
from healthcode.codes.session import session_open
from healthcode.codes.venue import venue_open
from healthcode.crypto.suites import suite
from healthcode.table.feed import HeartbeatError, heartbeat_verify
from healthcode.table.record import RecordError, Transition, record_decode, record_effective
from healthcode.table.snapshot import RecordRun, SnapshotError, SnapshotReader
from healthcode.table.timeline import timeline_cut

FOLDER = Path(__file__).parents[2] / "spec" / "vectors"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name):
    content = load(name)
    return [pytest.param({**content["context"], **vector}, id=vector["name"]) for vector in content["vectors"]]


def held(case):
    epochs = case["epochs"].items()
    keys = [EpochKey(int(n), bytes.fromhex(e["key"]), e["valid_from"], e["valid_until"]) for n, e in epochs]
    return EpochKeys(keys, suite_name=case["suite"])


def verdict(read):
    """The verdict and claim of a reading, in the vectors' words."""
    try:
        claim = read()._asdict()
    except CodeError as refusal:
        return refusal.code, None
    return "accepted", {k: v.hex() if isinstance(v, bytes) else v for k, v in claim.items()}


@pytest.mark.parametrize("case", cases("live"))
def test_live_codes_are_judged_as_the_vectors_say(case):
    read = verdict(lambda: live_open(held(case), case["text"], region=case["region"], now_s=case["now_s"]))
    assert read == (case["verdict"], case["claim"])


@pytest.mark.parametrize("case", cases("session"))
def test_sessions_are_judged_as_the_vectors_say(case):
    read = verdict(lambda: session_open(held(case), case["text"], region=case["region"], now=case["now"]))
    assert read == (case["verdict"], case["claim"])


def trusted(case):
    return {
        bytes.fromhex(kid): suite(key["suite"]).public_from_bytes(bytes.fromhex(key["public"]))
        for kid, key in case["keys"].items()
    }


@pytest.mark.parametrize("case", cases("venue"))
def test_venue_codes_are_judged_as_the_vectors_say(case):
    facts = {"region": case["region"], "now": case["now"], "hosts": case["hosts"]}
    read = verdict(lambda: venue_open(trusted(case), held(case), case["text"], **facts))
    assert read == (case["verdict"], case["claim"])


@pytest.mark.parametrize("case", cases("paper"))
def test_papers_are_judged_as_the_vectors_say(case):
    read = verdict(lambda: paper_open(trusted(case), case["text"], region=case["region"], now=case["now"]))
    assert read == (case["verdict"], case["claim"])


def pass_told(case):
    """Verdict and claim of a pass in the vectors' words, with the state that holds at the reader's clock."""
    try:
        shown = pass_open(trusted(case), case["text"], region=case["region"], now_s=case["now_s"])
    except CodeError as refusal:
        return refusal.code, None
    step = shown.claim.at(int(case["now_s"] // 60))
    claim = {key: value.hex() if isinstance(value, bytes) else value for key, value in shown.claim._asdict().items()}
    claim["timeline"] = [list(step) for step in shown.claim.timeline]
    return "accepted", {"claim": claim, "minute": shown.minute, "state": step.state, "notices": step.notices}


@pytest.mark.parametrize("case", cases("pass"))
def test_passes_are_judged_as_the_vectors_say(case):
    assert pass_told(case) == (case["verdict"], case["claim"])


def bundle_told(case):
    """Verdict and claim of an edge's answer; the order is that of spec/offline-bundle.md."""
    keys, region = trusted(case), case["region"]
    try:
        answer = cbor2.loads(bytes.fromhex(case["text"]))
        head = head_open(keys, answer[1], region=region)
        parts_check(head, answer[2])
        card = card_open(keys, answer[3], region=region)
    except CodeError as refusal:
        return refusal.code, None
    listed = recall_of(answer[2], bytes.fromhex(case["handle"]))
    return "accepted", {
        "number": head.number, "made": head.made, "venue": card.venue, "medical": card.says["medical"],
        "recalled": listed,
    }  # fmt: skip


def recall_of(parts, handle):
    """Whether a handle stands on the list of its partition."""
    name = next(name for name in parts if name.startswith("recall/") and handle.hex().startswith(name[7:]))
    data = cbor2.loads(parts[name])
    return handle in [data[at : at + 16] for at in range(0, len(data), 16)]


OF_THE_READER = ("answer", "families")
"""Stages that only a device goes through; control and edges make and carry bundles."""


@pytest.mark.parametrize("case", cases("bundle"))
def test_bundles_are_judged_as_the_vectors_say(case):
    if case["stages"][-1]["stage"] not in OF_THE_READER or case["verdict"] == "accepted":
        assert bundle_told(case) == (case["verdict"], case["claim"])


def severity_of(content):
    return lambda state: content["severity"].get(str(state), -1)


def test_records_are_read_as_the_vectors_say():
    content = load("record")
    for case in content["valid"]:
        record = record_decode(bytes.fromhex(case["hex"]))
        assert json.loads(json.dumps(record._asdict())) == case["record"]
        for moment in case["effective"]:
            arguments = {key: moment[key] for key in ("now", "skew", "trusted")}
            seen = record_effective(record, severity=severity_of(content), **arguments)
            assert seen == (moment["state"], moment["notices"])


@pytest.mark.parametrize("case", load("record")["invalid"], ids=lambda case: case["name"])
def test_broken_records_are_refused(case):
    with pytest.raises(RecordError):
        record_decode(bytes.fromhex(case["hex"]))


@pytest.mark.parametrize("case", load("timeline")["vectors"], ids=lambda case: case["name"])
def test_timelines_are_cut_as_the_vectors_say(case):
    timeline = [Transition(*step) for step in case["timeline"]]
    cut = timeline_cut(timeline, severity=severity_of(load("timeline")))
    assert ([list(step) for step in cut.steps], cut.exact_until) == (case["cut"], case["exact_until"])


def test_heartbeats_are_judged_as_the_vectors_say():
    content = load("heartbeat")
    public = suite("intl").public_from_bytes(bytes.fromhex(content["public"]))
    for case in content["valid"]:
        beat = heartbeat_verify(public, bytes.fromhex(case["hex"]), region=content["region"])
        assert (beat.at_ms, {str(k): v for k, v in beat.last.items()}) == (case["at_ms"], case["last"])
    for case in content["invalid"]:
        with pytest.raises(HeartbeatError):
            heartbeat_verify(public, bytes.fromhex(case["hex"]), region=content["region"])


def snapshot_parts(content, case):
    public = suite("intl").public_from_bytes(bytes.fromhex(content["public"]))
    reader = SnapshotReader(io.BytesIO(bytes.fromhex(case["hex"])).read, region=content["region"], public=public)
    return reader.applied, list(reader)


def test_snapshots_are_judged_as_the_vectors_say():
    content = load("snapshot")
    for case in content["valid"]:
        applied, parts = snapshot_parts(content, case)
        runs = [[number, data.hex()] for part in parts if isinstance(part, RecordRun) for number, data in part.records]
        sides = [[kind, key, data.hex()] for kind, key, data in (p for p in parts if not isinstance(p, RecordRun))]
        assert ({str(k): v for k, v in applied.items()}, runs, sides) == tuple(
            case[k] for k in ("applied", "records", "sides")
        )
    for case in content["invalid"]:
        with pytest.raises(SnapshotError):
            snapshot_parts(content, case)


def test_the_files_are_what_the_generator_writes():
    made = runpy.run_path(str(FOLDER / "generate.py"))["files"]()
    assert {name: json.loads(json.dumps(content)) for name, content in made.items()} == {
        path.name: load(path.stem) for path in FOLDER.glob("*.json") if path.name in made
    }


def test_most_vectors_of_codes_are_invalid():
    vectors = [
        vector for name in ("live", "pass", "paper", "session", "venue", "bundle") for vector in load(name)["vectors"]
    ]
    assert sum(vector["verdict"] != "accepted" for vector in vectors) > len(vectors) * 2 / 3
