"""What a step that has come means to the person: pure, so that it can be read and tested without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from healthcode.control.notices.states import NoticeKind
from healthcode.domain.color import ColorScheme
from healthcode.domain.time import Minute, minute_of


class Arrival(StrEnum):
    """How an answer changed."""

    RELEASED = "released"
    TURNED = "turned"
    HELD = "held"
    SHOWN = "shown"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Scale:
    """What the table's numbers mean: colors, bits of notices, and the notice that says that a phase is held."""

    colors: ColorScheme
    bits: Mapping[str, int]
    hold: str

    def names(self, bits: int) -> tuple[str, ...]:
        """The notices of a bitset."""
        return tuple(name for name, bit in self.bits.items() if bits >> bit & 1)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One step: colors by id, the notices newly shown, and what the person is told (None: nothing)."""

    subject: int
    place: int
    minute: Minute
    color: str
    before: str
    shown: tuple[str, ...]
    what: Arrival
    kind: NoticeKind | None
    worst: bool


def arrival_read(
    subject: int,
    place: int,
    at: datetime,
    state: int,
    notices: int,
    before_state: int,
    before_notices: int,
    *,
    scale: Scale,
) -> Arrived:
    """Read one step in the table's numbers."""
    new = scale.names(notices & ~before_notices)
    what = _what(state, before_state, new, scale)
    return Arrived(
        subject=subject,
        place=place,
        minute=minute_of(at),
        color=scale.colors.id_of(state),
        before=scale.colors.id_of(before_state),
        shown=new,
        what=what,
        kind=_KINDS.get(what),
        worst=state == scale.colors.definitions[-1].state,
    )


_KINDS = {
    Arrival.RELEASED: NoticeKind.COLOR_IMPROVED,
    Arrival.TURNED: NoticeKind.COLOR_GIVEN,
    Arrival.HELD: NoticeKind.HELD,
    Arrival.SHOWN: NoticeKind.NOTICE_SHOWN,
}


def _what(state: int, before: int, new: tuple[str, ...], scale: Scale) -> Arrival:
    severity, former = scale.colors.severity_of_state(state), scale.colors.severity_of_state(before)
    if severity < 0:
        return Arrival.NOTHING  # no color: a code given up, or data that cannot be read
    if former < 0 and state == scale.colors.default.state:
        return Arrival.SHOWN if new else Arrival.NOTHING  # somebody has just applied, and sees it
    if severity != former:
        return Arrival.TURNED if severity > former else Arrival.RELEASED
    if scale.hold in new:
        return Arrival.HELD
    return Arrival.SHOWN if new else Arrival.NOTHING
