"""The edge process: one ASGI application per worker, put together from the host's files and the visit sink."""

import gc
import socket
import sys
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.supervisors import Multiprocess

from healthcode.adapters.control_proxy import ControlProxy
from healthcode.adapters.document_socket import DocumentClient
from healthcode.adapters.edge_files import (
    EdgeHost,
    identity_name,
    identity_open,
    moment_now,
    pages_read,
    spool_key_open,
)
from healthcode.adapters.edge_http import EdgeProtocol
from healthcode.adapters.metrics_port import MetricsPort
from healthcode.adapters.visit_spool import FileSpool, SpoolLimits
from healthcode.adapters.visits_postgres import PostgresVisitSink, connector
from healthcode.edge.app import Edge
from healthcode.edge.pages import Pages
from healthcode.edge.visit_queue import QueueLimits, VisitQueue
from healthcode.edge.world import World
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import Settings, settings_load

KEEP_ALIVE_S = 75
"""Keep-alive matters more than anything: a TLS handshake costs ten requests."""
BACKLOG = 4096
NOT_STARTED = 3
"""Exit status where the application could not be made, as uvicorn has it."""
DOORS = 16
"""Copies of the listening socket; together they cost a new connection 70 µs."""
YOUNG_OBJECTS = 10_000
"""New objects after which the collector looks at them: a millisecond."""


def edge_build(settings: Settings) -> Edge:
    """One worker's application.  It needs neither PostgreSQL nor control to start or to answer."""
    folder = settings.data / "edge"
    private = identity_open(folder)
    world = World(
        EdgeHost(folder, region=int(settings.region)),
        region=int(settings.region),
        edge=(identity_name(private), private),
        hosts={urlsplit(settings.origin).netloc},
    )
    sink = PostgresVisitSink(connector(lambda: settings.dsn("edge")), world.color_states, limit=3)
    spool = FileSpool(
        settings.spool_folder,
        spool_key_open(folder),
        world.color_states,
        suite_name=settings.suite,
        limits=SpoolLimits(total=settings.spool_mb << 20),
    )
    edge = Edge(
        world,
        VisitQueue(sink, QueueLimits(), time.monotonic, spool),
        Pages(pages_read(settings.web)),
        moment_now,
        ControlProxy(settings.host, settings.port) if settings.proxy_control else None,
        DocumentClient(settings.documents_socket),
    )
    first = settings.metrics_first
    ports = range(first, first + settings.edge_processes)
    edge.beside.append(MetricsPort(ports, lambda: edge.health.counts(moment_now())))
    return edge


def application() -> Edge:
    """Factory of the application, called once in each worker."""
    settings = settings_load()
    logs_setup("edge", settings.log_level)
    edge = edge_build(settings)
    collector_spare()
    return edge


def collector_spare() -> None:
    """Let the garbage collector look seldom, and never at what lives as long as this worker.

    Reference counts free nearly everything here. By its defaults the collector looks through hundreds of scans that
    wait for their commit and tens of thousands of remembered sessions again and again: a tenth of a scan's cost. What
    it is for, cycles of failed requests, may wait for 10,000 further objects, some megabytes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def edge_run(settings: Settings) -> None:
    """Serve the edge on its port until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        "healthcode.wiring.edge:application",
        factory=True,
        host=settings.host,
        port=settings.edge_port,
        workers=settings.edge_processes,
        **server_settings(),
    )
    with suppress(KeyboardInterrupt):
        if config.workers > 1:
            Multiprocess(config, sockets=doors(config)).run()
            return
        server = uvicorn.Server(config)
        server.run(sockets=doors(config))
        if not server.started:
            sys.exit(NOT_STARTED)


def doors(config: uvicorn.Config) -> list[socket.socket]:
    """The listening socket, and copies of it.

    uvloop takes one new connection from each listening socket whenever its loop comes round. With a single one a gate
    that comes while a thousand phones are being served waits its turn for seconds, unseen by every measure of load.
    """
    first = config.bind_socket()
    return [first, *(first.dup() for _ in range(DOORS - 1))]


def server_settings() -> dict[str, Any]:
    """How uvicorn serves an edge."""
    return {
        "loop": "uvloop",
        "http": EdgeProtocol,
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,  # addresses carry handles; what people do is in the audit, not in a web log
        "server_header": False,
        "proxy_headers": False,  # nothing here depends on the client's address
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": 10,
        "backlog": BACKLOG,
    }
