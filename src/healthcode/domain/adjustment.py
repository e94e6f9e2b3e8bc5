"""What an adjustment of the check policies may ask (V5; Art. 4, 9, 12): the province's limits, and the law over them.

Laws, which no limit widens: it names venue types, areas within its office's own, a basis, an authority and an end; it
asks one test age and nothing else, no second code and no paper beside the color; medical places are not among them.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from healthcode.domain.division import division_get, division_within
from healthcode.domain.policy import CheckPolicy
from healthcode.domain.time import MINUTES_PER_DAY
from healthcode.domain.venue import VENUE_TYPES


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """What the province lets cities and counties ask: ages of a test, types of venue (empty: all), days at most."""

    test_age_h: tuple[int, ...] = (24, 48, 72)
    test_age_days: tuple[int, ...] = (1, 2, 3, 7)
    venue_types: frozenset[str] = frozenset()
    longest_days: int = 30


DEFAULT_LIMITS: Final = PolicyLimits()
LONGEST_MINUTES_AHEAD: Final = 30 * MINUTES_PER_DAY
"""How far ahead an adjustment may begin."""


class Fault(NamedTuple):
    """What is wrong with which field, in both languages; `code` is stable."""

    field: str
    code: str
    zh: str
    en: str


def adjustment_faults(policy: CheckPolicy, limits: PolicyLimits, *, office: str, colors: frozenset[str]) -> list[Fault]:
    """Every reason why an adjustment drafted by an office of division `office` may not be. `colors`: the default's."""
    return [
        *_type_faults(policy, limits),
        *_area_faults(policy, office),
        *_term_faults(policy, limits),
        *_asked_faults(policy, limits, colors),
        *([] if policy.basis.strip() else [Fault("basis", "missing", "请写明依据文件。", "Name the document.")]),
    ]


def _type_faults(policy: CheckPolicy, limits: PolicyLimits) -> list[Fault]:
    field = "venue_types"
    if not policy.venue_types:
        return [Fault(field, "missing", "请选择场所类型。", "Choose types of venue.")]
    if not policy.venue_types <= VENUE_TYPES.keys():
        return [Fault(field, "unknown", "没有这类场所。", "There is no such type of venue.")]
    medical = sorted(VENUE_TYPES[code].zh for code in policy.venue_types if VENUE_TYPES[code].medical)
    if medical:
        zh, en = f"{'、'.join(medical)}不得设置查验条件。", "No condition may be set for medical places."
        return [Fault(field, "medical", zh, en)]
    if limits.venue_types and not policy.venue_types <= limits.venue_types:
        zh, en = "省级限定的场所类型之外，不得设置。", "The province does not allow it for one of these types."
        return [Fault(field, "beyond_limits", zh, en)]
    return []


def _area_faults(policy: CheckPolicy, office: str) -> list[Fault]:
    if not policy.areas:
        return [Fault("areas", "missing", "请选择适用的地区。", "Choose the areas.")]
    for area in policy.areas:
        try:
            division_get(area)
        except KeyError:
            return [Fault("areas", "unknown", f"没有代码为{area}的地区。", f"No division has the code {area}.")]
        if not division_within(area, office):
            zh, en = "只能为本辖区设置。", "Only areas of your own division."
            return [Fault("areas", "elsewhere", zh, en)]
    return []


def _term_faults(policy: CheckPolicy, limits: PolicyLimits) -> list[Fault]:
    if policy.from_ is None or policy.until is None:
        return [Fault("until", "missing", "请写明起止时间，到期自动失效。", "Give a begin and an end; it lapses.")]
    if policy.until <= policy.from_:
        return [Fault("until", "before_begin", "结束时间须晚于开始时间。", "It must end after it begins.")]
    if policy.until - policy.from_ > limits.longest_days * MINUTES_PER_DAY:
        days = limits.longest_days
        return [Fault("until", "too_long", f"最长{days}天，可到期再议。", f"At most {days} days; then decide again.")]
    return []


def _asked_faults(policy: CheckPolicy, limits: PolicyLimits, colors: frozenset[str]) -> list[Fault]:
    if policy.colors != colors:
        zh, en = "不得更改通行的颜色。", "The colors that pass are not an adjustment's to change."
        return [Fault("colors", "beyond_limits", zh, en)]
    if (policy.test_age_h is None) == (policy.test_age_days is None):
        zh, en = "请选择一种核酸时限（小时或天）。", "Choose one age of a test, in hours or in days."
        return [Fault("test_age", "one", zh, en)]
    hours, days = policy.test_age_h, policy.test_age_days
    if (hours is not None and hours not in limits.test_age_h) or (
        days is not None and days not in limits.test_age_days
    ):
        zh, en = "超出省级允许的核酸时限。", "The province does not allow this age of a test."
        return [Fault("test_age", "beyond_limits", zh, en)]
    return []
