"""`color audit`: everything that is stored, derived again; each thing that does not follow, named (Art. 27, 42).

An audit trusts rows, rulebook and the units' registered keys; it trusts no cached answer, no constraint and no
service. It uses the rules and the formats and none of the application's writing code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from healthcode.control.audit.answers import Rulesets, answer_findings
from healthcode.control.audit.areas import step_findings
from healthcode.control.audit.findings import Finding
from healthcode.control.audit.leaves import committed_findings, leaf_findings
from healthcode.control.audit.provenance import batch_findings, evidence_findings
from healthcode.control.audit.services import milliseconds
from healthcode.control.audit.store import AuditStore
from healthcode.control.audit.trail import Leaf
from healthcode.control.evidence.replay import Decided

Progress = Callable[[int], None]
"""Called after each subject with how many are done."""


@dataclass(slots=True)
class Tally:
    """What an audit looked at."""

    subjects: int = 0
    decisions: int = 0
    evidence: int = 0
    records: int = 0
    batches: int = 0
    leaves: int = 0


def audit(store: AuditStore, rulesets: Rulesets, *, tally: Tally, progress: Progress) -> Iterator[Finding]:
    """Every finding as it is made; `tally` counts along. Memory holds one subject, and one instant's decisions."""
    for trail in store.trails():
        for row in trail.evidence:
            yield from evidence_findings(row)
        yield from answer_findings(trail, rulesets)
        tally.subjects += 1
        tally.decisions += len(trail.decisions)
        tally.evidence += len(trail.evidence)
        tally.records += len(trail.told)
        progress(tally.subjects)
    for batch in store.batches():
        yield from batch_findings(batch)
        tally.batches += 1
    book, restraints = store.areas(), store.restraints()
    for step in store.steps():
        yield from step_findings(step, book.approved[step.code], restraints, rulesets)
    yield from _ledger(store, tally)


def _ledger(store: AuditStore, tally: Tally) -> Iterator[Finding]:
    """Leaves and decisions go side by side in the order of time: what is decided together is committed together."""
    decisions = _by_instant(store.decisions())
    waiting = next(decisions, None)
    for at, group in groupby(store.leaves(), key=_leaf_time):
        leaves = list(group)
        for leaf in leaves:
            yield from leaf_findings(leaf)
        tally.leaves += len(leaves)
        while waiting is not None and waiting[0] < at:
            yield from committed_findings(waiting[1], ())
            waiting = next(decisions, None)
        together = waiting[1] if waiting is not None and waiting[0] == at else []
        yield from committed_findings(together, leaves)
        if together:
            waiting = next(decisions, None)
    while waiting is not None:
        yield from committed_findings(waiting[1], ())
        waiting = next(decisions, None)


def _leaf_time(leaf: Leaf) -> int:
    return -1 if leaf.at is None else milliseconds(leaf.at)


def _by_instant(decisions: Iterator[Decided]) -> Iterator[tuple[int, list[Decided]]]:
    for at, group in groupby(decisions, key=lambda decided: milliseconds(decided.decided_at)):
        yield at, list(group)
