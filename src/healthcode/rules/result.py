"""What an evaluation answers: color, grounds, notices and the timeline, as plain immutable values."""

from dataclasses import dataclass
from typing import NamedTuple

from healthcode.domain.time import Minute
from healthcode.rules.schedule import Sampling


class Span(NamedTuple):
    """From `minute` on a ground is in the phase of that index (-1: closed), held by missed tests or not.

    `ruleset` is the key of the ruleset whose numbers these are; empty where one ruleset alone was evaluated.
    """

    minute: Minute
    phase: int
    held: bool
    ruleset: str = ""


class Step(NamedTuple):
    """One instant after `now` at which color or notices change if nothing new is learned."""

    minute: Minute
    color: str
    notices: tuple[str, ...]


class Notice(NamedTuple):
    """A notice shown now, until when (None: open), and the keys of the grounds that say so."""

    id: str
    until: Minute | None
    grounds: tuple[str, ...]


class Unclear(NamedTuple):
    """A record that could not be read: the third answer, *cannot tell*."""

    evidence: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ground:
    """One open ground (赋码事由): (subject, rule, evidence), its phase now and how it goes on.

    `evidence` is the first record of the chain, `record` the one that counts now. `until` is when it closes if nothing
    new is learned (None: open end), `planned_end` when it closes if every test is negative. `review` is an alarm.
    `ruleset` is the key of the ruleset whose numbers apply now (empty: the one evaluated).
    """

    key: str
    rule: str
    evidence: str
    record: str
    phase: str
    color: str
    held: bool
    pending: bool
    since: Minute
    phase_since: Minute
    next_change: Minute | None
    until: Minute | None
    planned_end: Minute | None
    review: Minute | None
    county: str
    spans: tuple[Span, ...]
    tests_due: tuple[Sampling, ...]
    notices: tuple[str, ...]
    ruleset: str = ""

    @property
    def way_out(self) -> str:
        """Id of the rule whose way out applies."""
        return self.rule


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer at `now`. `color` is a color id, `absent` or `unknown`."""

    ruleset: str
    version: str
    now: Minute
    color: str
    grounds: tuple[Ground, ...]
    notices: tuple[Notice, ...]
    timeline: tuple[Step, ...]
    next_review: Minute | None
    unclear: tuple[Unclear, ...]
    last_negative: Minute | None
    doses: int

    def decision_key(self) -> tuple[object, ...]:
        """Equal keys mean the same decision: color, grounds and timeline; a test that only renews its age is none.

        Which ruleset is in force is no part of it: what follows one names it in its spans. Changes that the earlier
        timeline announced are no difference: compare the key at the same instant.
        """
        alone = f"{self.ruleset}@{self.version}"  # whose spans name none: they say the same once a history names it
        grounds = tuple(
            (g.key, g.record, tuple(s if s.ruleset else s._replace(ruleset=alone) for s in g.spans))
            for g in self.grounds
        )
        return (self.color, grounds, tuple(n.id for n in self.notices), self.timeline)
