"""The pages' own TypeScript, run by node, comes to the verdict of every vector: a second implementation.

What only edges can open (live codes, sessions, seals of screens) is read by web/test/sealed.ts, which no page ships.
"""

import json
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
VECTORS = WEB.parent / "spec" / "vectors"
FORMATS = ["live", "session", "venue", "pass", "paper", "bundle"]


@pytest.fixture(scope="module")
def told():
    run = subprocess.run(["node", "test/vectors.mjs"], cwd=WEB, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(run.stdout)


def vectors(name, *, intl=True):
    """Those whose issuer signs by `intl`; or the others."""
    found = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    return [vector for vector in found if ("SM2" in vector["name"] or vector.get("suite") == "gm") is not intl]


@pytest.mark.parametrize("name", FORMATS)
def test_every_vector_has_the_same_verdict_and_claim_in_typescript(told, name):
    expected = {vector["name"]: (vector["verdict"], vector["claim"]) for vector in vectors(name)}
    assert {key: (told[name][key]["verdict"], told[name][key]["claim"]) for key in expected} == expected


@pytest.mark.parametrize("name", ["live", "session"])
def test_what_edges_refuse_is_refused_at_the_same_stage(told, name):
    refused = {v["name"]: v["stages"][-1]["stage"] for v in vectors(name) if v["verdict"] != "accepted"}
    assert {key: told[name][key]["stage"] for key in refused} == refused


@pytest.mark.parametrize("name", ["live", "session", "venue", "pass", "paper"])
def test_most_vectors_are_refusals(name):
    verdicts = [vector["verdict"] for vector in vectors(name)]
    assert verdicts.count("accepted") * 2 < len(verdicts)


@pytest.mark.parametrize("name", ["pass", "paper"])
def test_a_browser_says_that_sm2_needs_an_update_and_never_that_it_is_forged(told, name):
    assert [told[name][v["name"]]["verdict"] for v in vectors(name, intl=False)] == ["update_needed"]
