"""The year lived by both evaluators: colors week after week, and each switch rehearsed before it comes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from time import monotonic
from typing import Any, Final

import ibis

from bench.epidemic.invent import FIRST, LAST, Epidemic
from healthcode.domain.area import Area
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import Minute, date_of, day_start
from healthcode.lake.columns import record_row
from healthcode.lake.engine import Engine, Run
from healthcode.lake.rehearsal import Rehearsal, rehearse, rules_before
from healthcode.rules.evaluate import evaluate
from healthcode.rules.succession import RulesetHistory

NIGHT: Final = 60
"""Minutes before a switch at which it is rehearsed."""

_ANSWERS: Final = ibis.schema({"subject": "int64", "state": "int64"})
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Week:
    """People by color at noon of one day."""

    day: date
    ruleset: str
    colors: dict[str, int]


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: what was predicted an hour before, and who turned out otherwise (nobody)."""

    at: Minute
    rehearsal: Rehearsal
    otherwise: tuple[int, ...]
    """Whose color the rehearsal said wrongly, by the population engine's answer at the switch."""
    otherwise_singly: tuple[int, ...]
    """The same by the other evaluator, one person after the other."""
    evaluated_singly: int
    seconds: float


class Province:
    """An epidemic in an engine, and beside it person by person."""

    def __init__(self, epidemic: Epidemic, history: RulesetHistory, engine: Engine | None = None) -> None:
        self.epidemic, self.history = epidemic, history
        self.engine = engine or Engine(threads=2)
        self.evidence: dict[int, list[Evidence]] = defaultdict(list)
        for number, record in epidemic.records:
            self.evidence[number].append(record)
        self.places: dict[str, list[Area]] = defaultdict(list)
        for area in epidemic.areas:
            self.places[area.id].append(area)
        self.counties = dict(enumerate(epidemic.counties))
        self._load()

    def _load(self) -> None:
        people = [{"subject": n, "holds_code": holds} for n, holds in enumerate(self.epidemic.holds_code)]
        areas = [
            {"area": a.id, "level": a.level.value, "from_": a.from_, "until": a.until} for a in self.epidemic.areas
        ]
        self.engine.load("subjects", people)
        self.engine.load("areas", areas)
        counties = [{"subject": number, "county": county} for number, county in self.counties.items()]
        self.engine.load("counties", counties)

    def known(self, until: Minute) -> None:
        """Give the engine what was learned until a minute, and nothing later."""
        rows: list[dict[str, Any]] = [record_row(n, e) for n, e in self.epidemic.records if e.learned <= until]
        self.engine.load("evidence", [row for row in rows if row["kind"] != EvidenceKind.test])
        self.engine.load("tests", [row for row in rows if row["kind"] == EvidenceKind.test])

    def everybody(self, now: Minute) -> dict[int, str]:
        """The color of everybody at an instant, by the population engine, as known then."""
        rules = rules_before(self.history, now + 1)
        people = Run(self.engine, rules, now).people.select("subject", "state")
        name = rules.rulesets[-1].colors.id_of
        return {row["subject"]: name(row["state"]) for row in self.engine.rows(people)}

    def one(self, number: int, now: Minute) -> str:
        """The color of one person at an instant, by the other evaluator, under the whole history."""
        known = [e for e in self.evidence[number] if e.learned <= now]
        areas = [area for e in known for area in self.places.get(str(e.fields.get("area", "")), ())]
        return evaluate(known, areas, self.history, now, holds_code=self.epidemic.holds_code[number]).color


def weeks_live(province: Province, *, sample: int, say: Say) -> Iterator[Week]:
    """Noon of every seventh day; `sample` people with evidence are evaluated singly too, and must agree."""
    rng = Random(province.epidemic.seed)  # noqa: S311 # picks whom to check, no secret
    touched = sorted(province.evidence)
    province.known(day_start(LAST + 1))
    for day in range(FIRST, LAST + 1, 7):
        now, begun = day_start(day) + 720, monotonic()
        colors = province.everybody(now)
        chosen = rng.sample(touched, min(sample, len(touched)))
        wrong = [n for n in chosen if province.one(n, now) != colors[n]]
        if wrong:
            raise AssertionError(f"the two evaluators differ at noon of {date_of(day)} about {wrong[:5]}")
        week = Week(date_of(day), province.history.at(now).id, dict(Counter(colors.values())))
        say(f"{week.day} {week.ruleset} {week.colors} in {monotonic() - begun:.1f} s")
        yield week


def switch_rehearse(province: Province, place: int) -> tuple[Rehearsal, dict[int, str]]:
    """Rehearse the switch to ruleset number `place` an hour before it: numbers, and everybody's color then."""
    draft = province.history.rulesets[place]
    province.known(draft.from_ - NIGHT)
    former = RulesetHistory.of(province.history.rulesets[:place])
    found = rehearse(province.engine, former, draft, draft.from_)
    rows = province.engine.rows(ibis.table(_ANSWERS, name="after"))
    return found, {row["subject"]: draft.colors.id_of(row["state"]) for row in rows}


def switch_live(province: Province, place: int) -> Switch:
    """Rehearse a switch, then let it come and compare everybody, by the population engine and one by one."""
    at, begun = province.history.rulesets[place].from_, monotonic()
    found, predicted = switch_rehearse(province, place)
    seconds = monotonic() - begun
    province.known(at)
    actual = province.everybody(at)
    return Switch(
        at=at,
        rehearsal=found,
        otherwise=tuple(n for n, color in predicted.items() if actual[n] != color),
        otherwise_singly=tuple(n for n in sorted(province.evidence) if province.one(n, at) != predicted[n]),
        evaluated_singly=len(province.evidence),
        seconds=seconds,
    )
