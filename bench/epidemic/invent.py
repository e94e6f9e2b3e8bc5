"""An invented epidemic of one province, February 2022 to January 2023: the same people and records for the same seed.

Nobody here lives. Waves, contacts, arrivals, risk areas and tests follow rough rates; nothing is fitted to a real year.
Offices and laboratories record between eight in the morning and nine in the evening, as real ones mostly do: so a
rehearsal at eleven at night knows all that will be known at midnight.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final

from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.division import counties
from healthcode.domain.evidence import Evidence, EvidenceKind, evidence_check
from healthcode.domain.time import Day, Minute, day_from_date, day_start

FIRST: Final = day_from_date(date(2022, 2, 1))
LAST: Final = day_from_date(date(2023, 1, 31))
SWITCHES: Final = tuple(day_from_date(day) for day in (date(2022, 6, 28), date(2022, 11, 11), date(2022, 12, 7)))

_WAVES: Final = (  # peak, width in days, infections a day at the peak among 30,000 people
    (date(2022, 3, 25), 14, 3.0),
    (date(2022, 6, 20), 8, 2.0),
    (date(2022, 8, 15), 12, 1.5),
    (date(2022, 11, 10), 16, 7.0),
    (date(2022, 12, 22), 9, 45.0),
)
_SCALE: Final = 30_000
_DUE: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    # on which days people go to be tested, by what was in force on that day
    "close_contact": ((1, 4, 7, 14), (1, 2, 3, 5, 7, 10), (1, 2, 3, 5, 6, 8), ()),
    "arrival_abroad": ((1, 4, 7, 14), (1, 2, 3, 5, 7, 10), (1, 2, 3, 5, 6, 8), ()),
    "secondary_contact": ((1, 4, 7), (1, 4, 7), (), ()),
    "venue_exposure": ((1, 4, 7), (1, 3), (1, 2, 3), ()),
    "area_stay": ((1, 4, 7, 14), (1, 2, 3, 4, 5, 7), (1, 3, 5, 7), ()),
    "occupational_exposure": ((1, 3, 5, 7), (1, 3, 5, 7), (1, 3, 5), ()),
    "symptom": ((1, 3), (1, 3), (1, 3), (1, 3)),
}
_MISSED, _LATE, _NEVER = 0.04, 0.05, 0.015
_POSITIVE: Final = 0.02
_OVERTURNED, _REDATED = 0.03, 0.03
_NO_CODE: Final = 0.06


@dataclass
class Epidemic:
    """Everything that was ever recorded, in no particular order; subjects are 0, 1, 2, …"""

    seed: int
    counties: list[str]
    holds_code: list[bool]
    records: list[tuple[int, Evidence]] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)

    @property
    def people(self) -> int:
        """How many people live in the province."""
        return len(self.counties)


def epidemic_invent(people: int, *, seed: int = 2022, since: Day = FIRST, until: Day = LAST) -> Epidemic:
    """Invent the days `since` to `until` of `people` people."""
    rng = Random(seed)  # noqa: S311 # an invented epidemic, not a secret
    codes = [county.code for county in counties()]
    made = Epidemic(seed, [rng.choice(codes) for _ in range(people)], [rng.random() > _NO_CODE for _ in range(people)])
    inventor = _Inventor(made, rng)
    for day in range(since, until + 1):
        inventor.live(day)
    return made


def edition(day: Day) -> int:
    """Which of the four rulesets is in force on a day."""
    return sum(switch <= day for switch in SWITCHES)


class _Inventor:
    """Lives one day after the other and writes down what the offices record."""

    def __init__(self, made: Epidemic, rng: Random) -> None:
        self.made, self.rng = made, rng
        self.scale = made.people / _SCALE
        self.lives: dict[str, list[int]] = defaultdict(list)
        for number, county in enumerate(made.counties):
            self.lives[county].append(number)
        self.clusters: list[str] = []
        self.turning: dict[Day, list[int]] = defaultdict(list)
        self.recent: dict[str, list[Day]] = defaultdict(list)
        self.closed_until: dict[str, Day] = {}
        self.ids = 0

    def live(self, day: Day) -> None:
        """One day of the province."""
        if (day - FIRST) % 21 == 0 or not self.clusters:
            self.clusters = self.rng.sample(sorted(self.lives), min(6, len(self.lives)))
        for number in self.turning.pop(day, []):
            self._infect(number, day)
        for _ in range(self._many(_infections(day))):
            self._infect(self._someone(self._place()), day)
        if edition(day) < 3:
            self._exposures(day)
        for _ in range(self._many(1.0)):
            self._fact("symptom", self._someone(), day, 0, symptoms=["fever"])
        if self._chance(0.4 * min(self.scale, 1)):
            self._outside(self._someone(), day)

    def _exposures(self, day: Day) -> None:
        """What the ten measures abolish."""
        for _ in range(self._many(1.2)):
            self._fact("arrival_abroad", self._someone(), day, self.rng.randint(0, 2), country="新加坡")
        if edition(day) >= 1:
            for _ in range(self._many(0.7)):
                self._fact("occupational_exposure", self._someone(), day, 0, post="isolation_site")
        for county in sorted(self.recent):
            lately = [d for d in self.recent[county] if d > day - 4]
            if len(lately) >= 2 and self.closed_until.get(county, 0) < day and self._chance(0.6):
                self._designate(county, day)

    def _infect(self, number: int, day: Day) -> None:
        """A positive test, a diagnosis the same evening, a discharge, and those who were near."""
        test = self._test(number, day, result="positive")
        category = "confirmed" if self._chance(0.4) else "asymptomatic"
        found = self._add(number, "infection", day, self._hour(day, 18, 20), category=category)
        home = day + self.rng.randint(9, 14) if edition(day) < 3 else day + 7
        self._add(number, "release", None, self._hour(home, 9, 11), reason="discharged", about=[found, test])
        county = self.made.counties[number]
        self.recent[county].append(day)
        if edition(day) == 3:
            return
        for _ in range(self._poisson(6)):
            self._contact(self._someone(county), day)
        for _ in range(self._poisson(4)):
            back = self.rng.randint(0, 2)
            self._fact("venue_exposure", self._someone(county), day, back, venue="永兴市场", presence="rotating")

    def _contact(self, number: int, day: Day) -> None:
        """A close contact: now and then infected himself, overturned or given another day 0; and his own contacts."""
        found = self._fact("close_contact", number, day, self.rng.randint(0, 3), setting="meal")
        if self._chance(_POSITIVE):
            self.turning[day + self.rng.randint(2, 5)].append(number)
        if self._chance(_OVERTURNED):
            learned = self._hour(day + self.rng.randint(1, 4), 10, 18)
            self._add(number, "close_contact", day, learned, supersedes=found, rescinded=True)
        elif self._chance(_REDATED):
            later = day + self.rng.randint(1, 3)
            self._add(number, "close_contact", day - 4, self._hour(later, 10, 18), supersedes=found, setting="work")
            self._tests("close_contact", number, day - 4, later)
        if edition(day) < 2:
            for _ in range(self._poisson(1.2)):
                self._secondary(self._someone(), day, self.rng.randint(0, 2))

    def _secondary(self, number: int, day: Day, back: int) -> None:
        """A contact of a contact, whose link's first two tests are mostly known by then else some days later."""
        if self._chance(0.85):
            self._fact("secondary_contact", number, day, back, linked_tests="negative")
            return
        found = self._fact("secondary_contact", number, day, back, linked_tests="pending")
        learned = self._hour(day + self.rng.randint(3, 10), 10, 18)
        self._add(number, "secondary_contact", day - back, learned, supersedes=found, linked_tests="negative")

    def _designate(self, county: str, day: Day) -> None:
        """A risk area with the levels that its ruleset knows, its residents, and those who had left."""
        key, begin = f"{county}-{day}", self._hour(day, 12, 12)
        high, medium, low = ((14, 0, 0), (7, 3, 3), (5, 0, 3), (5, 0, 0))[edition(day)]
        self.closed_until[county] = day + high + medium + low
        for level, days in ((AreaLevel.high, high), (AreaLevel.medium, medium), (AreaLevel.low, low)):
            if days:
                self.made.areas.append(Area(key, level, begin, begin + days * 1440, (county,)))
                begin += days * 1440
        for _ in range(self._poisson(14)):
            self._add(self._someone(county), "area_stay", day, self._hour(day, 13, 20), area=key, relation="resident")
        for level, many in (("high", 5), ("medium", 2), ("low", 4)):
            for _ in range(self._poisson(many)):
                back = self.rng.randint(0, 3)
                self._fact("area_stay", self._someone(), day, back, area=key, relation="left", level=level)

    def _outside(self, number: int, day: Day) -> None:
        """Another region's yellow, and a week later its lifting."""
        given = self._add(number, "outside_status", None, self._hour(day, 9, 17), region="110000", status="yellow")
        lifted = self._hour(day + self.rng.randint(5, 9), 9, 17)
        self._add(number, "outside_status", None, lifted, supersedes=given, region="110000", status="lifted")

    def _fact(self, kind: str, number: int, day: Day, back: int, **fields: Any) -> str:
        """An exposure determined on `day` with day 0 `back` days ago, and the tests that follow it."""
        found = self._add(number, kind, day - back, self._hour(day, 13, 20), **fields)
        self._tests(kind, number, day - back, day)
        return found

    def _tests(self, kind: str, number: int, anchor: Day, known: Day) -> None:
        """Most people go on time, some miss a day and make it good, a few come only weeks later."""
        due = [d for d in range(1, 22) if anchor + d >= known and d in _DUE[kind][edition(anchor + d)]]
        never = self._chance(_NEVER)
        missed = [d for d in due if never or self._chance(_MISSED)]
        for d in due:
            if d not in missed:
                self._test(number, anchor + d)
        if missed:
            wait = self.rng.randint(5, 16) if never else self.rng.randint(1, 3)
            for d in (0, 1):
                self._test(number, anchor + due[-1] + wait + d, hour=9 + d)

    def _test(self, number: int, day: Day, result: str = "negative", hour: int | None = None) -> str:
        sampled = self._hour(day, 8, 11) if hour is None else day_start(day) + hour * 60
        known = sampled + self.rng.randint(300, 540) + (1440 if self._chance(_LATE) else 0)
        return self._add(number, "test", None, known, occurred=sampled, result=result)

    def _add(
        self,
        number: int,
        kind: str,
        anchor: Day | None,
        learned: Minute,
        *,
        occurred: Minute | None = None,
        supersedes: str | None = None,
        rescinded: bool = False,
        **fields: Any,
    ) -> str:
        self.ids += 1
        known = EvidenceKind(kind)
        when = min(day_start(anchor), learned) if anchor is not None else learned
        record = Evidence(
            id=f"e{self.ids:07d}",
            kind=known,
            fields={} if rescinded else evidence_check(known, fields),
            anchor=anchor,
            occurred=when if occurred is None else occurred,
            learned=learned,
            supersedes=supersedes,
            rescinded=rescinded,
            county=self.made.counties[number],
        )
        self.made.records.append((number, record))
        return record.id

    def _place(self) -> str:
        return self.rng.choice(self.clusters if self._chance(0.8) else sorted(self.lives))

    def _someone(self, county: str = "") -> int:
        return self.rng.choice(self.lives[county]) if county else self.rng.randrange(self.made.people)

    def _hour(self, day: Day, first: int, last: int) -> Minute:
        return day_start(day) + self.rng.randint(first * 60, last * 60 + 59)

    def _chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    def _many(self, rate: float) -> int:
        """How many of something happen today, at `rate` a day among 30,000 people."""
        return self._poisson(rate * self.scale)

    def _poisson(self, mean: float) -> int:
        many, limit, product = 0, math.exp(-mean), self.rng.random()
        while product > limit:
            many, product = many + 1, product * self.rng.random()
        return many


def _infections(day: Day) -> float:
    """Infections on a day among 30,000 people."""
    return sum(top * math.exp(-0.5 * ((day - day_from_date(at)) / width) ** 2) for at, width, top in _WAVES)
