"""Whether a subject's decisions, cached answer and records follow from her evidence and the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from healthcode.control.audit.findings import Finding
from healthcode.control.audit.trail import State, Told, Trail
from healthcode.control.evidence.replay import (
    Decided,
    decision_faults,
    decision_replay,
    instant_decided,
    record_derive,
)
from healthcode.domain.color import ABSENT
from healthcode.domain.evidence import Evidence
from healthcode.rules.evaluate import evaluate
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import Rules
from healthcode.table.record import Record, RecordError, record_decode, record_encode

Rulesets = Callable[[str, int], Rules | None]
"""From the key by which decisions name a ruleset, `id@version`, and the last publication that they knew, to the rules
as they were known; None where no such ruleset is among them."""


def answer_findings(trail: Trail, rulesets: Rulesets) -> Iterator[Finding]:
    """What does not follow: each decision, then the cached answer, then what the edges were told."""
    evidence = tuple(row.evidence for row in trail.evidence)
    derived: dict[int, Evaluation] = {}
    before: set[str] = set()
    for decided in trail.decisions:
        yield from _decision(decided, trail, evidence, rulesets, derived)
        if not before <= set(decided.evidence_ids):
            yield _of(decided, "decision_forgets")
        before |= set(decided.evidence_ids)
        if decided.version > trail.state.version:
            yield _of(decided, "decision_version", f"{decided.version} > {trail.state.version}")
    yield from _state(trail, evidence, rulesets, derived)
    yield from _told(trail, rulesets, derived)


def _decision(
    decided: Decided,
    trail: Trail,
    evidence: tuple[Evidence, ...],
    rulesets: Rulesets,
    derived: dict[int, Evaluation],
) -> Iterator[Finding]:
    missing = set(decided.evidence_ids) - {record.id for record in evidence}
    if missing:
        yield _of(decided, "decision_evidence_missing", ", ".join(sorted(missing)))
    rules = rulesets(decided.ruleset, decided.publications_known)
    if rules is None:
        yield _of(decided, "ruleset_unknown", decided.ruleset)
        return
    areas = trail.areas.of(decided.known(evidence), known=decided.area_approvals)
    answer = decision_replay(decided, evidence, rules, areas)
    faults = decision_faults(decided, answer, rules)
    if faults:
        yield _of(decided, "decision_differs", f"{', '.join(faults)}: {decided.color} / {answer.color}")
    derived[decided.version] = answer


def _state(
    trail: Trail, evidence: tuple[Evidence, ...], rulesets: Rulesets, derived: dict[int, Evaluation]
) -> Iterator[Finding]:
    state = trail.state
    name = f"state {state.number}"
    if state.evaluated_at is None:
        if evidence or state.version or state.color != ABSENT:
            yield Finding("state_missing", name, state.number)
        return
    rules = rulesets(state.ruleset, state.publications_known)
    if rules is None:
        yield Finding("ruleset_unknown", name, state.number, state.ruleset)
        return
    at = instant_decided(state.evaluated_at, evidence)
    decided = derived.get(state.version) if _knows_all(trail, evidence) else None
    same = decided is not None and decided.now == at
    areas = trail.areas.of(evidence)
    answer = decided if decided and same else evaluate(evidence, areas, rules, at, holds_code=state.holds_code)
    if answer.color != state.color:
        yield Finding("state_differs", name, state.number, f"{state.color} / {answer.color}")
    record = record_derive(answer, rules, version=state.version, generation=state.generation)
    if record_encode(record) != state.record:
        yield Finding("record_differs", name, state.number, _difference(state.record, record))
    if _undecided(trail, evidence, rulesets, answer):
        yield Finding("decision_missing", name, state.number, answer.color)


def _knows_all(trail: Trail, evidence: tuple[Evidence, ...]) -> bool:
    """Whether the last decision had every input that the cached answer has: then nothing need be derived twice."""
    last, state = (trail.decisions or (None,))[-1], trail.state
    return (
        last is not None
        and (last.ruleset, last.publications_known) == (state.ruleset, state.publications_known)
        and last.holds_code == state.holds_code
        and len(last.evidence_ids) == len(evidence)
        and last.known(evidence) == evidence
        and list(last.area_approvals) == trail.areas.approvals(evidence)
    )


def _undecided(trail: Trail, evidence: tuple[Evidence, ...], rulesets: Rulesets, answer: Evaluation) -> bool:
    """Whether the answer is another one than the last decision's timeline gives at this instant."""
    if not trail.decisions:
        return answer.color != ABSENT or bool(answer.grounds or answer.timeline)
    last = trail.decisions[-1]
    if _knows_all(trail, evidence):
        return False
    areas = trail.areas.of(last.known(evidence), known=last.area_approvals)
    rules = rulesets(last.ruleset, last.publications_known)
    if rules is None:
        return False  # the decision itself was named already
    known = trail.state.publications_known
    if last.publications_known == known and rulesets(trail.state.ruleset, known) is not rules:
        return True  # the rulebook on disk is another one
    then = evaluate(last.known(evidence), areas, rules, answer.now, holds_code=last.holds_code)
    return then.decision_key() != answer.decision_key()


def _told(trail: Trail, rulesets: Rulesets, derived: dict[int, Evaluation]) -> Iterator[Finding]:
    """The edges take the highest version, so that one counts; older ones are compared where a decision has them.

    Of whom nothing is in a trimmed feed any more, what was told lies in the snapshots: there is nothing to compare.
    """
    state = trail.state
    versions: list[int] = []
    for told in trail.told:
        record = _decoded(told.payload)
        if record is None:
            yield _of_told(told, "unreadable")
            continue
        versions.append(record.version)
        if record.version == state.version:
            if told.payload != state.record:
                yield _of_told(told, _difference(state.record, record))
        elif record.version in derived:
            known = next(d.publications_known for d in trail.decisions if d.version == record.version)
            yield from _older(told, record, derived[record.version], known, rulesets)
    if versions or not trail.trimmed:
        yield from _gaps(state, versions)


def _older(told: Told, record: Record, answer: Evaluation, known: int, rulesets: Rulesets) -> Iterator[Finding]:
    """A record of an earlier version against its decision; which generation she had then is not kept."""
    rules = rulesets(f"{answer.ruleset}@{answer.version}", known)
    if rules is None:
        return
    wanted = record_derive(answer, rules, version=record.version, generation=record.generation)
    if record != wanted:
        yield _of_told(told, _parts(record, wanted))


def _gaps(state: State, versions: list[int]) -> Iterator[Finding]:
    """Every version went out once, from the first that is kept to the one in force."""
    if not state.version and not versions:
        return
    wanted = list(range(min([*versions, state.version]), state.version + 1))
    if sorted(versions) != wanted:
        odd = sorted({v for v in versions if versions.count(v) > 1} | set(versions) ^ set(wanted))
        yield Finding("told_gap", f"state {state.number}", state.number, ", ".join(map(str, odd)))


def _decoded(payload: bytes) -> Record | None:
    try:
        return record_decode(payload)
    except RecordError:
        return None


def _difference(stored: bytes, wanted: Record) -> str:
    record = _decoded(stored)
    return "unreadable" if record is None else _parts(record, wanted)


def _parts(one: Record, other: Record) -> str:
    return ", ".join(name for name in Record._fields if getattr(one, name) != getattr(other, name))


def _of(decided: Decided, code: str, detail: str = "") -> Finding:
    return Finding(code, f"decision {decided.id} version {decided.version}", decided.number, detail)


def _of_told(told: Told, detail: str) -> Finding:
    place = "outbox" if told.seq is None else f"feed {told.seq}"
    return Finding("told_differs", place, told.number, detail)
