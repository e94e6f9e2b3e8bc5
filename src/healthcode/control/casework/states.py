"""The state machine of a work item: its transitions are this table and nothing else."""

from __future__ import annotations

from enum import StrEnum


class ItemState(StrEnum):
    """Where a work item stands."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    PROPOSED = "proposed"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What an officer proposes for a lead (C5)."""

    CONFIRM = "confirm"
    EXCLUDE = "exclude"
    TRANSFER = "transfer"


class Verdict(StrEnum):
    """What the second officer answers."""

    APPROVE = "approve"
    RETURN = "return"


TRANSITIONS: frozenset[tuple[ItemState, ItemState]] = frozenset(
    {
        (ItemState.QUEUED, ItemState.ACCEPTED),
        (ItemState.ACCEPTED, ItemState.QUEUED),  # handed back
        (ItemState.ACCEPTED, ItemState.PROPOSED),
        (ItemState.PROPOSED, ItemState.ACCEPTED),  # returned by the reviewer
        (ItemState.PROPOSED, ItemState.CLOSED),  # confirmed or excluded
        (ItemState.PROPOSED, ItemState.QUEUED),  # transferred: queued in the other county
    }
)
