"""Rehearsal: who would change color if a draft took over now, on the real evidence, without changing anything (C2).

Both answers come from the same stored input; the draft leads open grounds through its transitions as a switch would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from healthcode.domain.time import Minute
from healthcode.lake.columns import COUNTIES, Row
from healthcode.lake.engine import Engine, Run
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import HistoryError, Rules, RulesetHistory

_PEOPLE = ibis.schema({"subject": "int64"})


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
    engine: Engine,
    in_force: Rules,
    draft: Ruleset,
    now: Minute,
    *,
    sample: int = 20,
    answered: Callable[[int], None] = lambda _: None,
) -> Rehearsal:
    """Run both over the engine's input at `now`, which may be the switch's own minute in the future.

    The input is the four tables and `counties`. The tables `before` and `after` (subject, state) stay in the engine, so
    that a prediction can be held against what happened, person by person; nobody but those counted as `singly` and the
    sample leaves it. `singly` names subjects whose chains of corrections are longer than the plan follows: they are in
    no count here, and the caller evaluates them one by one. `answered(n)` is called after each of the two answers.
    Raises HistoryError.
    """
    history = switch_now(in_force, draft, now)
    old = _answers(engine, rules_before(in_force, now), now, "before")
    answered(1)
    new = _answers(engine, history, now, "after")
    answered(2)
    last = history.rulesets[-2]
    names = last.colors.id_of, draft.colors.id_of
    singly = tuple(sorted(old.singly | new.singly))
    engine.keep_rows("left_out", [{"subject": number} for number in singly], _PEOPLE)
    changed = engine.store("changed", _changed(old.states, new.states))
    counts = [
        (row["county"], names[0](row["was"]), names[1](row["is"]), row["people"]) for row in _counted(engine, changed)
    ]
    some = engine.rows(changed.order_by("subject").limit(sample))
    return Rehearsal(
        in_force=last.key,
        draft=draft.key,
        people=int(engine.rows(new.states.agg(people=new.states.count()))[0]["people"]),
        changes=tuple(Change(*count) for count in sorted(counts, key=lambda c: (-c[3], c[:3]))),
        rules={rule: (old.grounds[rule], new.grounds[rule]) for rule in sorted(old.grounds | new.grounds)},
        sample=tuple((row["subject"], names[0](row["was"]), names[1](row["is"])) for row in some),
        singly=singly,
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """Everybody's state as a table of the engine, open grounds by rule, and whom the plan cannot follow."""

    states: ir.Table
    grounds: Counter[str]
    singly: set[int]


def _answers(engine: Engine, rules: Rules, now: Minute, name: str) -> _Answers:
    run = Run(engine, rules, now)
    states = engine.store(name, run.people.select("subject", "state"))
    grounds = run.grounds.group_by("rule").agg(grounds=ibis._.count())
    by_rule = Counter({row["rule"]: row["grounds"] for row in engine.rows(grounds)})
    return _Answers(states, by_rule, {row["subject"] for row in engine.rows(run.singly.select("subject").distinct())})


def _changed(old: ir.Table, new: ir.Table) -> ir.Table:
    """Who changes state, and from which to which: (subject, was, is)."""
    both = new.join(old.select(o_subject="subject", was="state"), [("subject", "o_subject")])
    left = ibis.table(_PEOPLE, name="left_out")
    return both.filter(both.state != both.was).anti_join(left, "subject").select("subject", "was", **{"is": "state"})


def _counted(engine: Engine, changed: ir.Table) -> list[Row]:
    """How many of each county change from which state to which."""
    counties = ibis.table(COUNTIES, name="counties").rename(c_subject="subject")
    rows = changed.left_join(counties, [("subject", "c_subject")])
    rows = rows.mutate(county=rows.county.fill_null(""))
    return engine.rows(rows.group_by("county", "was", "is").agg(people=rows.count()))
