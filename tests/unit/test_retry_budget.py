"""The pages' own retries cannot become a storm: their code, run by node against a server that is down."""

import json
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


@pytest.fixture(scope="module")
def told():
    run = subprocess.run(["node", "test/retries.mjs"], cwd=WEB, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(run.stdout)


def test_a_server_that_is_down_is_asked_again_ten_times_by_a_phone_and_then_not(told):
    assert told["down"]["requests"] == 100 + 10


def test_success_earns_one_retry_in_ten(told):
    assert told["well"]["requests"] == 50
    assert told["down again"]["requests"] == 100 + 5


def test_no_phone_comes_back_before_retry_after_and_no_two_together(told):
    waits = told["down"]["waits"]
    assert min(waits) >= 5000
    assert len(set(waits)) == len(waits)
