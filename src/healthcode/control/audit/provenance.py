"""Whether a row of evidence came to be as it says: by two officers, by a signed batch, or by the person's own word.

The same facts are constraints of the tables (`casework/four_eyes.sql`); this asks again, because who owns the tables
can drop a constraint.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthcode.control.audit.findings import Finding
from healthcode.control.audit.trail import Recorded, Signed
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.schema import SPECS
from healthcode.control.exchange.signature import signature_check
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind


def evidence_findings(row: Recorded) -> Iterator[Finding]:
    """What is wrong with how this row came to be."""
    spec = KIND_SPECS[row.evidence.kind]
    if row.evidence.unit not in spec.units:
        yield _finding("source_not_permitted", row, str(row.evidence.unit))
    if row.proposal is not None:
        yield from _reviewed(row)
    elif row.designation is not None:
        yield from _designated(row)
    elif row.evidence.batch:
        yield from _of_batch(row, reviewed=spec.reviewed)
    elif row.evidence.kind is not EvidenceKind.declaration:
        yield _finding("source_missing", row, row.evidence.kind.value)


def _reviewed(row: Recorded) -> Iterator[Finding]:
    said = row.determined
    if said.reviewer is None:
        yield _finding("review_missing", row, f"proposal {row.proposal}")
    elif said.verdict != "approve" or row.verdict != "approve":
        yield _finding("review_not_approval", row, f"proposal {row.proposal}")
    if row.reviewer in (row.proposer, said.proposer) or (
        said.reviewer is not None and said.reviewer in (said.proposer, row.proposer)
    ):
        yield _finding("four_eyes", row, f"officer {row.reviewer}")
    if said.reviewer is not None and (
        (row.proposer, row.reviewer) != (said.proposer, said.reviewer) or said.review_proposer != said.proposer
    ):
        yield _finding("review_differs", row, f"proposal {row.proposal}")
    differs = _not_as_proposed(row)
    if differs:
        yield _finding("determination_differs", row, ", ".join(differs))


def _designated(row: Recorded) -> Iterator[Finding]:
    """A resident's row: the county proposed the area, another officer of the city approved it."""
    said, place = row.designated, f"designation {row.designation}"
    if said.reviewer is None:
        yield _finding("review_missing", row, place)
        return
    if said.verdict != "approve" or row.verdict != "approve":
        yield _finding("review_not_approval", row, place)
    if said.reviewer in (said.proposer, row.proposer) or row.reviewer == row.proposer:
        yield _finding("four_eyes", row, f"officer {row.reviewer}")
    if (row.proposer, row.reviewer) != (said.proposer, said.reviewer) or said.approval_proposer != said.proposer:
        yield _finding("review_differs", row, place)
    if row.evidence.kind is not EvidenceKind.area_stay or row.fields.get("area") != said.area:
        yield _finding("determination_differs", row, "area")


def _not_as_proposed(row: Recorded) -> list[str]:
    fact, said = row.evidence, row.determined
    pairs = {
        "outcome": ("confirm", said.outcome),
        "subject": (row.number, said.subject),
        "kind": (fact.kind.value, said.kind),
        "day": (fact.anchor, said.anchor),
        "county": (fact.county, said.division),
        "fields": (dict(row.fields), dict(said.fields or {})),
    }
    return [name for name, (is_, proposed) in pairs.items() if is_ != proposed]


def _of_batch(row: Recorded, *, reviewed: bool) -> Iterator[Finding]:
    if reviewed:
        yield _finding("source_missing", row, f"{row.evidence.kind.value} needs a review")
    spec = SPECS.get(row.batch_kind or "")
    of_its_kind = spec is not None and not spec.leads and spec.evidence is row.evidence.kind
    if row.evidence.rescinded:
        if not of_its_kind or row.batch_unit != row.source_unit:
            yield _finding("batch_differs", row, f"batch {row.evidence.batch}")
        if not row.rolled_back:
            yield _finding("rollback_missing", row, f"batch {row.evidence.batch}")
    elif not of_its_kind or (row.batch_unit, row.batch_at) != (row.source_unit, row.learned_at):
        yield _finding("batch_differs", row, f"batch {row.evidence.batch}")


def batch_findings(batch: Signed) -> Iterator[Finding]:
    """What is wrong with a signed batch: its signature, its import event, the number and the content of its rows."""
    name = f"batch {batch.id}"
    try:
        signature_check(batch.key, batch.digest, batch.signature)
    except FileFault as fault:
        yield Finding("batch_signature", name, detail=fault.code)
    event = batch.event
    if event is None or (event.get("unit"), event.get("digest")) != (batch.unit, batch.digest.hex()):
        yield Finding("batch_event", name)
    elif event.get("new") != batch.evidence:
        yield Finding("batch_rows", name, detail=f"{batch.evidence} rows, {event.get('new')} imported")
    elif event.get("content") != batch.content:
        yield Finding("batch_content", name)


def _finding(code: str, row: Recorded, detail: str) -> Finding:
    return Finding(code, f"evidence {row.evidence.id}", row.number, detail)
