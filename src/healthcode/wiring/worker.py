"""The worker: jobs and timers of control, on PostgreSQL."""

from __future__ import annotations

import importlib
from typing import Any

from healthcode.wiring.control import control_configure
from healthcode.wiring.queues import QUEUES, SHARES
from healthcode.wiring.settings import Settings


def worker_run(settings: Settings, share: str = "") -> None:
    """Do jobs until SIGTERM or SIGINT; a job that was interrupted is done again by whoever comes next.

    `share` names one of SHARES, nothing all of them.
    """
    control_configure(settings)
    publication: Any = importlib.import_module("healthcode.control.bridge.publication")
    publication.standing_ensure()
    importlib.import_module("healthcode.control.documents.services").index_ensure()
    jobs: Any = importlib.import_module("procrastinate.contrib.django").app  # exists only after `configure`
    with jobs.replace_connector(jobs.connector.get_worker_connector()) as app:
        name = f"healthcode-{share}" if share else "healthcode"
        app.run_worker(name=name, listen_notify=True, queues=SHARES.get(share, QUEUES), concurrency=1)
