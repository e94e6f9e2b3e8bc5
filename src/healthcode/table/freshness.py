"""How old an edge's data is, and whether its clock can be believed: both from control's heartbeats alone."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from healthcode.domain.outcome import FRESH_SECONDS
from healthcode.domain.time import Minute
from healthcode.table.heartbeat import Heartbeat

FRESH_MS: Final = FRESH_SECONDS * 1000
SKEW_MS: Final = 30_000
_WAITING: Final = 3600
_COMPARED: Final = 30
"""Heartbeats of which the quickest tells control's time: half a minute."""


class FeedHealth(NamedTuple):
    """`as_of_ms`: everything that control published until then is applied (None: never so since the start).

    `clock_offset_ms` is the own clock minus control's, where two heartbeats allowed to tell, and `told_ms` the time in
    the heartbeat that told it. `rewound`: control announces fewer numbers than it once gave, as after a restore of an
    older backup; a snapshot is needed.
    """

    as_of_ms: int | None
    age_ms: int | None
    fresh: bool
    gap: bool
    rewound: bool
    clock_offset_ms: int | None
    skewed: bool
    behind: Mapping[int, int]
    told_ms: int | None = None

    def trusted_minute(self, now_ms: int) -> Minute | None:
        """Return the present minute by control's clock, if known: `record_effective`'s `trusted`."""
        return None if self.clock_offset_ms is None else (now_ms - self.clock_offset_ms) // 60_000


class ControlClock:
    """Control's time as this host hears it, by its boot clock, which nobody can set.

    A heartbeat that lay somewhere on its way (a frozen relay, a slow disk) tells a time that is over, and data would
    seem younger than they are by as much. None comes before it was sent: of the last ones the quickest is right.
    """

    def __init__(self, *heard: tuple[int, int]) -> None:
        """`heard` is what was known already: control's time and the boot clock when it was heard, in milliseconds."""
        self._heard = deque(heard, maxlen=_COMPARED)

    def hear(self, control_ms: int, boot_ms: int) -> None:
        """Take the time in a heartbeat, heard at `boot_ms`; one that was taken already changes nothing."""
        if not self._heard or self._heard[-1][0] != control_ms:
            self._heard.append((control_ms, boot_ms))

    def quickest(self) -> tuple[int, int]:
        """Return control's time in the quickest of the last heartbeats and when it was heard; zeros before any."""
        return min(self._heard, key=lambda heard: heard[1] - heard[0], default=(0, 0))


class Freshness:
    """Follows heartbeats and watermarks. A beat counts once every lane has reached the numbers that it announces."""

    def __init__(self, lanes: Iterable[int]) -> None:
        self._applied: Mapping[int, int] = dict.fromkeys(lanes, 0)
        self._at_last_beat: Mapping[int, int] | None = None
        self._last: Heartbeat | None = None
        self._waiting: deque[Heartbeat] = deque(maxlen=_WAITING)
        self._as_of_ms: int | None = None
        self._offset_ms: int | None = None
        self._told_ms: int | None = None
        self._rewound = False

    def beat(self, beat: Heartbeat, applied: Mapping[int, int], now_ms: int) -> None:
        """Take a verified heartbeat, first seen at `now_ms` by the own clock; older ones change nothing.

        The first one may have lain in the store since control died, so it tells nothing about the clock; one that
        follows it was made while we looked.
        """
        self._applied = dict(applied)
        if self._last is not None:
            if beat.at_ms <= self._last.at_ms:
                return
            self._offset_ms, self._told_ms = now_ms - beat.at_ms, beat.at_ms
            self._rewound = any(beat.last.get(lane, 0) < at for lane, at in (self._at_last_beat or {}).items())
        self._last = beat
        self._at_last_beat = self._applied
        self._waiting.append(beat)
        self._settle()

    def advanced(self, applied: Mapping[int, int]) -> None:
        """Take new watermarks."""
        self._applied = dict(applied)
        self._settle()

    def health(self, now_ms: int, *, gap: bool) -> FeedHealth:
        """Return the state of things at `now_ms` by the own clock."""
        age = None if self._as_of_ms is None else max(0, now_ms - (self._offset_ms or 0) - self._as_of_ms)
        announced = self._last.last if self._last else {}
        return FeedHealth(
            as_of_ms=self._as_of_ms,
            age_ms=age,
            fresh=age is not None and age <= FRESH_MS and not gap and not self._rewound,
            gap=gap,
            rewound=self._rewound,
            clock_offset_ms=self._offset_ms,
            skewed=self._offset_ms is not None and abs(self._offset_ms) > SKEW_MS,
            behind={lane: max(0, announced.get(lane, 0) - at) for lane, at in self._applied.items()},
            told_ms=self._told_ms,
        )

    def _settle(self) -> None:
        while self._waiting and all(self._applied.get(lane, 0) >= at for lane, at in self._waiting[0].last.items()):
            self._as_of_ms = self._waiting.popleft().at_ms
