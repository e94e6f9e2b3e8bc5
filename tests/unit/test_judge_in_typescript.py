"""A gate without network judges as an edge does, by the policies of the bundle; only a test's age it cannot know."""

import itertools
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from healthcode.domain.outcome import FIXED_OUTCOMES, Verdict
from healthcode.domain.policy import DEFAULT_POLICY, CheckPolicy, judge, policy_for

WEB = Path(__file__).parents[2] / "web"
NOON = 27_397_680
TAIYUAN = CheckPolicy("taiyuan", areas=("140100",), from_=NOON - 60, until=NOON + 60, colors=frozenset({"green"}))
POLICIES = (
    TAIYUAN,
    replace(TAIYUAN, id="markets", areas=("140000",), venue_types=frozenset({"market"}), from_=NOON - 30),
    replace(TAIYUAN, id="yellow-too", areas=("140728",), colors=frozenset({"green", "yellow"}), from_=NOON - 20),
    replace(TAIYUAN, id="tested", areas=("140702",), test_age_h=48),
    replace(TAIYUAN, id="lapsed", areas=(), until=NOON),
    replace(TAIYUAN, id="to-come", areas=(), from_=NOON + 1),
    replace(TAIYUAN, id="endless", areas=(), until=None),
)
PLACES = [
    {"type": kind, "division": division, "medical": medical, "policy": ""}
    for kind, division, medical in itertools.product(
        ("market", "cinema"), ("140105", "140728", "140702", "140802"), (False, True)
    )
]
OUTCOMES = [*sorted(FIXED_OUTCOMES), "green", "yellow", "red", "violet"]
CASES = list(itertools.product(OUTCOMES, PLACES, (NOON - 61, NOON, NOON + 60), (False, True)))


def entry(policy):
    named = {"id": policy.id, "venue_types": sorted(policy.venue_types), "areas": list(policy.areas)}
    times = {"from": policy.from_, "until": policy.until, "colors": sorted(policy.colors)}
    return named | times | {"test_age_h": policy.test_age_h, "test_age_days": policy.test_age_days}


@pytest.fixture(scope="module")
def told():
    note = {"default": entry(DEFAULT_POLICY), "policies": [entry(one) for one in POLICIES], "stale_after_s": 14400}
    given = [{"outcome": o, "note": note, "place": p, "now": n, "paper": paper} for o, p, n, paper in CASES]
    run = subprocess.run(
        ["node", "test/judge.mjs"], cwd=WEB, input=json.dumps(given), capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    return json.loads(run.stdout)


def expected(outcome, place, now, paper):
    """What an edge says that knows of a fresh test; without network a policy that asks for one registers instead."""
    facts = {"venue_type": place["type"], "division": place["division"], "now": now, "default": DEFAULT_POLICY}
    policy = policy_for(POLICIES, **facts)
    said = judge(
        outcome=outcome, policy=policy, medical=place["medical"], last_negative=now, now=now, offline_paper=paper
    )
    if said.verdict is Verdict.pass_ and policy.asks_test:
        return [policy.id, Verdict.register.value, "offline_test", None]
    return [policy.id, said.verdict.value, said.reason_code, said.failed_condition]


def test_every_outcome_at_every_place_and_time_is_judged_as_at_an_edge(told):
    assert told == [expected(*case) for case in CASES]


def test_no_verdict_without_network_stops_anybody_but_for_a_color_that_is_known(told):
    stopped = {case[0] for case, (_, verdict, *_) in zip(CASES, told, strict=True) if verdict == Verdict.refuse}
    assert stopped <= {"green", "yellow", "red", "violet"}
