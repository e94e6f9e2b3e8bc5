"""Stored numbers of outcomes, verdicts and grades.  Append only: a number once stored keeps its meaning.

A color outcome is stored as its table state (2 and up, configured), every other outcome from 100 on.
"""

from collections.abc import Mapping

from healthcode.domain.presence import Presence
from healthcode.visits.record import Visit

OUTCOMES: Mapping[str, int] = {
    "expired": 101,
    "absent": 102,
    "unknown": 103,
    "recalled": 104,
    "forged": 105,
    "stale": 106,
    "failed": 107,
    "timeout": 108,
}
VERDICTS: Mapping[str, int] = {
    "pass": 1,
    "pass_with_register": 2,
    "do_not_pass": 3,
    "buffer_entrance": 4,
    "use_id_card": 5,
}
GRADES: Mapping[Presence, int] = {Presence.inspected: 1, Presence.rotating: 2, Presence.static: 3}


def outcome_number(outcome: str, colors: Mapping[str, int]) -> int:
    """The stored number of an outcome; `colors` maps configured color ids to table states.

    Raises KeyError for an outcome that is neither a color nor in the closed list.
    """
    number = OUTCOMES.get(outcome)
    return colors[outcome] if number is None else number


def visit_numbers(visit: Visit, colors: Mapping[str, int]) -> tuple[int, int, int]:
    """The stored numbers of a visit's grade, outcome and verdict.  Raises KeyError where one has none."""
    return GRADES[visit.grade], outcome_number(visit.outcome, colors), VERDICTS[visit.verdict]
