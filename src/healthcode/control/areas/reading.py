"""Designations in force → the domain's areas, as evidence names them. What is approved is public; anybody may read it.

How they hold over time is in `book.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import connection

from healthcode.control.areas.book import Approved, AreaBook, approved_read, area_codes, step_read
from healthcode.control.areas.models import ABOUT_LEVEL, Approval, Designation, RuledStep, Verdict
from healthcode.control.turns import AREA_LISTING, AREA_SAYING
from healthcode.domain.evidence import Evidence


def area_turn(area: int) -> None:
    """Wait for one's turn to say something about an area; held until the act ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [AREA_SAYING, area])


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
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(%s, k) FROM unnest(%s::int[]) AS k", [AREA_LISTING, keys]
            )
    return areas_read(keys)


def areas_read(keys: Collection[int]) -> AreaBook:
    """Areas by their row ids."""
    levels = Designation.objects.filter(ABOUT_LEVEL, area__in=keys)
    rows = Approval.objects.filter(designation__in=levels, verdict=Verdict.APPROVE)
    found: dict[str, list[Approved]] = defaultdict(list)
    for row in rows.select_related("designation__area", "designation__office"):
        found[row.designation.area.code].append(_approved(row))
    for step in RuledStep.objects.filter(area__in=keys).select_related("area"):
        found[step.area.code].append(_step(step))
    return AreaBook({code: sorted(rows, key=lambda row: row.approval) for code, rows in found.items()})


def _approved(row: Approval) -> Approved:
    said, area = row.designation, row.designation.area
    return approved_read(
        approval=row.pk,
        code=area.code,
        level=said.level,
        effective_from=said.effective_from,
        reviewed_at=row.reviewed_at,
        until=said.until,
        division=area.division,
        addresses=area.addresses,
        basis=said.basis,
        office=said.office.name_zh,
        names=(area.name, area.name_en or area.name),
    )


def _step(row: RuledStep) -> Approved:
    return step_read(
        number=row.pk,
        code=row.area.code,
        level=row.level,
        made_at=row.made_at,
        due_at=row.due_at,
        division=row.area.division,
        addresses=row.area.addresses,
        basis=f"{row.ruleset}: {row.rule}",
        office="",
        names=(row.area.name, row.area.name_en or row.area.name),
    )


def _key(code: str) -> int | None:
    """The row id in a code such as `140728-3`, or None where the text is no code of ours."""
    division, _, number = code.partition("-")
    plain = division.isascii() and division.isdigit() and number.isascii() and number.isdigit()
    return int(number) if plain and len(division) == 6 and len(number) < 10 else None
