"""Replaying decisions: pure composition of stored rows and rules. No database, no Django, no clock.

Replay law: a decision is a function of the evidence that it names, of whether the person held a code, of the rules
as they were known and of its instant. So anybody who can read the rows can say what it should have been
(`decision_replay`), and what the answer was at any other instant by the same knowledge (`answer_at`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from healthcode.domain.area import Area
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import Minute, minute_of
from healthcode.domain.unit import UnitKind
from healthcode.rules.document import evaluation_to_json
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import Rules, ruleset_last
from healthcode.table.record import Record, Transition
from healthcode.table.timeline import record_build

NO_AREAS: Final[tuple[Area, ...]] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is stored."""

    id: UUID
    number: int
    version: int
    decided_at: datetime
    color: str
    holds_code: bool
    evaluation: Mapping[str, Any]
    ruleset: str
    evidence_ids: tuple[str, ...]
    area_approvals: tuple[int, ...] = ()
    publications_known: int = 0

    def known(self, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """What this decision knew of `evidence`, in the order of learning."""
        named = set(self.evidence_ids)
        return tuple(record for record in evidence if record.id in named)


def evidence_read(
    *,
    key: UUID,
    kind: str,
    fields: str | Mapping[str, Any],
    anchor: int | None,
    occurred: datetime,
    learned: datetime,
    division: str,
    document: str,
    batch: UUID | None,
    supersedes: UUID | None,
    rescinded: bool,
    unit_kind: str,
    unit_name: str,
) -> Evidence:
    """A row of evidence as the rules take it."""
    values = json.loads(fields) if isinstance(fields, str) else fields
    return Evidence(
        id=str(key),
        kind=EvidenceKind(kind),
        fields={name: tuple(value) if isinstance(value, list) else value for name, value in values.items()},
        anchor=anchor,
        occurred=minute_of(occurred),
        learned=minute_of(learned),
        supersedes=str(supersedes) if supersedes else None,
        rescinded=rescinded,
        unit=UnitKind(unit_kind),
        source=unit_name,
        county=division,
        document=document,
        batch=str(batch) if batch else "",
    )


def instant_decided(at: datetime, evidence: Sequence[Evidence]) -> Minute:
    """The instant of an answer given `at`: an act that waited for its lock may see what was learned after it began."""
    return max([minute_of(at), *(record.learned for record in evidence)])


def decision_replay(
    decided: Decided, evidence: Sequence[Evidence], rules: Rules, areas: Sequence[Area] = NO_AREAS
) -> Evaluation:
    """What the decision should have been: its own evidence under its own ruleset at its own instant."""
    known = decided.known(evidence)
    at = instant_decided(decided.decided_at, known)
    return evaluate(known, areas, rules, at, holds_code=decided.holds_code)


def decision_faults(decided: Decided, answer: Evaluation, rules: Rules) -> list[str]:
    """The parts in which a stored decision is not `answer`: `color`, or keys of its evaluation. Empty: it follows."""
    derived = evaluation_to_json(answer, rules)
    parts = {**derived, **decided.evaluation}
    faults = [name for name in parts if decided.evaluation.get(name) != derived.get(name)]
    return faults if decided.color == answer.color or "color" in faults else ["color", *faults]


def answer_at(
    decided: Decided, evidence: Sequence[Evidence], rules: Rules, at: Minute, areas: Sequence[Area] = NO_AREAS
) -> Evaluation:
    """What the answer should have been at `at`, knowing what the decision knew and nothing else."""
    return evaluate(decided.known(evidence), areas, rules, at, holds_code=decided.holds_code)


def record_derive(answer: Evaluation, rules: Rules, *, version: int, generation: int) -> Record:
    """The 32-byte record that the edges must hold for `answer`."""
    return record_build(
        [Transition(*step) for step in record_steps(answer, rules)],
        version=version,
        generation=generation,
        severity=ruleset_last(rules).colors.severity_of_state,
        doses=answer.doses,
        last_negative=answer.last_negative,
    )


def decision_content(decided: Decided) -> dict[str, Any]:
    """What the ledger's leaf binds of a decision."""
    return content_of(
        decision=decided.id,
        number=decided.number,
        version=decided.version,
        color=decided.color,
        ruleset=decided.ruleset,
        evidence=decided.evidence_ids,
        areas=decided.area_approvals,
        publications=decided.publications_known,
        evaluation=canonical_json(decided.evaluation),
    )


def content_of(
    *,
    decision: UUID,
    number: int,
    version: int,
    color: str,
    ruleset: str,
    evidence: Sequence[str],
    areas: Sequence[int],
    publications: int,
    evaluation: bytes,
) -> dict[str, Any]:
    """The same from its parts; `evaluation` is canonical JSON."""
    return {
        "decision": str(decision),
        "person": number,
        "version": version,
        "color": color,
        "ruleset": ruleset,
        "evidence": list(evidence),
        "areas": list(areas),
        **({"publications": publications} if publications else {}),
        "evaluation": hashlib.sha256(evaluation).hexdigest(),
    }


def decision_digest(decided: Decided) -> str:
    """The digest, in hex, by which a leaf of many decisions binds each. It covers the decision's random id."""
    return content_digest(decision_content(decided))


def content_digest(content: Mapping[str, Any]) -> str:
    """The digest, in hex, of what a leaf binds of one decision."""
    return hashlib.sha256(canonical_json(dict(content))).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
