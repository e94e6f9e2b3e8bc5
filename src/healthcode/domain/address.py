"""What place an address names, for finding the residents of a compound, a street or a town by a keyed hash.

Invariants: pure text; province, city and county are not part of a place (the division code says them); building, unit
and room numbers never are. A place is `town/name`, `name` or `town`; two addresses of one compound share its place.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from healthcode.domain.division import PROVINCES, cities, counties

MOST_PLACES: Final = 8
"""So many places one address is found by at most."""

_TOWN: Final = re.compile(r"^[\u4e00-\u9fff]{1,8}?(?:镇|乡|街道)")
_NUMBERS: Final = re.compile(r"[0-9A-Za-z甲乙丙丁#()\-—、,，.·/]+")
_BRACKETS: Final = re.compile(r"\([^)]*\)")
_STREET: Final = re.compile(r"(?<=[街路巷道])(?=[\u4e00-\u9fff]{2})")
_NO_PLACE: Final = re.compile(r"^(?:号楼|号院|号|栋|幢|单元|座|室|层|楼|户|排|院|期|区|附|内|对面|旁|[东西南北]单元)+")


def places_of(address: str) -> tuple[str, ...]:
    """Every place by which somebody with this address is found; empty where the text names none."""
    town, names = _parts(address)
    found = [town] if town else []
    for name in names:
        found += [name, f"{town}/{name}"] if town else [name]
    return tuple(dict.fromkeys(found))[:MOST_PLACES]


def place_named(text: str) -> str:
    """The one place that a designation's line names, the most exact one; empty where it names none."""
    town, names = _parts(text)
    if not names:
        return town
    return f"{town}/{names[-1]}" if town else names[-1]


def _parts(text: str) -> tuple[str, list[str]]:
    """The town, and the streets and compounds in their order."""
    rest = _without_division(_BRACKETS.sub("", "".join(unicodedata.normalize("NFKC", text).split())))
    found = _TOWN.match(rest)
    town = found.group() if found else ""
    pieces = (piece for part in _NUMBERS.split(rest[len(town) :]) for piece in _STREET.split(_NO_PLACE.sub("", part)))
    return town, [piece for piece in pieces if len(piece) > 1]


def _without_division(text: str) -> str:
    for names in _divisions():
        text = next((text[len(name) :] for name in names if text.startswith(name)), text)
    return text


@lru_cache(maxsize=1)
def _divisions() -> tuple[tuple[str, ...], ...]:
    """Names of provinces, cities and counties, longest first."""
    levels = (name for name, _ in PROVINCES.values()), (c.name_zh for c in cities()), (c.name_zh for c in counties())
    return tuple(tuple(sorted(set(names), key=len, reverse=True)) for names in levels)
