"""Designations in force → the domain's areas, as evidence names them. What is approved is public; anybody may read it.

The periods of an area follow from its approvals in their order: each ends what the former ones say from its own instant
on, and none holds before it was approved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import connection

from healthcode.control.areas.models import Approval, Verdict
from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import Minute, minute_of

LOCK: Final = 7301
"""The class of the advisory locks by area: shared by derivations, exclusive for listing whom a change touches."""


@dataclass(frozen=True, slots=True)
class Approved:
    """One approved designation. `period` is None where it lifts the area."""

    approval: int
    from_: Minute
    period: Area | None


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
        periods = [_ended(period, row.from_) for period in periods]
        if row.period is not None:
            periods.append(row.period)
    return periods


def areas_of(evidence: Iterable[Evidence], *, lock: bool = False) -> AreaBook:
    """The areas that `evidence` names, as far as the database knows them.

    With `lock` (a derivation) nobody lists whom a change of these areas touches until the act ends, so that nobody who
    is being recorded now is left out.
    """
    keys = sorted({key for code in area_codes(evidence) if (key := _key(code)) is not None})
    if not keys:
        return AreaBook({})
    if lock:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, k) FROM unnest(%s::int[]) AS k", [LOCK, keys])
    return areas_read(keys)


def areas_read(keys: Collection[int]) -> AreaBook:
    """Areas by their row ids."""
    rows = Approval.objects.filter(designation__area__in=keys, verdict=Verdict.APPROVE, designation__rescinds=None)
    found: dict[str, list[Approved]] = defaultdict(list)
    for row in rows.select_related("designation__area", "designation__office").order_by("pk"):
        found[row.designation.area.code].append(_approved(row))
    return AreaBook(found)


def _approved(row: Approval) -> Approved:
    said, area = row.designation, row.designation.area
    from_ = minute_of(max(said.effective_from or row.reviewed_at, row.reviewed_at))
    if not said.level:
        return Approved(row.pk, from_, None)
    period = Area(
        id=area.code,
        level=AreaLevel(said.level),
        from_=from_,
        until=max(from_, minute_of(said.until)) if said.until else None,
        divisions=(area.division,),
        addresses=tuple(area.addresses),
        basis=said.basis,
        office=said.office.name_zh,
        names=(area.name, area.name_en or area.name),
    )
    return Approved(row.pk, from_, period)


def _ended(period: Area, at: Minute) -> Area:
    if period.until is not None and period.until <= at:
        return period
    return replace(period, until=max(period.from_, at))


def _key(code: str) -> int | None:
    """The row id in a code such as `140728-3`, or None where the text is no code of ours."""
    division, _, number = code.partition("-")
    plain = division.isascii() and division.isdigit() and number.isascii() and number.isdigit()
    return int(number) if plain and len(division) == 6 and len(number) < 10 else None
