"""What a schema cannot see: references, reachable phases, ends, sourced numbers (color.md, Rules are data)."""

from collections.abc import Mapping
from typing import Any

from healthcode.domain.area import AreaLevel
from healthcode.domain.evidence import EvidenceKind
from healthcode.rules.model import EndKind, Event, Phase, Rule, Ruleset
from healthcode.rules.problem import Problem
from healthcode.rules.source import Path, Source


def rule_problems(source: Source, rule: Rule, listed_as: str) -> list[Problem]:
    """Faults of one rule by itself."""
    problems: list[Problem] = []
    if rule.id != listed_as:
        problems.append(source.problem(("rule",), f"the file is named for {listed_as!r}", f"write `rule: {listed_as}`"))
    seen: set[str] = set()
    for index, phase in enumerate(rule.phases):
        if phase.id in seen:
            problems.append(source.problem(("phases", index, "id"), f"{phase.id!r} stands twice"))
        seen.add(phase.id)
        problems += _phase_problems(source, rule, index, phase)
    if rule.follows_area and any(p.end is not EndKind.area for p in rule.phases):
        problems.append(source.problem(("phases",), "while_area does not mix with other phases", "write two rules"))
    if rule.follows_area and rule.evidence is not EvidenceKind.area_stay:
        problems.append(source.problem(("evidence",), "only area_stay follows an area", "write `evidence: area_stay`"))
    problems += _test_problems(source, rule)
    return problems + _source_problems(source, rule)


def _test_problems(source: Source, rule: Rule) -> list[Problem]:
    """A test opens a ground only when positive: the evaluators read nothing else of it."""
    if rule.evidence is not EvidenceKind.test:
        return []
    results = {v for c in rule.where if c.field == "result" for v in c.values}
    if results == {"positive"}:
        return []
    return [source.problem(("where",), "a test opens a ground only by a positive result", "write `result: [positive]`")]


def _phase_problems(source: Source, rule: Rule, index: int, phase: Phase) -> list[Problem]:
    path = ("phases", index)
    problems: list[Problem] = []
    before = rule.phases[index - 1] if index else None
    if phase.end is EndKind.days and not phase.from_previous:
        expected = before.last + 1 if before and before.end in (EndKind.days, EndKind.tests) else 0
        timed = before is None or (before.end in (EndKind.days, EndKind.tests) and before.when is None)
        if not timed:
            hint = "write `from: previous`"
            problems.append(source.problem((*path, "days"), "no day is known on which the phase before ends", hint))
        elif phase.first != expected:
            hint = f"begin with day {expected}"
            problems.append(source.problem((*path, "days"), "the phases leave a gap or overlap", hint))
    if phase.from_previous and before is None:
        problems.append(source.problem((*path, "from"), "no phase stands before the first", "write `from: anchor`"))
    if phase.end is EndKind.tests and phase.schedule is None:
        problems.append(source.problem((*path, "until"), "ends by tests, but has none", "add `tests:`"))
    if phase.schedule and phase.end not in (EndKind.days, EndKind.tests):
        problems.append(source.problem((*path, "tests"), "tests need a phase of days or one ended by them"))
    if phase.schedule and any(not phase.first <= d <= phase.last for d in phase.schedule.days):
        hint = f"days {phase.first} to {phase.last}"
        problems.append(source.problem((*path, "tests", "days"), "a test day lies outside the phase", hint))
    return problems + _event_problems(source, rule, index, phase)


def _event_problems(source: Source, rule: Rule, index: int, phase: Phase) -> list[Problem]:
    path = ("phases", index, "until", "event")
    if phase.event is Event.single_test and rule.evidence is not EvidenceKind.test:
        return [source.problem(path, "single_test ends the ground of a pooled test only", "use another event")]
    if phase.event is Event.replaced and rule.evidence is not EvidenceKind.outside_status:
        return [source.problem(path, "replaced is another region's word about outside_status", "use another event")]
    if phase.event in rule.closed_by:
        return [source.problem(path, "the same event closes the whole ground", "take it out of `closed_by`")]
    return []


def sourced_fields(rule: Rule) -> list[str]:
    """The names under `sources:` that a rule must have: every color, day, test, review and catch-up number."""
    names: list[str] = []
    for phase in rule.phases:
        names.append(f"{phase.id}.color")
        names.append(f"{phase.id}.{'days' if phase.end is EndKind.days else 'until'}")
        if phase.schedule:
            names.append(f"{phase.id}.tests")
    return [*names, "catch_up"] if any(p.schedule for p in rule.phases) else names


def _source_problems(source: Source, rule: Rule) -> list[Problem]:
    wanted = sourced_fields(rule)
    problems = [
        source.problem(
            ("sources",), f"{name!r} names no source", f"add `{name}: <reference>` (`default` if nobody says)"
        )
        for name in wanted
        if name not in rule.sources
    ]
    extra = [name for name in rule.sources if name not in wanted]
    return problems + [source.problem(("sources", n), "no such number in this rule", "remove it") for n in extra]


def _declared_problems(source: Source, rule: Rule, ruleset: Ruleset) -> list[Problem]:
    """References and notices that a rule uses and the head does not declare."""
    known = ", ".join(ruleset.references)
    used: list[tuple[Path, str]] = [(("clause", "source"), rule.clause.source)]
    used += [(("sources", key), value) for key, value in rule.sources.items()]
    problems = [
        source.problem(path, f"{reference!r} is no reference", f"one of: {known}")
        for path, reference in used
        if reference not in ruleset.references
    ]
    notices: list[tuple[Path, str]] = [
        (("phases", i, "notices"), n) for i, p in enumerate(rule.phases) for n in p.notices
    ]
    notices.append((("hold_notice",), rule.hold_notice or ""))
    return problems + [
        source.problem(path, f"{notice!r} is not declared", "declare it under `notices:` in ruleset.yaml")
        for path, notice in notices
        if notice not in ruleset.notices
    ]


def _head_problems(head: Source, ruleset: Ruleset) -> list[Problem]:
    """Abolished rules that still stand, downgrades upwards, and numbers of the head without a declared source."""
    problems = [
        head.problem(("abolished", r.id), "the rule stands in this ruleset", "take it out of `abolished`")
        for r in ruleset.rules
        if r.id in ruleset.abolished
    ]
    order = [AreaLevel.low, AreaLevel.medium, AreaLevel.high]
    for index, step in enumerate(ruleset.area_levels):
        if step.to is not None and order.index(step.to) >= order.index(step.level):
            problems.append(head.problem(("area_levels", index, "to"), "no lower level", "downgrades go down"))
    levels = [step.level for step in ruleset.area_levels]
    problems += [
        head.problem(("area_levels", index, "level"), f"{level} stands here twice", "one downgrade for each level")
        for index, level in enumerate(levels)
        if level in levels[:index]
    ]
    data: Mapping[str, Any] = head.value if isinstance(head.value, dict) else {}
    used: list[tuple[Path, str]] = [
        (("abolished", k, "source"), a["source"]) for k, a in data.get("abolished", {}).items()
    ]
    used += [(("area_levels", i, "source"), d.source) for i, d in enumerate(ruleset.area_levels)]
    known = ", ".join(ruleset.references)
    return problems + [
        head.problem(path, f"{reference!r} is no reference", f"one of: {known}")
        for path, reference in used
        if reference not in ruleset.references
    ]


def _case_problems(sources: Mapping[str, Source]) -> list[Problem]:
    problems: list[Problem] = []
    for name, source in sources.items():
        owner = source.value.get("rule") if isinstance(source.value, dict) else None
        if name.endswith(".cases.yaml") and name != f"{owner}.cases.yaml":
            problems.append(source.problem(("rule",), f"the cases stand beside another rule than {owner!r}"))
    return problems


def ruleset_problems(head: Source, ruleset: Ruleset, sources: Mapping[str, Source]) -> list[Problem]:
    """Faults between the files: references and notices that nobody declared, doubled bits, periods."""
    problems = _case_problems(sources)
    for rule in ruleset.rules:
        problems += _declared_problems(sources[f"{rule.id}.yaml"], rule, ruleset)
    problems += _head_problems(head, ruleset)
    bits = [n.bit for n in ruleset.notices.values()]
    if len(set(bits)) != len(bits):
        problems.append(head.problem(("notices",), "two notices share a bit", "give each its own number from 0 to 15"))
    if ruleset.until is not None and ruleset.until <= ruleset.from_:
        problems.append(head.problem(("until",), "ends before it begins", "write a later instant"))
    return problems
