"""A rehearsal as bars: lengths for an SVG, and the same numbers for the table that they stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from healthcode.control.language import language, say
from healthcode.control.people.vault import identities_masked
from healthcode.control.rulesets.models import Rehearsal
from healthcode.domain.division import division_get
from healthcode.rules.explain import color_word
from healthcode.rules.model import Ruleset
from healthcode.rules.words import Lang

MOST_BARS = 12
_WIDTH = 100.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what, how many, the bar's length of 100, and the share in words."""

    name: str
    people: int
    length: float


@dataclass(frozen=True, slots=True)
class Face:
    """One of those who would change, as officers may see her: masked."""

    name: str
    document: str
    before: str
    after: str


def by_change(found: Rehearsal, ruleset: Ruleset) -> list[Bar]:
    """How many go from which color to which."""
    return _bars(found, lambda _county, before, after: f"{_word(before, ruleset)} → {_word(after, ruleset)}")


def by_county(found: Rehearsal) -> list[Bar]:
    """How many change in which county, the most first."""
    return _bars(found, lambda county, _before, _after: county_name(county))


def by_rule(found: Rehearsal, ruleset: Ruleset, former: Ruleset) -> list[tuple[str, int, int, int]]:
    """Open grounds by rule: title, now, under the draft, difference."""
    titles = {rule.id: rule.title[_lang()] for rules in (former, ruleset) for rule in rules.rules}
    rows = [(titles.get(rule, rule), now, then, then - now) for rule, (now, then) in found.grounds.items()]
    return sorted(rows, key=lambda row: (-abs(row[3]), row[0]))


def faces(found: Rehearsal, ruleset: Ruleset) -> list[Face]:
    """Some of those who would change: masked names and documents, never more."""
    shown = identities_masked(number for number, _, _ in found.sample)
    rows = []
    for number, before, after in found.sample:
        masked = shown.get(number)
        name, document = (masked.name, masked.document) if masked else ("*", "*")
        rows.append(Face(name, document, _word(before, ruleset), _word(after, ruleset)))
    return rows


def county_name(code: str) -> str:
    """A county in words; a code that is none, or none at all, is said so."""
    try:
        found = division_get(code)
    except KeyError:
        return code or say("住址不明", "No address")
    return say(found.name_zh, found.name_en)


def _bars(found: Rehearsal, name: Callable[[str, str, str], str]) -> list[Bar]:
    counts: Counter[str] = Counter()
    for county, before, after, people in found.changes:
        counts[name(county, before, after)] += people
    most = max(counts.values(), default=1)
    return [Bar(what, people, round(_WIDTH * people / most, 1)) for what, people in counts.most_common()]


def _word(color: str, ruleset: Ruleset) -> str:
    return color_word(color, ruleset, _lang())


def _lang() -> Lang:
    return "zh" if language() == "zh" else "en"
