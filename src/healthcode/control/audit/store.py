"""The rows of an audit from PostgreSQL, as database role `auditor`: one consistent state, streamed, nothing kept.

Everything is read in one REPEATABLE READ, READ ONLY transaction with cursors on the server, so that the province may
go on working meanwhile and memory does not grow with it. `offices/grants.sql` says what the role may see.
"""

# ruff: noqa: S608 # every part of every statement is written in this file

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import psycopg

from healthcode.control.areas.book import Approved, AreaBook, approved_read, step_read
from healthcode.control.audit.names import LEDGERED
from healthcode.control.audit.trail import (
    Designated,
    Determined,
    Leaf,
    Recorded,
    Restraints,
    RuledStep,
    Run,
    Signed,
    State,
    Told,
    Trail,
)
from healthcode.control.evidence.replay import Decided, evidence_read
from healthcode.control.exchange.digest import batch_digest
from healthcode.control.exchange.schema import SPECS
from healthcode.control.rulesets.book import Entry, entry_read
from healthcode.domain.unit import UnitKind
from healthcode.rules.explain import Offices

Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]
T = TypeVar("T")
ROWS_AT_ONCE: Final = 2_000
_SIGNED: Final = [kind for kind, spec in SPECS.items() if not spec.leads]

_CHOSEN: Final = (
    "(SELECT number FROM subject_state WHERE (%(since)s::timestamptz IS NULL OR evaluated_at >= %(since)s)"
    " AND (%(number)s::bigint IS NULL OR number = %(number)s))"
)
_STATES: Final = (
    "SELECT s.number, s.version, s.generation, s.color, s.record, s.ruleset, s.publications_known,"
    " s.evaluated_at, p.holds_code FROM subject_state s JOIN people_subject p ON p.number = s.number"
    f" WHERE s.number IN {_CHOSEN} ORDER BY s.number"
)
_DECIDED: Final = (
    "id, subject_id, version, decided_at, color, holds_code, evaluation, ruleset, evidence_ids, area_approvals,"
    " publications_known FROM evidence_decision"
)
_DECISIONS: Final = f"SELECT {_DECIDED} WHERE subject_id IN {_CHOSEN} ORDER BY subject_id, version"
_EVIDENCE: Final = (
    "SELECT e.id, e.subject_id, e.kind, e.fields, e.anchor_day, e.occurred_at, e.learned_at, e.division, e.document,"
    " e.batch_id, e.supersedes_id, e.rescinded, e.source_unit_id, u.kind, u.name_zh,"
    " e.proposal_id, e.proposer_id, e.reviewer_id, e.review_verdict,"
    " p.id, p.subject_id, p.kind, p.anchor_day, p.fields, p.division, p.outcome, p.proposer_id,"
    " r.proposer_id, r.reviewer_id, r.verdict, b.unit_id, b.kind, b.imported_at,"
    " EXISTS (SELECT 1 FROM exchange_rollbackreview v WHERE v.batch_id = b.id AND v.verdict = 'approve'"
    "          AND v.requester_id <> v.reviewer_id),"
    " e.designation_id, ra.division || '-' || ra.id, d.proposer_id, da.proposer_id, da.reviewer_id, da.verdict"
    " FROM evidence_evidence e JOIN offices_unit u ON u.id = e.source_unit_id"
    " LEFT JOIN casework_proposal p ON p.id = e.proposal_id"
    " LEFT JOIN casework_review r ON r.proposal_id = e.proposal_id"
    " LEFT JOIN exchange_batch b ON b.id = e.batch_id"
    " LEFT JOIN areas_designation d ON d.id = e.designation_id"
    " LEFT JOIN areas_designation said ON said.id = COALESCE(d.rescinds_id, d.id)"
    " LEFT JOIN areas_riskarea ra ON ra.id = said.area_id"
    " LEFT JOIN areas_approval da ON da.designation_id = e.designation_id"
    f" WHERE e.subject_id IN {_CHOSEN} ORDER BY e.subject_id, e.id"
)
_TOLD: Final = f"SELECT number, seq, payload FROM audit_feed_record WHERE number IN {_CHOSEN} ORDER BY number, seq"
_AREAS: Final = (
    "SELECT a.id, ra.division || '-' || ra.id, d.level, d.effective_from, a.reviewed_at, d.until, ra.division,"
    " ra.addresses, d.basis, u.name_zh, ra.name, COALESCE(NULLIF(ra.name_en, ''), ra.name)"
    " FROM areas_approval a JOIN areas_designation d ON d.id = a.designation_id"
    " JOIN areas_riskarea ra ON ra.id = d.area_id JOIN offices_unit u ON u.id = d.office_id"
    " WHERE a.verdict = 'approve' AND d.rescinds_id IS NULL AND d.case_day IS NULL AND d.hold_until IS NULL"
    " ORDER BY a.id"
)
_STEPS: Final = (
    "SELECT s.id, ra.division || '-' || ra.id, s.level, s.made_at, s.due_at, ra.division, ra.addresses,"
    " s.ruleset || ': ' || s.rule, '', ra.name, COALESCE(NULLIF(ra.name_en, ''), ra.name),"
    " s.former, s.ruleset, s.publications_known, s.rule, s.clear_since, s.clear_days"
    " FROM areas_ruledstep s JOIN areas_riskarea ra ON ra.id = s.area_id ORDER BY s.id"
)
_RESTRAINTS: Final = (
    "SELECT ra.division || '-' || ra.id, a.reviewed_at, d.case_day, d.hold_until FROM areas_approval a"
    " JOIN areas_designation d ON d.id = a.designation_id JOIN areas_riskarea ra ON ra.id = d.area_id"
    " WHERE a.verdict = 'approve' AND (d.case_day IS NOT NULL OR d.hold_until IS NOT NULL) ORDER BY a.id"
)
_PUBLICATIONS: Final = (
    "SELECT a.id, a.effective_from, a.reviewed_at, r.files, s.stops_id, a.base FROM rulesets_approval a"
    " JOIN rulesets_submission s ON s.id = a.submission_id LEFT JOIN rulesets_revision r ON r.id = s.revision_id"
    " WHERE a.verdict = 'approve' ORDER BY a.id"
)
_BATCHES: Final = (
    "SELECT b.id, b.unit_id, u.signing_key, b.file_digest, b.signature,"
    " (SELECT count(*) FROM evidence_evidence e WHERE e.batch_id = b.id AND NOT e.rescinded),"
    " (SELECT v.detail FROM audit_event v WHERE v.name LIKE '%%:' || b.kind || ':imported'"
    "   AND v.reference = 'batch:' || b.id ORDER BY v.id LIMIT 1)"
    " FROM exchange_batch b JOIN offices_unit u ON u.id = b.unit_id WHERE b.kind = ANY(%(signed)s)"
    " AND (%(since)s::timestamptz IS NULL OR b.imported_at >= %(since)s) ORDER BY b.id"
)
_LEAVES: Final = (
    "SELECT e.id, e.name, e.subject, e.reference, e.detail, l.at, l.salt, l.content, l.commitment"
    " FROM audit_event e LEFT JOIN audit_pendingleaf l ON l.event_id = e.id WHERE e.name = ANY(%(ledgered)s)"
    " AND (%(since)s::timestamptz IS NULL OR coalesce(l.at, e.at) >= %(since)s) ORDER BY l.at NULLS FIRST, e.id"
)
_BY_TIME: Final = (
    f"SELECT {_DECIDED} WHERE (%(since)s::timestamptz IS NULL OR decided_at >= %(since)s) ORDER BY decided_at, id"
)


class AuditStore:
    """One state of the database. `since` leaves out who was last derived before it, `number` everybody else."""

    def __init__(self, connection: Connection, *, since: datetime | None = None, number: int | None = None) -> None:
        self._connection = connection
        self._chosen: Mapping[str, Any] = {
            "since": since,
            "number": number,
            "ledgered": sorted(LEDGERED),
            "signed": _SIGNED,
        }

    def subjects(self) -> int:
        """How many subjects there are to audit."""
        row = self._connection.execute(f"SELECT count(*) FROM {_CHOSEN} c", self._chosen).fetchone()
        return int(row[0]) if row else 0

    def trails(self) -> Iterator[Trail]:
        """Everything about each subject, in order of number."""
        areas = self.areas()
        evidence = Run(self._keyed("evidence", _EVIDENCE, _recorded))
        decisions = Run(self._keyed("decisions", _DECISIONS, _decided))
        told = Run(self._keyed("told", _TOLD, _told))
        row = self._connection.execute("SELECT trimmed FROM audit_feed_trimmed").fetchone()
        trimmed = bool(row and row[0])
        for row in self._stream("states", _STATES):
            state = _state(row)
            number = state.number
            yield Trail(state, evidence.take(number), decisions.take(number), told.take(number), areas, trimmed)

    def areas(self) -> AreaBook:
        """Every approved designation: there are few, and any subject may be in any of them."""
        found: dict[str, list[Approved]] = defaultdict(list)
        for row in self._connection.execute(_AREAS).fetchall():
            approval, code, level, effective_from, reviewed_at, until, division, addresses, basis, office, *names = row
            found[code].append(
                approved_read(
                    approval=approval,
                    code=code,
                    level=level,
                    effective_from=effective_from,
                    reviewed_at=reviewed_at,
                    until=until,
                    division=division,
                    addresses=addresses,
                    basis=basis,
                    office=office,
                    names=(names[0], names[1]),
                )
            )
        for step in self.steps():
            found[step.code].append(step.row)
        return AreaBook({code: sorted(rows, key=lambda row: row.approval) for code, rows in found.items()})

    def steps(self) -> list[RuledStep]:
        """Every level that ended by rule, in order."""
        return [_step(row) for row in self._connection.execute(_STEPS).fetchall()]

    def restraints(self) -> Mapping[str, Restraints]:
        """By area: the cases with the instants from which and until when they were known, and the approved holds."""
        found: dict[str, Restraints] = defaultdict(Restraints)
        for code, day, known, gone in self._connection.execute("SELECT * FROM area_case").fetchall():
            found[code].cases.append((day, known, gone))
        for code, at, day, until in self._connection.execute(_RESTRAINTS).fetchall():
            if day is not None:
                found[code].cases.append((day, at, None))
            else:
                found[code].holds.append((at, until))
        return found

    def publications(self) -> list[Entry]:
        """Every published or stopped ruleset, in order; raises RulesetError where one cannot be read any more."""
        return [
            entry_read(key=key, effective_from=from_, reviewed_at=at, files=files, stops=stops, base=base)
            for key, from_, at, files, stops, base in self._connection.execute(_PUBLICATIONS).fetchall()
        ]

    def batches(self) -> Iterator[Signed]:
        """Every batch of signed facts, with the digest over its rows as they are stored."""
        for row in self._stream("batches", _BATCHES):
            key, unit, public, digest, signature, evidence, event = row
            with self._connection.cursor() as cursor:
                content = batch_digest(cursor, key)
            proof = bytes(public or b""), bytes(digest), bytes(signature or b"")
            yield Signed(key, unit, *proof, evidence, content, event)

    def leaves(self) -> Iterator[Leaf]:
        """Every ledgered event with its leaf, those without one first, then by the leaf's time."""
        for row in self._stream("leaves", _LEAVES):
            event, name, subject, reference, detail, at = row[:6]
            salt, content, commitment = (None if value is None else bytes(value) for value in row[6:])
            yield Leaf(event, name, subject, reference, detail, at, salt, content, commitment)

    def decisions(self) -> Iterator[Decided]:
        """Every decision by its time."""
        return map(_decided, self._stream("by_time", _BY_TIME))

    def offices(self) -> Offices:
        """Whom to ask, by county code."""
        rows = self._connection.execute(
            "SELECT division, name_zh, name_en, phone FROM offices_unit WHERE kind = %s", [UnitKind.county_office.value]
        )
        return {division: {"zh": zh, "en": en, "phone": phone} for division, zh, en, phone in rows}

    def _keyed(self, name: str, query: str, read: Callable[[Sequence[Any]], T]) -> Iterator[tuple[int, T]]:
        at = 0 if name == "told" else 1
        return ((row[at], read(row)) for row in self._stream(name, query))

    def _stream(self, name: str, query: str) -> Iterator[Row]:
        with self._connection.cursor(name) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(query, self._chosen)
            yield from cursor


@contextmanager
def store_open(dsn: str, *, since: datetime | None = None, number: int | None = None) -> Iterator[AuditStore]:
    """The store as it is now, for as long as the context lasts. Raises psycopg.Error."""
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield AuditStore(connection, since=since, number=number)


def _state(row: Sequence[Any]) -> State:
    number, version, generation, color, record, ruleset, known, evaluated_at, holds = row
    return State(number, version, generation, color, bytes(record or b""), ruleset, known, evaluated_at, holds)


def _step(row: Sequence[Any]) -> RuledStep:
    number, code, level, made_at, due_at, division, addresses, basis, office, name, name_en = row[:11]
    read = step_read(
        number=number,
        code=code,
        level=level,
        made_at=made_at,
        due_at=due_at,
        division=division,
        addresses=addresses,
        basis=basis,
        office=office,
        names=(name, name_en),
    )
    return RuledStep(code, read, made_at, level, *row[11:])


def _told(row: Sequence[Any]) -> Told:
    return Told(row[0], row[1], bytes(row[2]))


def _decided(row: Sequence[Any]) -> Decided:
    key, number, version, at, color, holds, evaluation, ruleset, evidence, areas, known = row
    return Decided(key, number, version, at, color, holds, evaluation, ruleset, tuple(evidence), tuple(areas), known)


def _recorded(row: Sequence[Any]) -> Recorded:
    key, number, kind, fields, anchor, occurred, learned, division, document, batch, supersedes, rescinded = row[:12]
    unit, unit_kind, unit_name, proposal, proposer, reviewer, verdict = row[12:19]
    evidence = evidence_read(
        key=key,
        kind=kind,
        fields=fields,
        anchor=anchor,
        occurred=occurred,
        learned=learned,
        division=division,
        document=document,
        batch=batch,
        supersedes=supersedes,
        rescinded=rescinded,
        unit_kind=unit_kind,
        unit_name=unit_name,
    )
    said = Determined(*row[19:30])
    who = proposal, proposer, reviewer, verdict
    return Recorded(
        number, evidence, fields, learned, unit, *who, said,
        batch_unit=row[30], batch_kind=row[31], batch_at=row[32], rolled_back=row[33],
        designation=row[34], designated=Designated(*row[35:40]),
    )  # fmt: skip
