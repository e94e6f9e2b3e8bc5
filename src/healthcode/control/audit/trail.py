"""What an audit reads: rows as they are stored, in order of subject number, nobody's name among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from healthcode.control.areas.book import Approved, AreaBook
from healthcode.control.evidence.replay import Decided
from healthcode.domain.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Determined:
    """The proposal and the review by which a row of evidence says that it came to be; None where there is none."""

    proposal: int | None
    subject: int | None
    kind: str | None
    anchor: int | None
    fields: Mapping[str, Any] | None
    division: str | None
    outcome: str | None
    proposer: int | None
    review_proposer: int | None
    reviewer: int | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Designated:
    """The area's designation and the city's approval by which residents' rows came to be; None where there is none."""

    area: str | None
    proposer: int | None
    approval_proposer: int | None
    reviewer: int | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of evidence with everything that vouches for it."""

    number: int
    evidence: Evidence
    fields: Mapping[str, Any]
    learned_at: datetime
    source_unit: int
    proposal: int | None
    proposer: int | None
    reviewer: int | None
    verdict: str | None
    determined: Determined
    batch_unit: int | None
    batch_kind: str | None
    batch_at: datetime | None
    rolled_back: bool
    designation: int | None
    designated: Designated


@dataclass(frozen=True, slots=True)
class RuledStep:
    """A level of an area that ended by rule: as the periods take it, and what it says of the rule."""

    code: str
    row: Approved
    made_at: datetime
    level: str
    former: str
    ruleset: str
    publications: int
    rule: str
    since: int
    clear_days: int


@dataclass(slots=True)
class Restraints:
    """What may keep a level of one area: cases as (day, known from, gone at), holds as (approved at, until)."""

    cases: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)
    holds: list[tuple[datetime, datetime]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """The cached answer, and whether the person holds a code now."""

    number: int
    version: int
    generation: int
    color: str
    record: bytes
    ruleset: str
    publications_known: int
    evaluated_at: datetime | None
    holds_code: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One record that went out to the edges; `seq` is None while it waits for its number."""

    number: int
    seq: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything that one subject's color rests on."""

    state: State
    evidence: tuple[Recorded, ...]
    decisions: tuple[Decided, ...]
    told: tuple[Told, ...]
    areas: AreaBook
    trimmed: bool = False
    """Whether what was told long ago is no longer in the feed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A batch of signed facts: what its unit vouches for, its rows' number and digest, what its event says of it."""

    id: UUID
    unit: int
    key: bytes
    digest: bytes
    signature: bytes
    evidence: int
    content: str
    event: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A ledgered event with its pending leaf; `salt` and `content` are None where there is no leaf."""

    event: int
    name: str
    subject: int | None
    reference: str
    detail: Mapping[str, Any]
    at: datetime | None
    salt: bytes | None
    content: bytes | None
    commitment: bytes | None


Row = TypeVar("Row")


class Run(Generic[Row]):
    """A stream in order of number, of which each number's rows are taken together; one row is held ahead."""

    def __init__(self, rows: Iterable[tuple[int, Row]]) -> None:
        self._rows: Iterator[tuple[int, Row]] = iter(rows)
        self._ahead: tuple[int, Row] | None = next(self._rows, None)

    def take(self, number: int) -> tuple[Row, ...]:
        """The rows of `number`; those of numbers before it are passed over."""
        found: list[Row] = []
        while self._ahead is not None and self._ahead[0] <= number:
            if self._ahead[0] == number:
                found.append(self._ahead[1])
            self._ahead = next(self._rows, None)
        return tuple(found)
