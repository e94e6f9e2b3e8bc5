"""What follows for the people of one shape: evaluated, explained and encoded once, given to each with her own ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from healthcode.control.areas.book import AreaBook
from healthcode.control.evidence.notes import grounds_note
from healthcode.control.evidence.replay import canonical_json, record_derive
from healthcode.control.evidence.shapes import Shape, ids_exchange, ids_exchange_bytes
from healthcode.control.rulesets.reading import Known
from healthcode.domain.evidence import Evidence
from healthcode.domain.time import Minute
from healthcode.rules.document import evaluation_to_json
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.rules.explain import Offices
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import ruleset_last
from healthcode.table.record import Transition, record_encode
from healthcode.table.timeline import timeline_cut


@dataclass(frozen=True, slots=True)
class State:
    """A subject's locked state, and what else the answer takes from the subject."""

    number: int
    version: int
    generation: int
    color: str
    had_grounds: bool
    ruleset: str
    publications: int
    holds_code: bool
    division: str


@dataclass(frozen=True)
class Answer:
    """The answer for somebody (`ids` are hers) of one shape, one version and one generation."""

    known: Known
    evaluation: Evaluation
    evidence: tuple[Evidence, ...]
    areas: AreaBook
    ids: tuple[str, ...]
    record: bytes
    grounds: bytes | None
    exact_until: Minute | None

    @cached_property
    def ruleset(self) -> str:
        """How state and decision name the ruleset in force at the instant of the answer."""
        return f"{self.evaluation.ruleset}@{self.evaluation.version}"

    @cached_property
    def document(self) -> str:
        """The evaluation as canonical JSON."""
        return canonical_json(evaluation_to_json(self.evaluation, self.known.rules)).decode()

    @cached_property
    def approvals(self) -> list[int]:
        """The approved designations that the answer rests on."""
        return self.areas.approvals(self.evidence)

    @cached_property
    def county(self) -> str:
        """The county that owns the worst ground, empty where none does."""
        return next((g.county for g in self.evaluation.grounds if g.color == self.evaluation.color and g.county), "")


@dataclass(slots=True)
class Derived:
    """One subject's new answer. `decision` is its id where it is a decision."""

    state: State
    answer: Answer
    ids: tuple[str, ...]
    decision: UUID | None = None

    @property
    def version(self) -> int:
        """The version that the answer gets."""
        return self.state.version + 1

    @property
    def grounds(self) -> bytes | None:
        """The payload for her page, None where no ground and no notice is open."""
        note = self.answer.grounds
        return None if note is None else ids_exchange_bytes(note, self.answer.ids, self.ids)

    @property
    def document(self) -> str:
        """Her evaluation as canonical JSON."""
        return ids_exchange(self.answer.document, self.answer.ids, self.ids)

    @property
    def division(self) -> str:
        """The county that owns the worst ground, else the one where the person is."""
        return self.answer.county or self.state.division


def answer_derive(
    state: State,
    shape: Shape,
    evidence: Sequence[Evidence],
    areas: AreaBook,
    known: Known,
    offices: Offices,
    now: Minute,
) -> Answer:
    """Evaluate one subject and encode what the edges need."""
    rules, evidence = known.rules, tuple(evidence)
    # An act that waited for the lock may have begun before the evidence it now sees was learned.
    at = max([now, *(e.learned for e in evidence)])
    evaluation = evaluate(evidence, areas.of(evidence), rules, at, holds_code=state.holds_code)
    steps = [Transition(*step) for step in record_steps(evaluation, rules)]
    record = record_derive(evaluation, rules, version=state.version + 1, generation=state.generation)
    return Answer(
        known=known,
        evaluation=evaluation,
        evidence=evidence,
        areas=areas,
        ids=shape.ids,
        record=record_encode(record),
        grounds=grounds_note(evaluation, rules, evidence, version=state.version + 1, offices=offices),
        exact_until=timeline_cut(steps, severity=ruleset_last(rules).colors.severity_of_state).exact_until,
    )
