"""The four rulesets over an invented epidemic: each switch rehearsed first, and what was predicted is what happened."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.epidemic.draw import plot_draw
from bench.epidemic.invent import SWITCHES, Epidemic, epidemic_invent
from bench.epidemic.page import page_write
from bench.epidemic.year import Province, switch_rehearse
from healthcode.domain.time import date_of
from healthcode.lake.engine import Engine
from healthcode.rules.succession import RulesetHistory
from tests.rulebook import succession

RULES = Path(__file__).resolve().parents[2] / "docs" / "rules"
AUTUMN = RulesetHistory.of(succession().rulesets[1:3])
"""Ninth edition and twenty measures: the switch with most transitions. The page tells of all three."""


@pytest.fixture(scope="module")
def autumn() -> Epidemic:
    """The weeks around the twenty measures among 3,000 people."""
    return epidemic_invent(3_000, seed=11, since=SWITCHES[1] - 40, until=SWITCHES[1] + 1)


def test_the_switch_of_november_turns_out_as_rehearsed_an_hour_before(autumn: Epidemic) -> None:
    """Predicted for everybody at once, compared person by person; and the switch does change people."""
    province, switch = Province(autumn, AUTUMN, Engine(threads=1, memory="1GB")), AUTUMN.rulesets[1].from_
    found, predicted = switch_rehearse(province, 1)
    assert {number: province.one(number, switch) for number in predicted} == predicted
    assert found.changed > 20


def test_the_same_seed_invents_the_same_epidemic() -> None:
    first, again = (epidemic_invent(300, since=SWITCHES[1] - 20, until=SWITCHES[1]) for _ in range(2))
    assert first == again
    assert epidemic_invent(300, seed=7, since=SWITCHES[1] - 20, until=SWITCHES[1]) != first


def test_nothing_is_learned_in_the_hour_between_rehearsal_and_switch(autumn: Epidemic) -> None:
    late = [record for _, record in autumn.records if (record.learned + 480) % 1440 >= 23 * 60]
    assert late == []


def test_the_switches_of_the_epidemic_are_those_of_the_rulebook() -> None:
    begun = [date_of((ruleset.from_ + 480) // 1440) for ruleset in succession().rulesets]
    assert begun[1:] == [date_of(day) for day in SWITCHES]


def test_page_and_plot_are_those_of_the_committed_numbers() -> None:
    numbers = json.loads((RULES / "epidemic-year.json").read_text(encoding="utf-8"))
    assert (RULES / "epidemic-year.md").read_text(encoding="utf-8") == page_write(numbers)
    plot = (RULES / "epidemic-year.svg").read_text(encoding="utf-8")
    assert plot == plot_draw(numbers)
    ElementTree.fromstring(plot)
    assert all(switch["otherwise"] == switch["otherwise_singly"] == [] for switch in numbers["switches"])
    assert [date.fromisoformat(day) for day in numbers["switch_days"]] == [date_of(day) for day in SWITCHES]
