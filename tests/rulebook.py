"""Short ways to write evidence about the cast in October 2022, and the ninth-edition ruleset."""

from functools import cache
from typing import Any

from healthcode.adapters.rulebook_files import rulebook_folder, ruleset_history, ruleset_load
from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.evidence import Evidence, EvidenceKind, evidence_check
from healthcode.domain.time import Minute, day_of, minute_parse
from healthcode.domain.unit import UnitKind
from healthcode.rules.evaluate import evaluate
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Evaluation
from healthcode.rules.succession import RulesetHistory

COUNTY = "140728"


@cache
def ninth() -> Ruleset:
    """The ninth-edition ruleset of Shanxi."""
    return ruleset_load("ninth-edition")


@cache
def succession() -> RulesetHistory:
    """The four rulesets of Shanxi, one after the other."""
    return ruleset_history(rulebook_folder())


def at(day: int, hour: int = 0, minute: int = 0) -> Minute:
    """A minute of October 2022 on the region's clock."""
    return minute_parse(f"2022-10-{day:02d}T{hour:02d}:{minute:02d}+08:00")


def fact(
    kind: str,
    key: str,
    anchor: int | None = 1,
    learned: Minute | None = None,
    supersedes: str | None = None,
    rescinded: bool = False,
    **fields: Any,
) -> Evidence:
    """Evidence whose day 0 is a day of October, learned that evening where nothing else is said."""
    known = at(anchor or 1, 20) if learned is None else learned
    return Evidence(
        id=key,
        kind=EvidenceKind(kind),
        fields=evidence_check(EvidenceKind(kind), fields),
        anchor=None if anchor is None else day_of(at(anchor)),
        occurred=known if anchor is None else at(anchor),
        learned=known,
        supersedes=supersedes,
        rescinded=rescinded,
        unit=UnitKind.county_office,
        source="平遥县疫情防控办",
        county=COUNTY,
    )


def swab(day: int, hour: int = 9, *, key: str = "", known: Minute | None = None, **fields: Any) -> Evidence:
    """A test sampled in October, negative and reported eight hours later where nothing else is said."""
    sampled = at(day, hour)
    return Evidence(
        id=key or f"swab-{day}-{hour}",
        kind=EvidenceKind.test,
        fields=evidence_check(EvidenceKind.test, {"result": "negative", **fields}),
        anchor=None,
        occurred=sampled,
        learned=sampled + 480 if known is None else known,
        unit=UnitKind.laboratory,
        source="平遥县人民医院",
        county=COUNTY,
    )


def release(about: str, when: Minute, reason: str = "excluded", key: str = "release") -> Evidence:
    """The word that a measure about one record is over."""
    fields = evidence_check(EvidenceKind.release, {"reason": reason, "about": [about]})
    return Evidence(key, EvidenceKind.release, fields, None, when, when, source="平遥县疫情防控办", county=COUNTY)


def area(level: str, begin: Minute, end: Minute | None = None, key: str = "ring-road") -> Area:
    """One level of one area."""
    return Area(key, AreaLevel(level), begin, end)


def ask(evidence: list[Evidence], now: Minute, *areas: Area, holds_code: bool = True) -> Evaluation:
    """The answer under the ninth edition."""
    return evaluate(evidence, areas, ninth(), now, holds_code=holds_code)
