"""Designations as they hold over time: values in, areas out. No database, so that an audit reads them the same way.

The periods of an area follow from its approvals in their order: each ends what the former ones say from its own instant
on, and none holds before it was approved. A step by rule has its number in the same row; it lowers what is in force at
its instant and touches nothing else: an end stays, and what is designated for later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import Minute, minute_of


@dataclass(frozen=True, slots=True)
class Approved:
    """One approved designation, or one step `by_rule`. `period` is None where it lifts the area."""

    approval: int
    from_: Minute
    period: Area | None
    by_rule: bool = False
    due: Minute | None = None


@dataclass(frozen=True, slots=True)
class AreaBook:
    """Some areas by code, each with its approvals in order."""

    approved: Mapping[str, Sequence[Approved]]

    def of(self, evidence: Iterable[Evidence], known: Collection[int] | None = None) -> tuple[Area, ...]:
        """Every period of the areas that `evidence` names; with `known` as it was when only those were approved."""
        found: list[Area] = []
        for code in area_codes(evidence):
            rows = self.approved.get(code, ())
            found += area_periods([row for row in rows if known is None or row.approval in known])
        return tuple(found)

    def approvals(self, evidence: Iterable[Evidence]) -> list[int]:
        """The approvals that the answer to `evidence` rests on, in order."""
        return sorted(row.approval for code in area_codes(evidence) for row in self.approved.get(code, ()))


def area_codes(evidence: Iterable[Evidence]) -> list[str]:
    """The codes that area stays name, sorted; others than ours are just text and find nothing."""
    return sorted({str(e.fields.get("area", "")) for e in evidence if e.kind is EvidenceKind.area_stay} - {""})


def area_periods(approved: Sequence[Approved]) -> list[Area]:
    """The levels of one area over time. An ended period stays, if only as an empty one: the area is known."""
    periods: list[Area] = []
    for row in approved:
        if row.by_rule:
            periods = _stepped(periods, row)
            continue
        periods = [_ended(period, row.from_) for period in periods]
        if row.period is not None:
            periods.append(row.period)
    return periods


def period_at(approved: Sequence[Approved], at: Minute) -> Area | None:
    """The level in force at an instant, or None."""
    return next((period for period in area_periods(approved) if period.in_force(at)), None)


def approved_read(
    *,
    approval: int,
    code: str,
    level: str,
    effective_from: datetime | None,
    reviewed_at: datetime,
    until: datetime | None,
    division: str,
    addresses: Sequence[str],
    basis: str,
    office: str,
    names: tuple[str, str],
) -> Approved:
    """An approved designation as it is stored; an empty level lifts the area."""
    from_ = minute_of(max(effective_from or reviewed_at, reviewed_at))
    if not level:
        return Approved(approval, from_, None)
    period = Area(
        id=code,
        level=AreaLevel(level),
        from_=from_,
        until=max(from_, minute_of(until)) if until else None,
        divisions=(division,),
        addresses=tuple(addresses),
        basis=basis,
        office=office,
        names=names,
    )
    return Approved(approval, from_, period)


def step_read(
    *,
    number: int,
    code: str,
    level: str,
    made_at: datetime,
    due_at: datetime,
    division: str,
    addresses: Sequence[str],
    basis: str,
    office: str,
    names: tuple[str, str],
) -> Approved:
    """A step by rule as it is stored; an empty level lifts the area. `due_at` is when the rule let it be made."""
    row = approved_read(
        approval=number,
        code=code,
        level=level,
        effective_from=None,
        reviewed_at=made_at,
        until=None,
        division=division,
        addresses=addresses,
        basis=basis,
        office=office,
        names=names,
    )
    return replace(row, by_rule=True, due=minute_of(due_at))


def _stepped(periods: Sequence[Area], row: Approved) -> list[Area]:
    former = next((period for period in periods if period.in_force(row.from_)), None)
    if former is None:
        return list(periods)
    kept = [replace(period, until=row.from_) if period is former else period for period in periods]
    return kept if row.period is None else [*kept, replace(row.period, until=former.until)]


def _ended(period: Area, at: Minute) -> Area:
    if period.until is not None and period.until <= at:
        return period
    return replace(period, until=max(period.from_, at))
