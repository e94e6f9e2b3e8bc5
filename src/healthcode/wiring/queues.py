"""The queues of jobs, and which of them share a process."""

from typing import Final

QUEUES: Final = ("timers", "derivations", "imports", "population", "rehearsals")
SHARES: Final[dict[str, tuple[str, ...]]] = {
    "timers": ("timers",),
    "jobs": ("derivations", "imports"),
    "runs": ("population", "rehearsals"),
}
"""Who shares a process: what takes minutes (a run over everybody) never keeps a text message waiting."""
