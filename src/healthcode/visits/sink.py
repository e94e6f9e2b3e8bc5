"""The visit sink: where visits become durable.  And the spool, a sink of this host that hands on later."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from healthcode.visits.record import Visit


class SinkUnavailable(Exception):
    """The sink could not store now; nothing is known about the visits; storing them again is safe."""


class VisitsRefused(Exception):
    """Some visits can never be stored; all others of the call are durable."""

    def __init__(self, refused: dict[UUID, str]) -> None:
        super().__init__(f"{len(refused)} visit(s) refused by the store")
        self.refused = refused


class VisitSink(Protocol):
    """A store of visits.

    Promise of `store`: on return every visit is durable (survives kill and power cut of the caller and of the
    store); storing the same key again changes nothing; calls may run concurrently.  Raises VisitsRefused when single
    visits are unacceptable (the rest is durable) and SinkUnavailable when nothing can be promised.
    """

    async def store(self, visits: Sequence[Visit]) -> None:
        """Make all `visits` durable."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class SpoolDepth(NamedTuple):
    """What waits on this host: visits and bytes, since when (milliseconds since 1970), and what needs a human.

    `refused` visits were acknowledged here and then refused by the sink; `damaged` segments have unreadable parts.
    """

    visits: int
    bytes: int
    oldest_ms: int | None
    refused: int
    damaged: int


class VisitSpool(VisitSink, Protocol):
    """A sink on this host, for while the real one is away.  Survives the loss of everything but its own disk."""

    async def ship(self, sink: VisitSink, *, bound_s: float) -> int:
        """Hand everything to `sink` and forget what it has; how many visits.

        Visits may reach the sink more than once, by the same key.  Nothing is forgotten before the sink has it.
        Raises SinkUnavailable, also where one `store` of the sink takes longer than `bound_s`.
        """
        ...

    def depth(self) -> SpoolDepth:
        """What waits now."""
        ...
