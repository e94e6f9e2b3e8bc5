"""A ruleset as parsed: immutable, everything the evaluators need already looked up (`spec/rule-language.md`).

Only whole days, minutes and closed words: the same structures compile to a columnar plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from healthcode.domain.adjustment import DEFAULT_LIMITS, PolicyLimits
from healthcode.domain.area import AreaLevel
from healthcode.domain.color import ColorScheme
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.policy import CheckPolicy
from healthcode.domain.time import Day, Minute

ENGINE: Final = (1, 2)
"""Version of the rule language spoken here: a ruleset names the one it needs."""

Text = Mapping[str, str]
"""One text in every UI language: at least `zh` and `en`."""


class EndKind(StrEnum):
    """How a phase ends."""

    days = "days"
    event = "event"
    tests = "tests"
    field = "field"
    area = "area"


class Event(StrEnum):
    """Events that end a phase: release reasons, a single-tube result, a later word of the same region."""

    discharged = "discharged"
    excluded = "excluded"
    completed = "completed"
    certified = "certified"
    single_test = "single_test"
    replaced = "replaced"


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on one field of the evidence: one of `values`, or a number within [minimum, maximum]."""

    field: str
    values: frozenset[str] = frozenset()
    minimum: int | None = None
    maximum: int | None = None

    def holds(self, fields: Mapping[str, object]) -> bool | None:
        """True: applies; False: does not apply; None: cannot tell (the field is missing or no such value)."""
        value = fields.get(self.field)
        if self.minimum is not None or self.maximum is not None:
            if not isinstance(value, int) or isinstance(value, bool):
                return None
            return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)
        return value in self.values if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Tests of a phase: on `days` (counted like the phase), or `count` of them at least `spacing` minutes apart
    from `from_day` on, within the days up to `by_day`."""

    days: tuple[int, ...] = ()
    count: int = 0
    spacing: int = 0
    from_day: int = 0


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What makes good a missed test day: `count` negatives at least `spacing` minutes apart, sampled after it."""

    count: int = 2
    spacing: int = 1440


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase. `first`/`last` are its days from its origin; `by_day` the last day of a phase ended by tests."""

    id: str
    name: Text
    color: str
    severity: int
    end: EndKind
    first: int = 0
    last: int = 0
    from_previous: bool = False
    event: Event | None = None
    end_field: str = ""
    level: str = ""
    review_days: int = 7
    schedule: Schedule | None = None
    hold_color: str = ""
    hold_severity: int = 0
    notices: tuple[str, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """Where a rule stands in writing: source id of the ruleset and the passage."""

    source: str
    text: Text


@dataclass(frozen=True, slots=True)
class Transition:
    """What happens to open grounds when a ruleset with this rule takes over, or when the rule is gone."""

    mode: Literal["continue", "recompute", "end"]
    may_worsen: bool = False


@dataclass(frozen=True, slots=True)
class Downgrade:
    """Clear days after which an area of `level` becomes `to`; `clear_days_outright` where it never was higher.

    `to` None: it is lifted.
    """

    level: AreaLevel
    to: AreaLevel | None
    clear_days: int
    clear_days_outright: int
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Which evidence opens a ground, from which day, through which phases, and what it says."""

    id: str
    evidence: EvidenceKind
    category: str
    anchor: Literal["anchor", "learned", "occurred"]
    where: tuple[Condition, ...]
    phases: tuple[Phase, ...]
    closed_by: frozenset[Event]
    catch_up: CatchUp
    transition: Transition
    title: Text
    reason: Text
    way_out: Text
    clause: Clause
    sources: Mapping[str, str]
    hold_notice: str | None
    follows_area: bool


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """A declared overlay (提示): basis, end and way out; `bit` is its place in the record's bitset (0-15)."""

    id: str
    bit: int
    text: Text
    basis: Text
    end: Text
    way_out: Text


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that the rules rest on; `mark` says how far it was checked."""

    id: str
    title: Text
    mark: Literal["sourced", "general", "default"]


@dataclass(frozen=True, slots=True)
class Case:
    """A test case beside a rule: evidence and areas as JSON, and what must be answered at each instant."""

    rule: str
    name: str
    file: str
    line: int
    evidence: tuple[Mapping[str, object], ...]
    areas: tuple[Mapping[str, object], ...]
    holds_code: bool
    expect: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Ruleset:
    """All rules in force together."""

    id: str
    version: str
    region: str
    title: Text
    from_: Minute
    until: Minute | None
    colors: ColorScheme
    policies: tuple[CheckPolicy, ...]
    default_policy: CheckPolicy
    rules: tuple[Rule, ...]
    notices: Mapping[str, NoticeRule]
    references: Mapping[str, Reference]
    hotline: tuple[Text, str]
    hold_notice: str
    cases: tuple[Case, ...] = ()
    digest: str = ""
    by_kind: Mapping[EvidenceKind, tuple[Rule, ...]] = field(default_factory=dict)
    abolished: Mapping[str, Transition] = field(default_factory=dict)
    area_levels: tuple[Downgrade, ...] = ()
    policy_limits: PolicyLimits = DEFAULT_LIMITS

    def __repr__(self) -> str:
        return f"<Ruleset {self.key}>"  # all its rules would fill pages of a log

    @property
    def key(self) -> str:
        """How decisions and spans name this ruleset: `id@version`."""
        return f"{self.id}@{self.version}"

    def rule(self, rule_id: str) -> Rule:
        """The rule of an id; raises KeyError."""
        return next((r for r in self.rules if r.id == rule_id), None) or self._missing(rule_id)

    def _missing(self, rule_id: str) -> Rule:
        raise KeyError(f"ruleset {self.id} has no rule {rule_id}")

    def notice_bits(self, notices: tuple[str, ...]) -> int:
        """The record's bitset of some notice ids."""
        bits = 0
        for notice in notices:
            bits |= 1 << self.notices[notice].bit
        return bits


def phase_span(phase: Phase, origin: Day) -> tuple[Day, Day]:
    """First and last calendar day of a phase counted from its origin day."""
    return origin + phase.first, origin + phase.last
