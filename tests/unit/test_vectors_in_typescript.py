"""The phone pages' own reading of passes, papers and posters agrees with the vectors: a second implementation."""

import json
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
VECTORS = WEB.parent / "spec" / "vectors"
SEAL = {"seal", "clock", "epoch"}
"""Stages of a screen's seal: its key is the edges' alone."""


@pytest.fixture(scope="module")
def told():
    run = subprocess.run(["node", "test/vectors.mjs"], cwd=WEB, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(run.stdout)


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["vectors"]


def signed_by_sm2(vector):
    return "SM2" in vector["name"]


@pytest.mark.parametrize("name", ["pass", "paper", "bundle"])
def test_the_inspectors_page_reads_passes_papers_and_bundles_as_the_vectors_say(told, name):
    expected = {
        v["name"]: {"verdict": v["verdict"], "claim": v["claim"]} for v in vectors(name) if not signed_by_sm2(v)
    }
    assert {key: told[name][key] for key in expected} == expected


@pytest.mark.parametrize("name", ["pass", "paper"])
def test_a_browser_says_that_sm2_needs_an_update_and_never_that_it_is_forged(told, name):
    assert [told[name][v["name"]]["verdict"] for v in vectors(name) if signed_by_sm2(v)] == ["update_needed"]


def test_posters_read_the_same_place_and_refusals_in_the_browser(told):
    for vector in vectors("venue"):
        read = told["venue"][vector["name"]]
        if vector["stages"][-1]["stage"] in SEAL and "." in vector["text"].partition("#")[2]:
            continue
        assert read["verdict"] == vector["verdict"], vector["name"]
        if vector["claim"]:
            assert {key: read["claim"][key] for key in ("venue", "checkpoint", "place")}.items() <= vector[
                "claim"
            ].items()
