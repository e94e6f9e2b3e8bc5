"""The worker: jobs and timers of control, on PostgreSQL."""

from __future__ import annotations

import importlib
from typing import Any

from healthcode.wiring.control import control_configure
from healthcode.wiring.settings import Settings


def worker_run(settings: Settings) -> None:
    """Do jobs until SIGTERM or SIGINT; a job that was interrupted is done again by whoever comes next."""
    control_configure(settings)
    publication: Any = importlib.import_module("healthcode.control.bridge.publication")
    publication.standing_ensure()
    importlib.import_module("healthcode.control.documents.services").index_ensure()
    jobs: Any = importlib.import_module("procrastinate.contrib.django").app  # exists only after `configure`
    with jobs.replace_connector(jobs.connector.get_worker_connector()) as app:
        app.run_worker(name="healthcode", listen_notify=True, concurrency=1)
