"""Adjustments as the edges and the consoles need them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.policies.models import Adjustment, Verdict
from healthcode.control.rulesets.reading import ruleset_in_force
from healthcode.domain.condition import asked_words
from healthcode.domain.division import counties, division_get, division_within
from healthcode.domain.policy import CheckPolicy
from healthcode.domain.time import Minute, instant_of, minute_of
from healthcode.domain.venue import VENUE_TYPES

_RELATED: Final = ("decision__reviewer", "ending__officer", "proposer", "office")


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """One adjustment as a console shows it."""

    adjustment: Adjustment
    state: str
    hue: str
    asks: str
    places: str
    types: str


def adjustments_standing(now: Minute) -> list[CheckPolicy]:
    """Every approved adjustment that counts now or will, for the edges. Any act may ask: they are public."""
    found = Adjustment.objects.filter(
        decision__verdict=Verdict.APPROVE.value, ending__isnull=True, until__gt=instant_of(now)
    )
    rows = found.select_related("decision").order_by("pk")
    return [adjustment_policy(row, row.decision.effective_from, frozenset()) for row in rows]


def adjustment_policy(row: Adjustment, from_: datetime | None, colors: frozenset[str]) -> CheckPolicy:
    """The policy that an adjustment is, counting from `from_`; which colors pass is the ruleset's to say."""
    return CheckPolicy(
        id=f"adjustment-{row.pk}",
        venue_types=frozenset(row.venue_types),
        areas=tuple(row.areas),
        from_=None if from_ is None else minute_of(from_),
        until=minute_of(row.until),
        colors=colors,
        test_age_h=row.test_age_h,
        test_age_days=row.test_age_days,
        basis=row.basis,
        authority=row.division,
    )


def adjustments_of(scope: str) -> QuerySet[Adjustment]:
    """Those of the offices within a scope (`140728`, `1407`, `14`), newest first."""
    return Adjustment.objects.filter(division__startswith=scope).select_related(*_RELATED).order_by("-pk")


def adjustments_waiting(scope: str, role: str) -> QuerySet[Adjustment]:
    """Those on which an officer of this role and scope decides."""
    return adjustments_of(scope).filter(_decided_by(role), decision__isnull=True).order_by("pk")


def decides(role: str, division: str) -> bool:
    """Whether officers of a role decide on the proposals of an office of `division` (`policy_decided_by`)."""
    above = Role.CITY_OFFICER
    if division.endswith("0000"):
        above = Role.RULE_APPROVER
    elif division.endswith("00"):
        above = Role.PROVINCE_DISPATCHER
    return role == above


def adjustment_rows(found: Iterable[Adjustment], *, now: datetime) -> list[AdjustmentRow]:
    """How a list of adjustments is shown."""
    ruleset = ruleset_in_force(minute_of(now))
    words = {color.id: color.word for color in ruleset.colors.definitions}
    passing = ruleset.default_policy.colors
    return [_row(one, asked_words(adjustment_policy(one, None, passing), words), now) for one in found]


def area_choices(division: str) -> list[tuple[str, str]]:
    """The areas that an office may name: its own division, then the counties in it."""
    within = [county for county in counties() if division_within(county.code, division) and county.code != division]
    own = division_get(division)
    return [(own.code, say(own.name_zh, own.name_en)), *((one.code, say(one.name_zh, one.name_en)) for one in within)]


def type_choices() -> list[tuple[str, str]]:
    """The types of venue for which something may be asked: all that are not medical."""
    return [(kind.code, say(kind.zh, kind.en)) for kind in VENUE_TYPES.values() if not kind.medical]


def _row(one: Adjustment, asks: dict[str, str], now: datetime) -> AdjustmentRow:
    state, hue = _state(one, now)
    names = [division_get(code) for code in one.areas]
    kinds = [VENUE_TYPES[code] for code in one.venue_types]
    return AdjustmentRow(
        one,
        state,
        hue,
        say(asks["zh"], asks["en"]),
        say("、", ", ").join(say(name.name_zh, name.name_en) for name in names),
        say("、", ", ").join(say(kind.zh, kind.en) for kind in kinds),
    )


def _state(one: Adjustment, now: datetime) -> tuple[str, str]:
    decision = getattr(one, "decision", None)
    if decision is None:
        if one.until <= now:
            return say("未审批已过期", "Lapsed undecided"), "grey"
        return say("待审批", "To be decided"), "blue"
    if decision.verdict == Verdict.RETURN:
        return say("已退回", "Returned"), "grey"
    if getattr(one, "ending", None) is not None:
        return say("已提前结束", "Ended early"), "grey"
    if one.until <= now:
        return say("已失效", "Lapsed"), "grey"
    return (
        (say("执行中", "In force"), "green") if decision.effective_from <= now else (say("待生效", "Announced"), "blue")
    )


def _decided_by(role: str) -> Q:
    if role == Role.RULE_APPROVER:
        return Q(division__endswith="0000")
    if role == Role.PROVINCE_DISPATCHER:
        return Q(division__endswith="00") & ~Q(division__endswith="0000")
    return Q(pk__in=[]) if role != Role.CITY_OFFICER else ~Q(division__endswith="00")
