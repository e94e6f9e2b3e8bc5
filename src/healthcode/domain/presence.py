"""How strongly a visit proves that the person was there (codes-and-edge: presence grades)."""

from enum import StrEnum


class Presence(StrEnum):
    """`inspected`: a code or card was read at the checkpoint; `rotating`: a code of that minute was scanned there;
    `static`: a poster was scanned, which a forwarded picture also allows."""

    inspected = "inspected"
    rotating = "rotating"
    static = "static"

    @property
    def strong(self) -> bool:
        """Whether this grade may stand behind a ground; a weak one is a lead for investigation only."""
        return self is not Presence.static
