"""Rehearsal: who would change color if a draft took over now, on the real evidence, without changing anything (C2).

Both answers come from the same stored input; the draft leads open grounds through its transitions as a switch would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis

from healthcode.domain.time import Minute
from healthcode.lake.engine import Engine, Run
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import HistoryError, Rules, RulesetHistory, ruleset_at


@dataclass(frozen=True, slots=True)
class Change:
    """How many people of a county (empty: no county known) would go from one color to another."""

    county: str
    before: str
    after: str
    people: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a switch would do. `rules` is open grounds by rule: now, and under the draft.

    `sample` is some of those who change: (subject number, before, after).
    """

    in_force: str
    draft: str
    people: int
    changes: tuple[Change, ...]
    rules: Mapping[str, tuple[int, int]]
    sample: tuple[tuple[int, str, str], ...]
    singly: tuple[int, ...]

    @property
    def changed(self) -> int:
        """How many people change color."""
        return sum(change.people for change in self.changes)


def switch_now(rules: Rules, draft: Ruleset, now: Minute) -> RulesetHistory:
    """The history in which `draft` takes over at `now`, whatever was to come later; raises HistoryError."""
    past = [rules] if isinstance(rules, Ruleset) else list(rules.rulesets[: rules.index_at(now) + 1])
    if draft.key in {ruleset.key for ruleset in past}:
        raise HistoryError([f"{draft.key} is in force already; rehearse another ruleset or a new version of it"])
    first, last = past[0], past[-1]
    past[-1] = replace(last, until=now)
    past[0] = replace(past[0], from_=min(first.from_, past[1].from_ - 1 if len(past) > 1 else now - 1))
    return RulesetHistory.of([*past, replace(draft, from_=now, until=None)])


def rehearse(
    engine: Engine, counties: Mapping[int, str], rules: Rules, draft: Ruleset, now: Minute, *, sample: int = 20
) -> Rehearsal:
    """Run both over the engine's loaded input at `now`: the rules as they are, and with `draft` taking over.

    `counties` is the county code by subject number. `singly` names subjects whose chains of corrections are longer
    than the plan follows: they are in no count here, and the caller evaluates them one by one. Raises HistoryError.
    """
    history, in_force = switch_now(rules, draft, now), ruleset_at(rules, now)
    old, old_rules, long_before = _answers(engine, rules, now, "before")
    new, new_rules, long_after = _answers(engine, history, now, "after")
    singly = long_before | long_after
    changed = sorted(n for n, state in new.items() if state != old[n] and n not in singly)
    names = in_force.colors.id_of, draft.colors.id_of
    counts = Counter((counties.get(n, ""), names[0](old[n]), names[1](new[n])) for n in changed)
    return Rehearsal(
        in_force=in_force.key,
        draft=draft.key,
        people=len(new),
        changes=tuple(Change(*key, people) for key, people in sorted(counts.items(), key=lambda c: (-c[1], c[0]))),
        rules={rule: (old_rules[rule], new_rules[rule]) for rule in sorted(old_rules | new_rules)},
        sample=tuple((n, names[0](old[n]), names[1](new[n])) for n in changed[:sample]),
        singly=tuple(sorted(singly)),
    )


def _answers(engine: Engine, rules: Rules, now: Minute, name: str) -> tuple[dict[int, int], Counter[str], set[int]]:
    """State by subject, open grounds by rule, and whom the plan cannot follow."""
    run = Run(engine, rules, now)
    people = engine.store(name, run.people.select("subject", "state"))
    states = {row["subject"]: row["state"] for row in engine.rows(people)}
    grounds = run.grounds.group_by("rule").agg(grounds=ibis._.count())
    by_rule = Counter({row["rule"]: row["grounds"] for row in engine.rows(grounds)})
    return states, by_rule, {row["subject"] for row in engine.rows(run.singly.select("subject").distinct())}
