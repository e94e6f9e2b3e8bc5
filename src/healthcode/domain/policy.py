"""Check policies (V5) and the verdict at a gate.

Laws, kept whatever a policy says (Art. 9, 11, 12, 40; codes-and-edge): green alone is the default; what the system
does not know registers and passes; an unusable code falls back to the ID card; a medical venue refuses nobody; an
adjustment has an authority and an end, and lapses by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from healthcode.domain.division import division_within
from healthcode.domain.outcome import CODE_NOT_USABLE, SYSTEM_DOES_NOT_KNOW, Verdict
from healthcode.domain.time import Minute, day_of


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """What a gate asks: `colors` are the ids that pass; a test age in hours or in calendar days from sampling.

    Empty `venue_types` or `areas` mean all. `from_`/`until` bound the policy; only the default has no end.
    """

    id: str
    venue_types: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    from_: Minute | None = None
    until: Minute | None = None
    colors: frozenset[str] = frozenset({"green"})
    test_age_h: int | None = None
    test_age_days: int | None = None
    basis: str = ""
    authority: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    def in_force(self, now: Minute) -> bool:
        """Whether the policy's period contains an instant."""
        return (self.from_ is None or self.from_ <= now) and (self.until is None or now < self.until)

    def covers(self, venue_type: str, division: str) -> bool:
        """Whether the policy speaks about this type of venue in this place."""
        here = not self.areas or any(division_within(division, area) for area in self.areas)
        return here and (not self.venue_types or venue_type in self.venue_types)

    @property
    def asks_test(self) -> bool:
        """Whether a test age is asked."""
        return self.test_age_h is not None or self.test_age_days is not None


DEFAULT_POLICY: Final = CheckPolicy(
    id="green-only",
    basis="Art. 9",
    authority="140000",
    texts={"zh": "凭绿码通行，无需其他证明。", "en": "A green code passes; nothing else is asked."},
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, why (`reason_code`), and the one condition that failed (`color`, `test_age`, `code`) if any."""

    verdict: Verdict
    reason_code: str
    failed_condition: str | None = None


def policy_for(
    policies: Iterable[CheckPolicy], *, venue_type: str, division: str, now: Minute, default: CheckPolicy
) -> CheckPolicy:
    """The policy in force at a venue: the latest adjustment that covers it, otherwise the default."""
    chosen = default
    for policy in policies:
        if policy.until is None or not policy.in_force(now) or not policy.covers(venue_type, division):
            continue
        if chosen is default or (policy.from_ or 0) > (chosen.from_ or 0):
            chosen = policy
    return chosen


def test_fresh_enough(policy: CheckPolicy, last_negative: Minute | None, now: Minute) -> bool:
    """Whether the last negative's sampling is young enough, by hours or by calendar days as the policy counts."""
    if not policy.asks_test:
        return True
    if last_negative is None:
        return False
    if policy.test_age_h is not None and now - last_negative > policy.test_age_h * 60:
        return False
    return policy.test_age_days is None or day_of(now) - day_of(last_negative) <= policy.test_age_days


def _color_judgement(
    outcome: str, policy: CheckPolicy, medical: bool, last_negative: Minute | None, now: Minute
) -> Judgement:
    """The verdict for a color: the policy decides, a medical venue answers its refusals with the buffer entrance."""
    refusal = Verdict.buffer if medical else Verdict.refuse
    if outcome not in policy.colors:
        return Judgement(refusal, f"color_{outcome}", "color")
    if not test_fresh_enough(policy, last_negative, now):
        return Judgement(refusal, "test_missing" if last_negative is None else "test_age", "test_age")
    return Judgement(Verdict.pass_, "ok")


def judge(
    *,
    outcome: str,
    policy: CheckPolicy,
    medical: bool,
    last_negative: Minute | None,
    now: Minute,
    offline_paper: bool = False,
) -> Judgement:
    """The verdict for one outcome at one venue. Total: any outcome text gets a verdict.

    `outcome` is a color id or one of `FIXED_OUTCOMES`; `offline_paper`: a genuine paper code read without the table.
    A lapsed policy asks what the default asks.
    """
    if outcome in CODE_NOT_USABLE:
        if medical:
            return Judgement(Verdict.buffer, f"medical_{outcome}", "code")
        return Judgement(Verdict.id_card, f"code_{outcome}", "code")
    if offline_paper:
        return Judgement(Verdict.register, "offline_paper")
    if outcome in SYSTEM_DOES_NOT_KNOW:
        return Judgement(Verdict.register, f"system_{outcome}")
    in_force = policy if policy.in_force(now) else DEFAULT_POLICY
    return _color_judgement(outcome, in_force, medical, last_negative, now)
