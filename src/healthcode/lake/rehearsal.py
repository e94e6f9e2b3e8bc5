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
from healthcode.rules.succession import HistoryError, Rules, RulesetHistory


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


def rules_before(rules: Rules, now: Minute) -> RulesetHistory:
    """The rulesets that began before `now`, the last of them without an end: what goes on where nothing takes over."""
    if isinstance(rules, Ruleset):
        return RulesetHistory.of([replace(rules, from_=min(rules.from_, now - 1), until=None)])
    begun = [r for r in rules.rulesets if r.from_ < now] or [replace(rules.rulesets[0], from_=now - 1)]
    return RulesetHistory.of([*begun[:-1], replace(begun[-1], until=None)])


def switch_now(in_force: Rules, draft: Ruleset, now: Minute) -> RulesetHistory:
    """The history in which `draft` takes over from `in_force` at `now`; raises HistoryError where it cannot.

    `in_force` is one ruleset, or the rulesets so far: then open grounds keep the numbers under which they were opened.
    """
    *former, last = rules_before(in_force, now).rulesets
    if draft.key == last.key:
        raise HistoryError([f"{draft.key} is in force already; rehearse another ruleset or a new version of it"])
    return RulesetHistory.of([*former, replace(last, until=now), replace(draft, from_=now, until=None)])


def rehearse(
    engine: Engine, counties: Mapping[int, str], in_force: Rules, draft: Ruleset, now: Minute, *, sample: int = 20
) -> Rehearsal:
    """Run both over the engine's loaded input at `now`, which may be the switch's own minute in the future.

    `counties` is the county code by subject number. The tables `before` and `after` (subject, state) stay in the
    engine, so that a prediction can be held against what happened, person by person. `singly` names subjects whose
    chains of corrections are longer than the plan follows: they are in no count here, and the caller evaluates them one
    by one. Raises HistoryError.
    """
    history = switch_now(in_force, draft, now)
    old, old_rules, long_before = _answers(engine, rules_before(in_force, now), now, "before")
    new, new_rules, long_after = _answers(engine, history, now, "after")
    singly = long_before | long_after
    changed = sorted(n for n, state in new.items() if state != old[n] and n not in singly)
    last = history.rulesets[-2]
    names = last.colors.id_of, draft.colors.id_of
    counts = Counter((counties.get(n, ""), names[0](old[n]), names[1](new[n])) for n in changed)
    return Rehearsal(
        in_force=last.key,
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
