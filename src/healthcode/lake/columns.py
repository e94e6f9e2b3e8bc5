"""Input columns of the population engine, and the packed integers it computes with.

Invariants: whole days and minutes only; an instant is `minute + OFFSET`, never negative, below 2**28. A *sampling*
packs (sampled, known); a *span* packs (minute, ordinal, ruleset, severity + 1, notices): so ordered, the last span of a
ground that begins at or before an instant is the largest integer not above it. Bits are moved by shifts and masks:
division of large integers passes through floating point on some engines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from healthcode.domain.evidence import KIND_SPECS, Evidence, EvidenceKind
from healthcode.domain.evidence_fields import field_day
from healthcode.domain.time import MINUTES_PER_DAY, Minute
from healthcode.domain.time import OFFSET as REGION

Row = dict[str, Any]
OFFSET: Final = 1 << 27
KNOWN_BITS: Final = 28
_KNOWN: Final = (1 << KNOWN_BITS) - 1
MINUTE_SHIFT: Final = 33
_NOTICE_BITS: Final = 16
_SEVERITY_SHIFT: Final = _NOTICE_BITS
_SET_SHIFT: Final = 23
_ORDINAL_SHIFT: Final = 27
CLOSED_ORDINAL: Final = 63

_TYPES: Final = {"choice": "string", "count": "int64", "day": "int64", "region": "string"}


Store = Callable[[str, ir.Table], ir.Table]
"""Keeps an intermediate result under a name and gives it back: in an engine, or as it is."""


def as_it_is(_name: str, expression: ir.Table) -> ir.Table:
    """Keep nothing: the whole plan stays one expression."""
    return expression


def _fields(kinds: set[EvidenceKind]) -> dict[str, str]:
    """Columns of the fields that rules can ask about."""
    return {
        name: _TYPES[rule.type]
        for kind in EvidenceKind
        if kind in kinds
        for name, rule in KIND_SPECS[kind].fields.items()
        if rule.type in _TYPES
    }


_RECORD: Final = {
    "subject": "int64",
    "id": "string",
    "kind": "string",
    "anchor": "int64",
    "occurred": "int64",
    "learned": "int64",
    "supersedes": "string",
    "rescinded": "boolean",
}
TEST_FIELDS: Final = _fields({EvidenceKind.test})
EVIDENCE_FIELDS: Final = _fields(set(EvidenceKind) - {EvidenceKind.test}) | {"area": "string"}

EVIDENCE: Final = ibis.schema({**_RECORD, **EVIDENCE_FIELDS, "about": "array<string>"})
"""Every record but tests. A field that a record has not is NULL."""

TESTS: Final = ibis.schema({**_RECORD, **TEST_FIELDS})
"""Tests; `occurred` is the sampling."""

AREAS: Final = ibis.schema({"area": "string", "level": "string", "from_": "int64", "until": "int64"})
"""Every level that every area had."""

SUBJECTS: Final = ibis.schema({"subject": "int64", "holds_code": "boolean"})
"""Everybody, by the dense number of the color table."""

COUNTIES: Final = ibis.schema({"subject": "int64", "county": "string"})
"""The county where each is, for counting; no answer depends on it."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The four tables with the columns above, and the tables of `parameters`."""

    evidence: ir.Table
    tests: ir.Table
    areas: ir.Table
    subjects: ir.Table
    rules: ir.Table
    phases: ir.Table
    switches: ir.Table
    levels: ir.Table


def record_row(subject: int, record: Evidence) -> Row:
    """One readable record as a row of EVIDENCE or TESTS; raises ValueError for a day field that is no date."""
    test = record.kind is EvidenceKind.test
    row: Row = {
        "subject": subject,
        "id": record.id,
        "kind": record.kind.value,
        "anchor": record.anchor,
        "occurred": record.occurred,
        "learned": record.learned,
        "supersedes": record.supersedes,
        "rescinded": record.rescinded,
    }
    fields: Mapping[str, object] = record.fields
    specs = KIND_SPECS[record.kind].fields
    for name in TEST_FIELDS if test else EVIDENCE_FIELDS:
        value = fields.get(name)
        row[name] = field_day(value) if name in specs and specs[name].type == "day" else value
    if not test:
        about = fields.get("about")
        row["about"] = list(about) if isinstance(about, (list, tuple)) else None
    return row


def day_of(minute: ir.IntegerValue) -> ir.IntegerValue:
    """The local calendar day of a minute; exact, because minutes are far below 2**53."""
    return ((minute + REGION) / MINUTES_PER_DAY).floor().cast("int64")


def day_start(day: ir.IntegerValue) -> ir.IntegerValue:
    """The minute at which a local day begins."""
    return day * MINUTES_PER_DAY - REGION


def sampling(sampled: ir.IntegerValue, known: ir.IntegerValue) -> ir.IntegerValue:
    """A sampling and when its result was known, ordered by the first and then the second."""
    return sampling_from(sampled) + known + OFFSET


def sampling_from(sampled: ir.IntegerValue) -> ir.IntegerValue:
    """The smallest sampling taken at or after a minute."""
    return (sampled + OFFSET) * (1 << KNOWN_BITS)


def sampling_minute(code: ir.IntegerValue) -> ir.IntegerValue:
    """When it was sampled."""
    return (code >> KNOWN_BITS) - OFFSET


def sampling_known(code: ir.IntegerValue) -> ir.IntegerValue:
    """When its result was known."""
    return (code & _KNOWN) - OFFSET


def span_constant(ordinal: int, place: int, severity: int, notices: int) -> int:
    """What a span packs besides its minute: place in the course, ruleset, severity (-1: closed) and notice bits."""
    return (ordinal << _ORDINAL_SHIFT) + (place << _SET_SHIFT) + ((severity + 1) << _SEVERITY_SHIFT) + notices


def span_from(minute: ir.IntegerValue | Minute) -> Any:
    """The smallest span that begins at or after a minute."""
    return (minute + OFFSET) * (1 << MINUTE_SHIFT)


def span_minute(code: ir.IntegerValue) -> ir.IntegerValue:
    """When a span begins."""
    return (code >> MINUTE_SHIFT) - OFFSET


def span_severity(code: ir.IntegerValue) -> ir.IntegerValue:
    """Severity of a span's color, -1 where it is closed."""
    return ((code >> _SEVERITY_SHIFT) & 127) - 1


def span_notices(code: ir.IntegerValue) -> ir.IntegerValue:
    """Notice bits of a span."""
    return code & ((1 << _NOTICE_BITS) - 1)


def span_ordinal(code: ir.IntegerValue) -> ir.IntegerValue:
    """Twice the place of the phase, one more where it is held; CLOSED_ORDINAL for a close."""
    return (code >> _ORDINAL_SHIFT) & 63


def span_place(code: ir.IntegerValue) -> ir.IntegerValue:
    """Place of the ruleset among those compiled."""
    return (code >> _SET_SHIFT) & 15
