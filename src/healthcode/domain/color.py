"""Colors are configured (Art. 14): an ordered list with severity, word, shape, sound and vibration.

Invariants: a state number in the color table is 0 `unknown`, 1 `absent`, 2 and up configured; worst is by `severity`,
never by number; no color is worse or better by accident of its id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

UNKNOWN_STATE: Final = 0
ABSENT_STATE: Final = 1
UNKNOWN: Final = "unknown"
ABSENT: Final = "absent"


class ColorError(ValueError):
    """A color definition contradicts itself; the message says which and what to write."""


@dataclass(frozen=True, slots=True)
class ColorDefinition:
    """One configured color; `hue` holds design tokens by use (`solid`, `soft`, `text`) as CSS colors."""

    id: str
    state: int
    severity: int
    word: Mapping[str, str]
    shape: str
    sound: str
    vibration: tuple[int, ...]
    hue: Mapping[str, str]


class ColorScheme:
    """The ordered colors in force. `default` is the color of a code holder without an open ground."""

    __slots__ = ("_by_id", "_by_state", "_severity", "definitions")

    def __init__(self, definitions: Iterable[ColorDefinition]) -> None:
        """Take the definitions in any order; raises ColorError for doubles, reserved states or an empty list."""
        self.definitions: tuple[ColorDefinition, ...] = tuple(sorted(definitions, key=lambda c: c.severity))
        self._by_id = {c.id: c for c in self.definitions}
        self._by_state = {c.state: c for c in self.definitions}
        severities = {c.severity for c in self.definitions}
        if not self.definitions:
            raise ColorError("a scheme needs at least one color")
        if not len(self.definitions) == len(self._by_id) == len(self._by_state) == len(severities):
            raise ColorError("ids, states and severities must each be used once")
        if any(not 2 <= c.state <= 15 for c in self.definitions):
            raise ColorError("states 0 (unknown) and 1 (absent) are reserved; use 2 to 15")
        if any(c.id in (UNKNOWN, ABSENT) for c in self.definitions):
            raise ColorError("'unknown' and 'absent' are no colors; choose another id")
        self._severity = {c.id: c.severity for c in self.definitions}

    @property
    def default(self) -> ColorDefinition:
        """The least severe color: what a code holder without an open ground shows."""
        return self.definitions[0]

    def __contains__(self, color: object) -> bool:
        return color in self._by_id

    def get(self, color: str) -> ColorDefinition:
        """The definition of a color id; raises KeyError."""
        return self._by_id[color]

    def of_state(self, state: int) -> ColorDefinition | None:
        """The definition behind a table state, or None for unknown, absent and unconfigured states."""
        return self._by_state.get(state)

    def state(self, color: str) -> int:
        """The table state of a color id, `absent` or `unknown`; raises KeyError for anything else."""
        if color == UNKNOWN:
            return UNKNOWN_STATE
        if color == ABSENT:
            return ABSENT_STATE
        return self._by_id[color].state

    def id_of(self, state: int) -> str:
        """The color id of a table state; `unknown` for a state that is not configured (never green by default)."""
        if state == ABSENT_STATE:
            return ABSENT
        found = self._by_state.get(state)
        return found.id if found else UNKNOWN

    def severity(self, color: str) -> int:
        """The severity of a color id; raises KeyError."""
        return self._severity[color]

    def severity_of_state(self, state: int) -> int:
        """Severity of a table state; -1 for states that are no color."""
        found = self._by_state.get(state)
        return found.severity if found else -1

    def worst(self, states: Iterable[int]) -> int:
        """The most severe of some table states; unknown only where no color is among them, absent where nothing else.

        A known color prevails over `unknown`, because unknown lets people pass; unknown prevails over absent.
        """
        worst, severity = ABSENT_STATE, -2
        seen = False
        for state in states:
            seen = True
            found = self._by_state.get(state)
            value = found.severity if found else (-2 if state == ABSENT_STATE else -1)
            if value > severity:
                worst, severity = (state if found or state == ABSENT_STATE else UNKNOWN_STATE), value
        return worst if seen else UNKNOWN_STATE
