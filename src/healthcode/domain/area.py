"""Risk areas (风险区): the third input of the color. A designation is dated, has a basis and a designating office.

One area keeps one id through its life; each level it had is one `Area` record with its own from and until.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from healthcode.domain.time import Minute


class AreaLevel(StrEnum):
    """Levels of designation, in the ninth edition's words."""

    high = "high"
    medium = "medium"
    low = "low"


@dataclass(frozen=True, slots=True)
class Area:
    """One level of one area over one period: [from_, until), until None while in force."""

    id: str
    level: AreaLevel
    from_: Minute
    until: Minute | None = None
    divisions: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    basis: str = ""
    office: str = ""
    names: tuple[str, str] = field(default=("", ""))

    def in_force(self, now: Minute) -> bool:
        """Whether this level of the area holds at an instant."""
        return self.from_ <= now and (self.until is None or now < self.until)
