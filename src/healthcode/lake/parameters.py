"""Rules as data for the plan: what tells one rule from another stands in small tables that are joined in.

So the plan is the same for every ruleset of one `Shape` and is written once: an officer's new number changes a row
here, never the expression. Conditions read fields of fixed words packed four bits each (`FIELDS`), and one number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.time import day_of
from healthcode.lake.columns import CLOSED_ORDINAL, MINUTE_SHIFT, Row, span_constant
from healthcode.lake.notices import phase_constant
from healthcode.rules.model import Condition, EndKind, Event, Phase, Rule, Ruleset
from healthcode.rules.succession import Rules, RulesetHistory, rule_find, ruleset_at, transition_of

KINDS: Final = {kind.value: number for number, kind in enumerate(EvidenceKind)}
GROUNDLESS: Final = (EvidenceKind.release, EvidenceKind.vaccination, EvidenceKind.declaration)
RELEASES: Final = (Event.discharged, Event.excluded, Event.completed, Event.certified)
EVENTS: Final = (*RELEASES, Event.single_test, Event.replaced)
ENDS: Final = (EndKind.days, EndKind.tests, EndKind.field, EndKind.event)
ANCHORS: Final = ("anchor", "learned", "occurred")
WORD: Final = 60
"""Days in one word of test days."""
_EVER: Final = 1 << 40
_ALL: Final = 0xFFFF
_CONDITION: Final = ("shift", "yes", "no", "low", "high")


def _words(kind: str) -> dict[str, tuple[str, ...]]:
    return {
        name: rule.choices
        for number, spec in KIND_SPECS.items()
        if number not in GROUNDLESS
        for name, rule in spec.fields.items()
        if rule.type == kind
    }


FIELDS: Final = _words("choice")
"""Fields of fixed words that conditions ask about. Packed: 0 missing, then the words in order, 15 any other word."""
NUMBERS: Final = tuple(_words("count"))
"""Fields with a number; a record has at most one."""
DAYS: Final = tuple(_words("day"))
"""Fields with a day, which may end a phase."""


def shift_of(field: str) -> int:
    """Where a field stands among the packed words."""
    return 4 * list(FIELDS).index(field)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a plan must be able to do. A wider one answers the same: `|` gives what serves both."""

    conditions: int = 0
    phases: int = 0
    days: int = 0
    words: int = 1
    samplings: int = 1
    switches: int = 0
    when: bool = False
    previous: bool = False
    previous_tests: bool = False
    days_met: bool = False
    colors: tuple[tuple[int, int], ...] = ()
    default_state: int = 0

    def __or__(self, other: "Shape") -> "Shape":
        """The shape that serves both; their colors must be the same."""
        if (self.colors, self.default_state) != (other.colors, other.default_state):
            raise ValueError("plans for different colors have no common shape")
        wide = {f.name: max(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Shape(**wide)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The rows of the parameter tables."""

    rules: list[Row]
    phases: list[Row]
    switches: list[Row]
    levels: list[Row]


def history_of(rules: Rules) -> RulesetHistory:
    """One ruleset alone is a history without switches."""
    return RulesetHistory.of([rules]) if isinstance(rules, Ruleset) else rules


def shape_of(rules: Rules, now: int) -> Shape:
    """The narrowest shape that serves some rulesets at an instant."""
    history, colors = history_of(rules), ruleset_at(rules, now).colors
    every = [rule for ruleset in history.rulesets for rule in ruleset.rules]
    phases = [p for rule in every if not rule.follows_area for p in rule.phases]
    tests = [p for p in phases if p.schedule is not None]
    days = [day for p in tests if p.schedule for day in p.schedule.days]
    counts = [p.schedule.count for p in tests if p.schedule] + [r.catch_up.count for r in every]
    return Shape(
        conditions=max((len(r.where) for r in every), default=0),
        phases=max((len(r.phases) for r in every if not r.follows_area), default=0),
        days=max((len(p.schedule.days) for p in tests if p.schedule), default=0),
        words=max(days, default=0) // WORD + 1,
        samplings=max(counts, default=1),
        switches=len(history.rulesets) - 1,
        when=any(p.when is not None for p in phases),
        previous=any(p.from_previous for p in phases),
        previous_tests=any(p.from_previous for p in tests),
        days_met=any(p.end is EndKind.tests and p.schedule is not None and bool(p.schedule.days) for p in tests),
        colors=tuple((c.severity, c.state) for c in colors.definitions if c.severity > colors.default.severity),
        default_state=colors.default.state,
    )


def parameters(rules: Rules, shape: Shape) -> Parameters:
    """The parameter rows of some rulesets for a plan of a shape that serves them."""
    history = history_of(rules)
    numbered = list(_numbered(history))
    numbers = {(place, rule.id): number for number, (place, rule) in enumerate(numbered)}
    return Parameters(
        rules=[_rule_row(n, rule, place, history, shape) for n, (place, rule) in enumerate(numbered)],
        phases=[row for n, (p, rule) in enumerate(numbered) for row in _phase_rows(n, p, rule, history, shape)],
        switches=[
            row for n, (place, rule) in enumerate(numbered) for row in _switch_rows(n, place, rule, history, numbers)
        ],
        levels=[row for n, (place, rule) in enumerate(numbered) for row in _level_rows(n, place, rule, history)],
    )


def _numbered(history: RulesetHistory) -> Iterator[tuple[int, Rule]]:
    for place, ruleset in enumerate(history.rulesets):
        for rule in ruleset.rules:
            yield place, rule


def _rule_row(number: int, rule: Rule, place: int, history: RulesetHistory, shape: Shape) -> Row:
    starts = history.starts
    row: Row = {
        "rule_no": number,
        "rule": rule.id,
        "place": place,
        "kind": KINDS[rule.evidence.value],
        # facts are taken under the ruleset in force when their day 0 was determined; the first takes what was before
        "taken_from": starts[place] if place else -_EVER,
        "taken_until": starts[place + 1] if place + 1 < len(starts) else _EVER,
        "anchor_from": ANCHORS.index(rule.anchor),
        "follows_area": rule.follows_area,
        "closed_by": sum(1 << i for i, event in enumerate(RELEASES) if event in rule.closed_by),
        "closed": span_constant(CLOSED_ORDINAL, place, -1, 0),
        "catch_count": rule.catch_up.count,
        "catch_spacing": rule.catch_up.spacing,
        "tested": any(p.schedule is not None for p in rule.phases),
    }
    for i in range(shape.conditions):
        row |= _condition_row(f"c{i}", rule.where[i] if i < len(rule.where) else None)
    return row


def _condition_row(name: str, condition: Condition | None) -> Row:
    """`yes` and `no` are the packed words for which it applies and does not; for any other it cannot tell."""
    values: dict[str, int | None] = {"shift": 0, "yes": _ALL, "no": 0, "low": None, "high": None}
    if condition is not None and condition.minimum is None and condition.maximum is None:
        words = FIELDS.get(condition.field, ())
        yes = sum(1 << (i + 1) for i, word in enumerate(words) if word in condition.values)
        known = condition.field in FIELDS
        values |= {
            "yes": yes,
            "no": (_ALL - 1) & ~yes if known else 0,
            "shift": shift_of(condition.field) if known else 0,
        }
    elif condition is not None and condition.field in NUMBERS:
        low, high = condition.minimum, condition.maximum
        values |= {"low": -_EVER if low is None else low, "high": _EVER if high is None else high}
    elif condition is not None:
        values |= {"yes": 0}
    return {f"{name}_{part}": values[part] for part in _CONDITION}


def _phase_rows(number: int, place: int, rule: Rule, history: RulesetHistory, shape: Shape) -> Iterator[Row]:
    """One row for each phase that the shape has: `p_end` is 0 where the rule has none."""
    for i in range(shape.phases):
        absent = i >= len(rule.phases) or rule.follows_area
        row = {"q_rule": number, "phase": i} | _phase_row("p", None if absent else rule.phases[i], shape)
        for held in (False, True):
            constant = 0 if absent else phase_constant(rule, history.rulesets[place], i, place, held=held)
            row["p_held" if held else "p_plain"] = constant
        yield row


def _phase_row(name: str, phase: Phase | None, shape: Shape) -> Row:
    schedule = phase.schedule if phase is not None else None
    days = schedule.days if schedule is not None else ()
    row: Row = {
        f"{name}_end": ENDS.index(phase.end) + 1 if phase is not None else 0,
        f"{name}_previous": phase is not None and phase.from_previous,
        f"{name}_last": phase.last if phase is not None else 0,
        f"{name}_event": EVENTS.index(phase.event) + 1 if phase is not None and phase.event is not None else 0,
        f"{name}_field": DAYS.index(phase.end_field) + 1 if phase is not None and phase.end_field in DAYS else 0,
        f"{name}_tests": 0 if schedule is None else 1 if days else 2,
        f"{name}_count": schedule.count if schedule is not None else 0,
        f"{name}_spacing": schedule.spacing if schedule is not None else 0,
        f"{name}_from": schedule.from_day if schedule is not None else 0,
        f"{name}_days": list(days),
    }
    for place in range(shape.days):
        row[f"{name}_day{place}"] = days[-1 - place] if place < len(days) else -1
    for word in range(shape.words):
        row[f"{name}_due{word}"] = sum(1 << (d - WORD * word) for d in days if d // WORD == word)
    return row | (_condition_row(f"{name}_when", phase.when if phase is not None else None) if shape.when else {})


def _switch_rows(
    number: int, first: int, rule: Rule, history: RulesetHistory, numbers: dict[tuple[int, str], int]
) -> Iterator[Row]:
    """The switches that a rule's grounds live through and that change them; no `next_no`: the ground ends."""
    for place in range(first + 1, len(history.rulesets)):
        ruleset = history.rulesets[place]
        transition = transition_of(ruleset, rule.id)
        if transition.mode == "continue":
            continue
        goes_on = transition.mode == "recompute" and rule_find(ruleset, rule.id) is not None
        yield {
            "first_no": number,
            "switch": place,
            "at": ruleset.from_,
            "at_day": day_of(ruleset.from_),
            "milder": not transition.may_worsen,
            "follows": rule.follows_area,
            "ended": span_constant(CLOSED_ORDINAL, place, -1, 0),
            "next_no": numbers[place, rule.id] if goes_on else None,
        }


def _level_rows(number: int, place: int, rule: Rule, history: RulesetHistory) -> Iterator[Row]:
    """Levels of a rule that follows areas: `ranked` packs severity, the earlier phase, and what its span packs."""
    if not rule.follows_area:
        return
    for level, i in {phase.level: i for i, phase in enumerate(rule.phases)}.items():
        constant = phase_constant(rule, history.rulesets[place], i, place, held=False)
        rank = rule.phases[i].severity * 16 + 15 - i
        yield {"rule_no": number, "level": level, "ranked": (rank << MINUTE_SHIFT) + constant}


def parameter_types(shape: Shape) -> dict[str, dict[str, str]]:
    """Column types of the parameter tables of a shape."""
    rule: dict[str, str] = dict.fromkeys(
        ("rule_no", "place", "kind", "taken_from", "taken_until", "anchor_from", "closed_by", "closed", "catch_count"),
        "int64",
    ) | {"catch_spacing": "int64", "rule": "string", "follows_area": "boolean", "tested": "boolean"}
    conditions = [f"c{i}" for i in range(shape.conditions)]
    numbers = ("end", "last", "event", "field", "tests", "count", "spacing", "from", "plain", "held")
    phase: dict[str, str] = {"q_rule": "int64", "phase": "int64"} | {f"p_{name}": "int64" for name in numbers}
    phase |= {f"p_day{d}": "int64" for d in range(shape.days)} | {f"p_due{w}": "int64" for w in range(shape.words)}
    phase |= {"p_previous": "boolean", "p_days": "array<int64>"}
    phase |= {f"p_when_{part}": "int64" for part in _CONDITION} if shape.when else {}
    rule |= {f"{c}_{part}": "int64" for c in conditions for part in _CONDITION}
    switch: dict[str, Any] = dict.fromkeys(("first_no", "switch", "at", "at_day", "ended", "next_no"), "int64")
    switch |= {"milder": "boolean", "follows": "boolean"}
    level = {"rule_no": "int64", "level": "string", "ranked": "int64"}
    return {"rules": rule, "phases": phase, "switches": switch, "levels": level}
