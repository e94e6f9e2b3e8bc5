"""Having the index follow a written identity at once, and not at the next full minute."""

from __future__ import annotations

from typing import Final

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

FOLLOW: Final = "documents.follow"


def index_follow_later() -> None:
    """Queue the job once the current transaction commits; one that waits already is enough."""
    try:
        app.configure_task("documents.follow_now", queue="derivations", queueing_lock="documents.follow_now").defer()
    except AlreadyEnqueued:
        return
