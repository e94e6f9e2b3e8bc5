"""The visit sink: where visits become durable."""

from collections.abc import Sequence
from typing import Protocol
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
