"""How busy a worker is, and what it gives up first: panels, then other people's pages, then scans, the color last.

Measured by how late the worker's own loop comes to a timer: that is what every request in it waits, too.  Answers that
are refused are refused at once, before any work, with a time to come again that differs from phone to phone.

Panels are refused all together. Of scans, and at last of the color, only a share is refused that grows with the
lateness: turning everybody away is work too, and would keep the loop as late while nothing is stored.
"""

import random
from collections import deque
from enum import IntEnum
from statistics import median

TICK_S = 0.05
"""How often the loop's lateness is measured."""
TICKS = 5
"""Their median counts: one late tick is a pause of the machine, and no load."""
PENDING_MOST = 12_000
"""Requests that wait for something (a visit's commit, control): beyond it nothing more is begun."""


class Level(IntEnum):
    """How much is given up: nothing; panels and control's pages; new codes in number; scans; at last the color too.

    Whoever asks for a color then would wait longer than a gate can: she is told at once to come again, and the gate
    falls back to the ID card.
    """

    calm = 0
    busy = 1
    strained = 2
    drowning = 3
    lost = 4
    never = 9


_LATE_S = ((Level.lost, 3.0), (Level.drowning, 1.0), (Level.strained, 0.4), (Level.busy, 0.15))
_PENDING = ((Level.drowning, 9_000), (Level.strained, 6_000), (Level.busy, 3_000))
_ALL_REFUSED_S = {Level.drowning: 3.0, Level.lost: 5.0}
"""The lateness at which no scan is taken any more, and then no color told; from the level's own on the share grows."""
_WAITS_S = {Level.calm: 4, Level.busy: 6, Level.strained: 15, Level.drowning: 30, Level.lost: 30}


class Load:
    """The load of one worker."""

    def __init__(self) -> None:
        self.pending = 0
        """Requests that wait for something."""
        self.level = Level.calm
        self.refused = 0
        self._share = 1.0
        self._owed = 0.0
        self._late_s: deque[float] = deque([0.0] * TICKS, maxlen=TICKS)

    @property
    def late_s(self) -> float:
        """How late the loop is, in seconds."""
        return median(self._late_s)

    def ticked(self, late_s: float) -> None:
        """Take one measurement of the loop's lateness."""
        lasting_s = min(self._late_s[-1], late_s)  # a loop that is very late ticks seldom: two in a row are enough
        self._late_s.append(max(0.0, late_s))
        late_s = max(self.late_s, lasting_s)
        by_time = next((level for level, bound in _LATE_S if late_s >= bound), Level.calm)
        by_count = next((level for level, bound in _PENDING if self.pending >= bound), Level.calm)
        self.level = max(by_time, by_count)
        self._share = self._share_of(late_s)

    def refuses(self, given_up_at: Level) -> bool:
        """Whether a request of this kind is refused now (and count it)."""
        if self.pending < PENDING_MOST and (self.level < given_up_at or self._spared(given_up_at)):
            return False
        self.refused += 1
        return True

    def _spared(self, given_up_at: Level) -> bool:
        """Whether a request that is given up at this very level is taken all the same: evenly, by the share."""
        if self.level > given_up_at:
            return False
        self._owed += self._share
        if self._owed < 1:
            return True
        self._owed -= 1
        return False

    def _share_of(self, late_s: float) -> float:
        """The part that is refused of what is given up at the present level."""
        end_s = _ALL_REFUSED_S.get(self.level)
        if end_s is None:
            return 1.0
        begin_s = dict(_LATE_S)[self.level]
        by_time = (late_s - begin_s) / (end_s - begin_s)
        by_count = (self.pending - _PENDING[0][1]) / (PENDING_MOST - _PENDING[0][1])
        return min(1.0, max(0.0, by_time, by_count))

    def retry_after_s(self) -> int:
        """Seconds after which to come again, spread so that those refused together do not come back together."""
        longest = _WAITS_S[self.level]
        return random.randint(max(1, longest // 4), longest)  # noqa: S311 - spreads load, keeps no secret
