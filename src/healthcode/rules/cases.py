"""Runs the test cases that stand beside the rules: each must be answered exactly (color.md, Rules are data)."""

from collections.abc import Mapping
from typing import Any

from healthcode.domain.time import MINUTES_PER_DAY, OFFSET, minute_parse, minute_text
from healthcode.rules.document import DocumentFault, area_from_json, evidence_from_json
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Case, EndKind, Rule, Ruleset
from healthcode.rules.problem import Problem
from healthcode.rules.result import Evaluation


def _answers(evaluation: Evaluation, rule_id: str) -> dict[str, object]:
    """What a case may ask about, by the names of its schema."""
    ground = next((g for g in evaluation.grounds if g.rule == rule_id), None)
    following = evaluation.timeline[0].minute if evaluation.timeline else None
    return {
        "color": evaluation.color,
        "phase": ground.phase if ground else None,
        "held": ground.held if ground else False,
        "pending": ground.pending if ground else False,
        "notices": sorted(n.id for n in evaluation.notices),
        "next": None if following is None else minute_text(following),
    }


def _wanted(name: str, value: Any) -> object:
    if name == "notices":
        return sorted(value)
    return minute_text(minute_parse(value)) if name == "next" and value is not None else value


def _differences(case: Case, expect: Mapping[str, Any], evaluation: Evaluation) -> list[Problem]:
    answers = _answers(evaluation, case.rule)
    problems = []
    for name, value in expect.items():
        if name != "at" and _wanted(name, value) != answers[name]:
            message = f"{case.name!r} at {expect['at']}: {name} is {answers[name]!r}, expected {value!r}"
            problems.append(Problem(case.file, case.line, "cases", message, "correct the rule or the case"))
    return problems


def case_problems(case: Case, ruleset: Ruleset) -> list[Problem]:
    """Every answer of one case that differs from what it expects."""
    try:
        evidence = [evidence_from_json(e, i) for i, e in enumerate(case.evidence)]
        areas = [area_from_json(a, i) for i, a in enumerate(case.areas)]
    except DocumentFault as error:
        return [Problem(case.file, case.line, "cases", f"{case.name!r} cannot be read: {error}")]
    problems: list[Problem] = []
    for expect in case.expect:
        try:
            now = minute_parse(str(expect["at"]))
            evaluation = evaluate(evidence, areas, ruleset, now, holds_code=case.holds_code)
            problems += _differences(case, expect, evaluation)
        except ValueError as error:
            problems.append(Problem(case.file, case.line, "cases", f"{case.name!r}: no such instant: {error}"))
    return problems


def _minutes(rule: Rule, ruleset: Ruleset) -> list[tuple[int, object]]:
    """Minute of the local day and phase of every answer that the cases of a rule ask for."""
    mine = [e for case in ruleset.cases if case.rule == rule.id for e in case.expect]
    return [((minute_parse(str(e["at"])) + OFFSET) % MINUTES_PER_DAY, e.get("phase", "")) for e in mine]


def _boundaries(rule: Rule, ruleset: Ruleset) -> list[Problem]:
    """Each phase must be seen by some case, the ground closed, and a midnight that ends a phase from both sides."""
    asked = _minutes(rule, ruleset)
    seen = {phase for _, phase in asked}
    faults = [
        (f"no case shows the phase {p.id!r}", "add an `expect` in it and one after it")
        for p in rule.phases
        if p.id not in seen
    ]
    if None not in seen:
        faults.append(("no case shows the ground closed", "add `phase: null`"))
    last, first = {p for m, p in asked if m == MINUTES_PER_DAY - 1}, any(m == 0 for m, _ in asked)
    faults += [
        (f"no case shows both sides of the midnight that ends {p.id!r}", "ask at 23:59 and at 00:00")
        for p in rule.phases
        if p.end is EndKind.days and (p.id not in last or not first)
    ]
    return [Problem(f"{rule.id}.cases.yaml", 1, "cases", message, hint) for message, hint in faults]


def ruleset_case_problems(ruleset: Ruleset) -> list[Problem]:
    """Every case that is not answered as written, and every phase and midnight that no case shows."""
    problems = [p for case in ruleset.cases for p in case_problems(case, ruleset)]
    return problems + [p for rule in ruleset.rules for p in _boundaries(rule, ruleset)]
