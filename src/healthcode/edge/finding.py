"""From what was shown at a gate (a live code, a pass, a paper) to the subject's record and the outcome.

Laws (spec/outcomes.md): the color is the table's, never what a code says; an older generation than the table's is
recalled, a newer one means that our data are behind; whatever cannot be told is not green.
"""

from typing import NamedTuple

from healthcode.codes.errors import CodeError, Expired, Forged
from healthcode.codes.live import live_open
from healthcode.codes.paper import FAMILY as PAPER_FAMILY
from healthcode.codes.paper import paper_open
from healthcode.codes.passes import FAMILY as PASS_FAMILY
from healthcode.codes.passes import locator_open, pass_open
from healthcode.domain.outcome import Freshness as Level
from healthcode.domain.outcome import Outcome
from healthcode.domain.time import Minute
from healthcode.edge.limits import TwinWatch
from healthcode.edge.metrics import Metrics
from healthcode.edge.status import Moment
from healthcode.edge.world import World
from healthcode.table.record import UNKNOWN, Record


class Person(NamedTuple):
    """Whom a code names: subject number (0: nobody known here) and masked name."""

    subject: int
    masked_name: str


class Found(NamedTuple):
    """What a check found: the outcome, why where the code itself says it, and whose code and record it was."""

    outcome: str
    reason: str = ""
    person: Person | None = None
    record: Record = UNKNOWN
    notices: int = 0


class Finder:
    """Opens codes for one worker. Total: any text has an outcome."""

    def __init__(self, world: World, metrics: Metrics) -> None:
        self._world = world
        self._metrics = metrics
        self.twins = TwinWatch()

    def find(self, text: str, venue: int, moment: Moment) -> Found:
        """What is known about the code shown at `venue`."""
        now = int(moment.wall_s) // 60
        try:
            if text.startswith(PASS_FAMILY):
                return self._pass(text, venue, moment.wall_s, now)
            if text.startswith(PAPER_FAMILY):
                return self._paper(text, now)
            return self._live(text, venue, moment.wall_s, now)
        except CodeError as error:
            return Found(error.outcome, "" if isinstance(error, Expired | Forged) else error.code)

    def known(self, person: Person, now: Minute) -> Found:
        """What is known of a person whose document was shown: a card has no generation."""
        return self._look_up(person, None, now)

    def _live(self, text: str, venue: int, now_s: float, now: Minute) -> Found:
        claim = live_open(self._world.keys, text, region=self._world.region, now_s=now_s)
        self._watch(claim.subject, claim.minute, venue, now)
        return self._look_up(Person(claim.subject, claim.masked_name), claim.generation, now)

    def _pass(self, text: str, venue: int, now_s: float, now: Minute) -> Found:
        """A phone without network at a gate that has one: the table answers, not the pass."""
        shown = pass_open(self._world.issuers("person"), text, region=self._world.region, now_s=now_s)
        person = Person(locator_open(self._world.keys, shown.claim), shown.claim.masked_name)
        if self._world.recalled(shown.claim.handle):
            return Found(Outcome.recalled.value, person=person)
        self._watch(person.subject, shown.minute, venue, now)
        return self._look_up(person, shown.claim.generation, now)

    def _paper(self, text: str, now: Minute) -> Found:
        """A sheet may be shown in two places: it is a handle, and the face and the ID card decide whose it is."""
        claim = paper_open(self._world.issuers("person"), text, region=self._world.region, now=now)
        if self._world.recalled(claim.handle):
            return Found(Outcome.recalled.value)
        subject = self._world.paper_subject(claim.handle)
        person = Person(subject, claim.masked_name)
        return self._look_up(person, None, now) if subject else Found(Outcome.unknown.value, person=person)

    def _watch(self, subject: int, minute: Minute, venue: int, now: Minute) -> None:
        if self.twins.check(subject, minute, venue, now):
            self._metrics.events["code_in_two_places"] += 1

    def _look_up(self, person: Person, generation: int | None, now: Minute) -> Found:
        """The record and the outcome of a genuine code; a paper has no generation."""
        record = self._world.record(person.subject)
        if generation not in (None, record.generation) and record is not UNKNOWN:
            older = generation is not None and generation < record.generation
            return Found((Outcome.recalled if older else Outcome.unknown).value, person=person)
        if self._world.level is Level.stale:
            return Found(Outcome.stale.value, "", person, record)
        state, notices = self._world.effective(record, now)
        return Found(self._world.color_id(state), "", person, record, notices)
