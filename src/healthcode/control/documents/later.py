"""Having the index follow a written identity at once, and not at the next full minute."""

from __future__ import annotations

from typing import Final

from procrastinate.contrib.django import app

FOLLOW: Final = "documents.follow"


def index_follow_later() -> None:
    """Queue the job once the current transaction commits. One job each: a shared lock would make applicants wait."""
    app.configure_task("documents.follow_now", queue="derivations").defer()
