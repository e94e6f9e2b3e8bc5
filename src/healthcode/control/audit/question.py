"""One subject for an auditor: why is she this color, and what should it have been then, by what was known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthcode.control.audit.answers import Rulesets
from healthcode.control.audit.store import AuditStore
from healthcode.control.audit.trail import Trail
from healthcode.control.evidence.replay import Decided, answer_at, instant_decided
from healthcode.domain.evidence import Evidence
from healthcode.domain.time import Minute
from healthcode.rules.document import evaluation_from_json
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import Rules, ruleset_at


class QuestionError(LookupError):
    """There is no such subject, version or ruleset; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows, from what, under which rules."""

    evaluation: Evaluation
    evidence: tuple[Evidence, ...]
    rules: Rules

    @property
    def ruleset(self) -> Ruleset:
        """The one in force at the instant of the answer."""
        return ruleset_at(self.rules, self.evaluation.now)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What should have been, and what the stored decision said for that instant; None before it was made."""

    answer: Answer
    decided: Decided
    said: str | None

    @property
    def agrees(self) -> bool:
        """Whether what was said then is what should have been."""
        return self.said in (None, self.answer.evaluation.color)


def subject_trail(store: AuditStore, number: int) -> Trail:
    """Everything about the one subject the store was opened for; raises QuestionError."""
    for trail in store.trails():
        return trail
    raise QuestionError(f"there is no subject {number}")


def subject_answer(trail: Trail, rulesets: Rulesets, *, now: datetime) -> Answer:
    """What follows now from all that is recorded, under the ruleset of the cached answer; raises QuestionError."""
    rules = _rules(rulesets, trail.state.ruleset, trail.state.publications_known, trail.state.number)
    evidence = tuple(row.evidence for row in trail.evidence)
    at = instant_decided(now, evidence)
    evaluation = evaluate(evidence, trail.areas.of(evidence), rules, at, holds_code=trail.state.holds_code)
    return Answer(evaluation, evidence, rules)


def subject_replay(trail: Trail, rulesets: Rulesets, *, as_of: Minute, as_known: int) -> Replayed:
    """What the answer should have been at `as_of`, knowing what version `as_known` knew; raises QuestionError.

    A version without a decision of its own knew what the decision before it knew, but for tests that only renew.
    """
    decided = next((d for d in reversed(trail.decisions) if d.version <= as_known), None)
    if decided is None or as_known > trail.state.version:
        known = ", ".join(str(d.version) for d in trail.decisions) or "none"
        raise QuestionError(f"subject {trail.state.number} has no version {as_known}; there are decisions: {known}")
    rules = _rules(rulesets, decided.ruleset, decided.publications_known, trail.state.number)
    evidence = tuple(row.evidence for row in trail.evidence)
    areas = trail.areas.of(decided.known(evidence), known=decided.area_approvals)
    evaluation = answer_at(decided, evidence, rules, as_of, areas)
    return Replayed(Answer(evaluation, decided.known(evidence), rules), decided, _said(decided, rules, as_of))


def _said(decided: Decided, rules: Rules, at: Minute) -> str | None:
    """What the decision's timeline announced for `at`."""
    stored = evaluation_from_json(dict(decided.evaluation), rules)
    if at < stored.now:
        return None
    return next((step.color for step in reversed(stored.timeline) if step.minute <= at), decided.color)


def _rules(rulesets: Rulesets, key: str, known: int, number: int) -> Rules:
    found = rulesets(key, known) if key else None
    if found is None:
        raise QuestionError(
            f"the rulebook has no ruleset {key!r}" if key else f"subject {number} has not been derived yet"
        )
    return found
