"""The page about the year, out of a run's numbers: what was predicted, what happened, how to live it again."""

from __future__ import annotations

from typing import Any, Final

_SETS: Final = {
    "eighth-practice": "第八版做法",
    "ninth-edition": "第九版",
    "twenty-measures": "二十条",
    "ten-measures": "新十条",
}
_HEAD: Final = """# One invented year under the four rulesets · 一年四套规则

![People red and yellow by week, February 2022 to January 2023](epidemic-year.svg)

Nobody here lives: {people:,} invented people of 117 counties, seed {seed}, {records:,} records about {with_records:,}
of them (infections and discharges, contacts and their contacts, arrivals, {areas} risk areas with their levels, venues,
posts, symptoms, another region's yellow, tests on time, late, missed and made good, corrections and rescissions). Rates
are rough and fitted to no real year. The rulesets are those of `rulebook/shanxi`, at their own instants.

## Each switch was rehearsed first, and the prediction is what happened

An hour before each switch the next ruleset was rehearsed on the evidence known then (`lake/rehearsal.py`, the same
function as `healthcode color rehearse`), for the minute of the switch. Then the minute came: everybody was evaluated by
the population engine, and everybody with a record once more alone, by `rules/evaluate.py`, under all four rulesets.

| switch | from → to | would change | in counties | compared | otherwise | compared singly | otherwise | rehearsal |
|---|---|---|---|---|---|---|---|---|
"""
_WEEKS: Final = """
## Numbers by week

Tuesdays at noon. Each week {singly_each_week} people with records were evaluated alone too; one difference would have
ended the run. "No code": people who hold none and have no ground.

| day | ruleset | green | yellow | red | no code |
|---|---|---|---|---|---|
"""
_AGAIN: Final = """
## Live it again

```sh
.venv/bin/python -m bench.epidemic          # everything: writes this page, the plot and epidemic-year.json
.venv/bin/python -m bench.epidemic --page   # page and plot alone, from the numbers of the last run
```

This run took {seconds} s and {megabytes} MB on two cores that others used as well, nearly all of it compiling 61 plans.
It ends with an error where one person turned out otherwise. `tests/journeys/test_epidemic_year.py` does the same with
fewer people in every test run.
"""


def page_write(numbers: dict[str, Any]) -> str:
    """The Markdown page of a run's numbers (`epidemic-year.json`)."""
    switches = [_switch(switch) for switch in numbers["switches"]]
    changes = ["\nWho changed color at the switch itself, everybody else stayed:\n"]
    changes += [_changes(switch) for switch in numbers["switches"]]
    weeks = [
        f"| {w['day']} | {_SETS[w['ruleset']]} `{w['ruleset']}` | {w.get('green', 0)} | {w.get('yellow', 0)} |"
        f" {w.get('red', 0)} | {w.get('absent', 0)} |"
        for w in numbers["weeks"]
    ]
    parts = [
        _HEAD.format(**numbers) + "\n".join(switches),
        "\n".join(changes),
        _WEEKS.format(**numbers) + "\n".join(weeks),
        _AGAIN.format(**numbers),
    ]
    return "\n".join(parts)


def _switch(switch: dict[str, Any]) -> str:
    return (
        f"| {switch['at']} | {switch['from']} → {switch['to']} | **{switch['changed']}** | {switch['counties']} |"
        f" {switch['compared']:,} | **{len(switch['otherwise'])}** | {switch['compared_singly']:,} |"
        f" **{len(switch['otherwise_singly'])}** | {switch['seconds']} s |"
    )


def _changes(switch: dict[str, Any]) -> str:
    told = ", ".join(f"{before} → {after} {people}" for before, after, people in switch["changes"])
    return f"- {switch['at'][:10]}, {_SETS[switch['to'].partition('@')[0]]}: {told}."
