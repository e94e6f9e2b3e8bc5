"""Reading evidence and decisions for the consoles. Row policies decide whose; explanations come from the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthcode.control.areas.reading import areas_of
from healthcode.control.evidence.models import Decision
from healthcode.control.evidence.notes import offices_of
from healthcode.control.evidence.reading import evidence_of
from healthcode.control.language import language
from healthcode.control.people.models import Subject
from healthcode.control.rulesets.reading import rules_known, ruleset_in_force
from healthcode.domain.evidence import KIND_SPECS, Evidence, EvidenceKind
from healthcode.domain.time import Day, day_start, minute_of
from healthcode.rules.evaluate import evaluate
from healthcode.rules.explain import Explanation, explain
from healthcode.rules.model import Rule
from healthcode.rules.result import Evaluation
from healthcode.rules.words import Lang


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known and what follows, for one person at one instant."""

    evidence: tuple[Evidence, ...]
    evaluation: Evaluation
    explanation: Explanation


def subject_standing(number: int, *, now: datetime) -> Standing:
    """Evidence, answer and explanation of one person, in the language of the request."""
    return _standing(number, tuple(evidence_of([number]).get(number, ())), now)


def subject_if(number: int, supposed: Evidence, *, now: datetime) -> Standing:
    """What would follow for one person if `supposed` were recorded: shown to officers before they propose."""
    return _standing(number, (*evidence_of([number]).get(number, ()), supposed), now)


def supposed(kind: EvidenceKind, fields: dict[str, object], anchor: Day, *, county: str, now: datetime) -> Evidence:
    """A fact as it would be recorded now, not recorded anywhere."""
    return Evidence(
        id="supposed",
        kind=kind,
        fields=fields,
        anchor=anchor,
        occurred=min(day_start(anchor), minute_of(now)),
        learned=minute_of(now),
        county=county,
    )


def unclear_about(fact: Evidence, *, now: datetime) -> str:
    """Why the rules in force could not tell what follows from `fact`; empty where they can."""
    evaluation = evaluate([fact], areas_of([fact]).of([fact]), rules_known().rules, minute_of(now), holds_code=True)
    return "; ".join(problem.reason for problem in evaluation.unclear)


def rules_for(kind: EvidenceKind, *, now: datetime) -> tuple[Rule, ...]:
    """The rules in force that open a ground from this kind of evidence."""
    return tuple(ruleset_in_force(minute_of(now)).by_kind.get(kind, ()))


def kind_title(kind: str) -> str:
    """The name of a kind of evidence in the language of the request."""
    spec = KIND_SPECS[EvidenceKind(kind)]
    return spec.name_zh if language() == "zh" else spec.name_en


def decisions_of(number: int) -> list[Decision]:
    """The person's decisions, newest first, as far as the act may see them."""
    return list(Decision.objects.filter(subject_id=number).order_by("-version")[:20])


def _standing(number: int, evidence: tuple[Evidence, ...], now: datetime) -> Standing:
    rules = rules_known().rules
    holds = Subject.objects.values_list("holds_code", flat=True).get(pk=number)
    at = max([minute_of(now), *(e.learned for e in evidence)])
    evaluation = evaluate(evidence, areas_of(evidence).of(evidence), rules, at, holds_code=holds)
    lang: Lang = "zh" if language() == "zh" else "en"
    offices = offices_of({g.county for g in evaluation.grounds})
    return Standing(evidence, evaluation, explain(evaluation, rules, evidence, lang, offices=offices))
