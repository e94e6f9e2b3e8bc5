"""What the updater tells the edge workers of its host: which table, how far the feed is applied, what time it is.

Control's time is carried on with the host's boot clock, which nobody can set: so a wall clock that jumps is noticed
also while control is silent (`spec/color-table.md`, clock).
"""

import msgspec

from healthcode.domain.outcome import FRESH_SECONDS
from healthcode.domain.time import Minute

CLOCK_TOLERANCE_S = 30.0
"""Beyond this difference between wall clock and control's time, improving transitions are withheld."""


class Status(msgspec.Struct, frozen=True):
    """Written by the updater, read by every edge worker.

    `table` is the id of the table file in use.  `as_of_ms` is control's time up to which everything is applied;
    `control_ms` the time in the quickest of the last heartbeats and `heard_boot_ms` the boot clock when it was read.
    """

    region: int
    table: str
    applied: dict[int, int]
    as_of_ms: int
    control_ms: int
    heard_boot_ms: int
    boot_id: str
    problem: str = ""
    """Why the data do not get fresher, in one word (`gap`, `database`, `rebuilding`), or empty."""
    waiting_from: Minute = 0
    """The minute from which a second table waits to be read; 0 for none."""
    offers_refused: int = 0
    """Offered tables that could not be used."""


NOTHING = Status(0, "", {}, 0, 0, 0, "", "no_updater")


class Moment(msgspec.Struct, frozen=True):
    """Two clocks read together: wall (seconds since 1970) and boot (seconds since this host started)."""

    wall_s: float
    boot_s: float


def control_now_ms(status: Status, moment: Moment, boot_id: str) -> float | None:
    """Control's time now in milliseconds, or None where no heartbeat was heard since this host started."""
    if not status.control_ms or status.boot_id != boot_id:
        return None
    return status.control_ms + max(0.0, moment.boot_s * 1000 - status.heard_boot_ms)


def clock_offset_s(status: Status, moment: Moment, boot_id: str) -> float | None:
    """Wall clock minus control's time in seconds, or None where control's time is not known."""
    control_ms = control_now_ms(status, moment, boot_id)
    return None if control_ms is None else moment.wall_s - control_ms / 1000


class Clocks(msgspec.Struct, frozen=True):
    """The present minute by the slower and by the faster clock; the same where the own clock is to be believed.

    `trusted` is control's minute, None while it is not known; `off` whether the own clock is distrusted.
    """

    early: Minute
    late: Minute
    trusted: Minute | None
    off: bool


def clocks_read(status: Status, moment: Moment, boot_id: str) -> Clocks:
    """What the two clocks say: what is to come has certainly come by `early`, and perhaps by `late`."""
    own = int(moment.wall_s) // 60
    control_ms = control_now_ms(status, moment, boot_id)
    offset_s = clock_offset_s(status, moment, boot_id)
    if control_ms is None or offset_s is None or abs(offset_s) <= CLOCK_TOLERANCE_S:
        return Clocks(own, own, None if control_ms is None else int(control_ms // 60_000), off=False)
    trusted = int(control_ms // 60_000)
    return Clocks(min(own, trusted), max(own, trusted), trusted, off=True)


def data_age_s(status: Status, moment: Moment, boot_id: str) -> float | None:
    """Seconds since everything that control had published was applied; None where nothing was ever applied.

    Without a heartbeat of this boot the wall clock must serve.
    """
    if not status.as_of_ms:
        return None
    control_ms = control_now_ms(status, moment, boot_id)
    now_ms = moment.wall_s * 1000 if control_ms is None else control_ms
    return max(0.0, (now_ms - status.as_of_ms) / 1000)


def is_fresh(age_s: float | None) -> bool:
    """Whether an age counts as fresh."""
    return age_s is not None and age_s <= FRESH_SECONDS
