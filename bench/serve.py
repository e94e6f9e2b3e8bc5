"""One server under measurement, pinned to its core: the edge as it is deployed, or the floor, on the same uvicorn."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import importlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn

from bench.floor import app as floor_app
from bench.province import ORIGIN, REGION
from healthcode.adapters.edge_files import EdgeHost, identity_name, identity_open, moment_now
from healthcode.adapters.visits_postgres import PostgresVisitSink, connector
from healthcode.edge.app import Edge
from healthcode.edge.pages import Pages
from healthcode.edge.visit_queue import QueueLimits, VisitQueue
from healthcode.edge.world import World
from healthcode.visits.numbers import GRADES, VERDICTS, outcome_number
from healthcode.visits.record import Visit
from healthcode.visits.sink import VisitSink
from healthcode.wiring.edge import collector_spare, doors, server_settings

_INSERT = """
INSERT INTO visit (id, venue, checkpoint, subject, at, grade, device, outcome, verdict)
VALUES ($1, $2, $3, $4, to_timestamp($5), $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""


class OneInsertSink:
    """What the group commit is compared with: one prepared INSERT, and one commit, for each visit."""

    def __init__(self, url: str, colors: Callable[[], Any], connections: int) -> None:
        self._url = url
        self._colors = colors
        self._size = connections
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def store(self, visits: Sequence[Visit]) -> None:
        """Insert each visit in a transaction of its own."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(self._url, min_size=self._size, max_size=self._size)
        for visit in visits:
            await self._pool.execute(
                _INSERT,
                visit.id,
                visit.venue,
                visit.checkpoint,
                visit.subject,
                visit.at_ms / 1000,
                GRADES[visit.grade],
                visit.device,
                outcome_number(visit.outcome, self._colors()),
                VERDICTS[visit.verdict],
            )

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            await self._pool.close()


def edge_app(folder: Path, url: str, how: str) -> Edge:
    """The edge over a measured province."""
    private = identity_open(folder)
    world = World(
        EdgeHost(folder, region=REGION),
        region=REGION,
        edge=(identity_name(private), private),
        hosts={ORIGIN.removeprefix("http://")},
    )
    queue = None
    if url:
        sink: VisitSink = PostgresVisitSink(connector(lambda: url), world.color_states)
        limits = QueueLimits()
        if how == "one_insert":
            sink, limits = OneInsertSink(url, world.color_states, 16), QueueLimits(batch=1, lanes=16)
        queue = VisitQueue(sink, limits, time.monotonic)
    return Edge(world, queue, Pages({}), moment_now)


def main() -> None:
    """Read the options, pin to a core, serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how", choices=("floor", "edge", "one_insert", "twin"))
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--url", default="")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--core", type=int, default=-1)
    parser.add_argument("--profile", default="", help="write cProfile statistics to this file at the end")
    options = parser.parse_args()
    if options.core >= 0:
        os.sched_setaffinity(0, {options.core})
    app: Callable[..., Awaitable[None]] = floor_app
    if options.how == "twin":  # its libraries are an extra of their own
        app = importlib.import_module("bench.twin").twin_app(options.folder, options.url)
    elif options.how != "floor":
        app = edge_app(options.folder, options.url, options.how)
        collector_spare()
    settings = server_settings()
    if options.how in ("floor", "twin"):  # uvicorn as it comes
        settings |= {"http": "httptools", "lifespan": "off" if options.how == "floor" else "on"}
    config = uvicorn.Config(app, host="127.0.0.1", port=options.port, **settings)
    _serve(uvicorn.Server(config), None if options.how in ("floor", "twin") else doors(config), options.profile)


def _serve(server: uvicorn.Server, sockets: list[socket.socket] | None, profile: str) -> None:
    if not profile:
        server.run(sockets)
        return
    profiler = cProfile.Profile()
    profiler.runcall(server.run, sockets)
    profiler.dump_stats(profile)


if __name__ == "__main__":
    main()
