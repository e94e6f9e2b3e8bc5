"""The worker: jobs and timers of control, on PostgreSQL.

Each share of the queues does one job after another, and none waits for another one: while everybody is evaluated anew
for minutes, timers tick and texts go out, also where one process does all shares.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any, Final

from healthcode.wiring.control import control_configure
from healthcode.wiring.queues import SHARES
from healthcode.wiring.settings import Settings

_BEHIND: Final = {"runs": 5}
"""Shares that give way to every other process, and how far (`nice`)."""


def worker_run(settings: Settings, share: str = "") -> None:
    """Do jobs until SIGTERM or SIGINT; a job that was interrupted is done again by whoever comes next.

    `share` names one of SHARES, nothing all of them side by side.
    """
    os.nice(_BEHIND.get(share, 0))
    control_configure(settings)
    publication: Any = importlib.import_module("healthcode.control.bridge.publication")
    publication.standing_ensure()
    importlib.import_module("healthcode.control.documents.services").index_ensure()
    jobs: Any = importlib.import_module("procrastinate.contrib.django").app  # exists only after `configure`
    with jobs.replace_connector(jobs.connector.get_worker_connector()) as app:
        asyncio.run(_shares_follow(app, {share: SHARES[share]} if share else SHARES))


async def _shares_follow(app: Any, shares: Mapping[str, Sequence[str]]) -> None:
    """All shares at once. One that ends, ends all: whoever watches this process starts it again."""
    loop = asyncio.get_running_loop()
    async with app.open_async():
        work = [asyncio.create_task(_share_follow(app, name, queues)) for name, queues in shares.items()]
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, lambda: [task.cancel() for task in work])
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in work:
            task.cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _share_follow(app: Any, name: str, queues: Sequence[str]) -> None:
    await app.run_worker_async(
        name=f"healthcode-{name}",
        queues=list(queues),
        concurrency=1,
        listen_notify=True,
        install_signal_handlers=False,  # one for all shares, above
    )
