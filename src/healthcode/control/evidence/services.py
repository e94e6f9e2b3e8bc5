"""Recording evidence: reviewed, signed or declared facts, each checked against the closed list (C4). Append-only.

A correction is a later row that `supersedes` another, a rescission a later row with `rescinded`. What follows for the
color is `derivation.subjects_derive`'s to say, in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from healthcode.control.evidence.ids import ids_make
from healthcode.control.evidence.rows import chunks, rows_insert
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem
from healthcode.domain.evidence import (
    KIND_SPECS,
    Evidence,
    EvidenceError,
    EvidenceKind,
    evidence_check,
    evidence_timely,
)
from healthcode.domain.evidence_fields import FieldProblem
from healthcode.domain.time import Day, minute_of
from healthcode.domain.unit import UnitKind


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact to record. `occurred` is when it held (a test: sampling); `division` the county that owns its ground."""

    subject: int
    kind: EvidenceKind
    fields: Mapping[str, Any]
    occurred: datetime
    document: str
    anchor: Day | None = None
    division: str = ""
    supersedes: UUID | None = None
    rescinded: bool = False


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The provenance of a fact that two officers determined."""

    proposal: int
    proposer: int
    reviewer: int


@dataclass(frozen=True, slots=True)
class Designated:
    """The provenance of facts about a county's residents: an area that the county proposed and the city approved."""

    designation: int
    proposer: int
    reviewer: int


@dataclass(frozen=True, slots=True)
class Signed:
    """The provenance of facts from a signed batch."""

    batch: UUID


@dataclass(frozen=True, slots=True)
class Declared:
    """The person's own word."""


Provenance = Reviewed | Designated | Signed | Declared


@dataclass(slots=True)
class _Columns:
    rows: list[tuple[Fact, dict[str, Any]]] = field(default_factory=list)

    def of(self, ids: Sequence[UUID]) -> dict[str, tuple[str, list[Any]]]:
        facts = [fact for fact, _ in self.rows]
        return {
            "id": ("uuid", list(ids)),
            "subject_id": ("bigint", [f.subject for f in facts]),
            "kind": ("text", [f.kind.value for f in facts]),
            "fields": ("jsonb", [json.dumps(fields, ensure_ascii=False) for _, fields in self.rows]),
            "anchor_day": ("int", [f.anchor for f in facts]),
            "occurred_at": ("timestamptz", [f.occurred for f in facts]),
            "division": ("text", [f.division for f in facts]),
            "document": ("text", [f.document[:120] for f in facts]),
            "supersedes_id": ("uuid", [f.supersedes for f in facts]),
            "rescinded": ("boolean", [f.rescinded for f in facts]),
        }


def evidence_record(facts: Sequence[Fact], *, source: Unit, provenance: Provenance, now: datetime) -> list[UUID]:
    """Record facts of one provenance, learned `now`; returns their ids in the order of `facts`.

    Raises:
        Problem: 422 where fields, times or source do not fit the kind; each fault is named, nothing is recorded.
    """
    checked = [(fact, fact_check(fact, source_kind=UnitKind(source.kind), now=now)) for fact in facts]
    ids = ids_make(len(checked), now=now)
    proof = _proof(provenance)
    for part in chunks(range(len(checked))):
        rows = _Columns([checked[i] for i in part])
        rows_insert(
            "evidence_evidence", rows.of([ids[i] for i in part]), learned_at=now, source_unit_id=source.pk, **proof
        )
    return ids


def fact_check(fact: Fact, *, source_kind: UnitKind, now: datetime) -> dict[str, Any]:
    """The fields of `fact` in canonical form, if kind, fields, times and source fit.

    Raises:
        Problem: 422 `evidence_invalid` with one entry per field; 422 `source_not_permitted`.
    """
    spec = KIND_SPECS[fact.kind]
    if source_kind not in spec.units:
        raise Problem(
            422,
            "source_not_permitted",
            say("来源不符", "Source not permitted"),
            say(f"“{spec.name_zh}”不能由此类机构提供。", f"A unit of this kind may not supply “{spec.name_en}”."),
        )
    try:
        fields = evidence_check(fact.kind, fact.fields)
    except EvidenceError as error:
        raise _invalid(error.problems) from None
    late = evidence_timely(Evidence("new", fact.kind, fields, fact.anchor, minute_of(fact.occurred), minute_of(now)))
    if late is not None:
        raise _invalid((late,))
    return fields


def _invalid(problems: Sequence[FieldProblem]) -> Problem:
    return Problem(
        422,
        "evidence_invalid",
        say("依据填写有误", "The facts are not complete"),
        say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
        errors=[{"field": p.field, "code": p.code, "message": p.message} for p in problems],
    )


def _proof(provenance: Provenance) -> dict[str, object]:
    """The columns by which the database itself checks four eyes, signature or the person's own word."""
    if isinstance(provenance, Reviewed):
        return {
            "proposal_id": provenance.proposal,
            "proposer_id": provenance.proposer,
            "reviewer_id": provenance.reviewer,
            "review_verdict": "approve",
        }
    if isinstance(provenance, Designated):
        return {
            "designation_id": provenance.designation,
            "proposer_id": provenance.proposer,
            "reviewer_id": provenance.reviewer,
            "review_verdict": "approve",
        }
    return {"batch_id": provenance.batch} if isinstance(provenance, Signed) else {}
