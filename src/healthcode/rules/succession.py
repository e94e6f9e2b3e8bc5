"""Rulesets as they follow one another in a region: exactly one is in force at an instant (color.md, Words).

Invariants: no gap and no overlap; a color keeps its severity and state, a notice its bit, as long as a later ruleset
may meet it; a rule that is gone is named under `abolished`, so that nobody's ground is left without a word.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from healthcode.domain.time import Minute, minute_text
from healthcode.rules.model import Rule, Ruleset, Transition

CONTINUE = Transition("continue")


class HistoryError(ValueError):
    """Rulesets that cannot follow one another; `problems` says which, why, and what to write."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RulesetHistory:
    """The rulesets of one region in order, approved ones of the future included. Build it with `of`."""

    rulesets: tuple[Ruleset, ...]
    starts: tuple[Minute, ...] = field(default=())

    @classmethod
    def of(cls, rulesets: Iterable[Ruleset]) -> "RulesetHistory":
        """Put rulesets in order; raises HistoryError for gaps, overlaps and contradictions between them."""
        ordered = tuple(sorted(rulesets, key=lambda r: r.from_))
        problems = ["there is no ruleset"] if not ordered else []
        for before, after in pairwise(ordered):
            problems += _succession_problems(before, after)
        if problems:
            raise HistoryError(problems)
        return cls(ordered, tuple(r.from_ for r in ordered))

    def index_at(self, minute: Minute) -> int:
        """Place of the ruleset in force at a minute; what came before the first is taken under the first."""
        return max(0, bisect_right(self.starts, minute) - 1)

    def at(self, minute: Minute) -> Ruleset:
        """The ruleset in force at a minute."""
        return self.rulesets[self.index_at(minute)]

    def get(self, key: str) -> Ruleset:
        """The ruleset of a key (`id@version`); raises KeyError."""
        found = next((r for r in self.rulesets if r.key == key), None)
        if found is None:
            raise KeyError(f"no ruleset {key} in this history")
        return found


Rules: TypeAlias = Ruleset | RulesetHistory
"""What an evaluation follows: one ruleset alone, or the rulesets as they succeed one another."""


def ruleset_at(rules: Rules, now: Minute) -> Ruleset:
    """The ruleset in force at an instant; one alone always is."""
    return rules if isinstance(rules, Ruleset) else rules.at(now)


def ruleset_last(rules: Rules) -> Ruleset:
    """The latest ruleset: it has every color and notice that an earlier one has, with the same state and bit."""
    return rules if isinstance(rules, Ruleset) else rules.rulesets[-1]


def ruleset_of(rules: Rules, key: str, now: Minute) -> Ruleset:
    """The ruleset that a span names, or the one in force at `now` where it names none; raises KeyError."""
    return ruleset_at(rules, now) if isinstance(rules, Ruleset) or not key else rules.get(key)


def rule_find(ruleset: Ruleset, rule_id: str) -> Rule | None:
    """The rule of an id, None where the ruleset has none."""
    return next((r for r in ruleset.rules if r.id == rule_id), None)


def transition_of(ruleset: Ruleset, rule_id: str) -> Transition:
    """What becomes of an open ground of a rule when this ruleset takes over."""
    rule = rule_find(ruleset, rule_id)
    return rule.transition if rule else ruleset.abolished.get(rule_id, CONTINUE)


def _succession_problems(before: Ruleset, after: Ruleset) -> list[str]:
    pair = f"{before.key} and {after.key}"
    problems = []
    if before.region != after.region:
        problems.append(f"{pair} are of different regions")
    if before.from_ == after.from_ or (before.until is not None and before.until != after.from_):
        problems.append(f"{pair}: write `until: {minute_text(after.from_)}` in the former, where the latter begins")
    for color in before.colors.definitions:
        other = after.colors.get(color.id) if color.id in after.colors else None
        if other is None or (other.severity, other.state) != (color.severity, color.state):
            problems.append(f"{pair}: the color {color.id} must keep its state and severity, open grounds may show it")
    if before.colors.default.id != after.colors.default.id:
        problems.append(f"{pair}: the least severe color must stay {before.colors.default.id}")
    for notice in before.notices.values():
        later = after.notices.get(notice.id)
        if later is None or later.bit != notice.bit:
            problems.append(f"{pair}: the notice {notice.id} must keep bit {notice.bit}, open grounds may show it")
    gone = [r.id for r in before.rules if rule_find(after, r.id) is None and r.id not in after.abolished]
    return problems + [f"{pair}: name {rule} under `abolished`, and what becomes of its grounds" for rule in gone]
