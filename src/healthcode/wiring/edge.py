"""The edge process: one ASGI application per worker, put together from the host's files and the visit sink."""

import time
from typing import Any
from urllib.parse import urlsplit

import uvicorn

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
    return edge_build(settings)


def edge_run(settings: Settings) -> None:
    """Serve the edge on its port until SIGTERM or SIGINT."""
    uvicorn.run(
        "healthcode.wiring.edge:application",
        factory=True,
        host=settings.host,
        port=settings.edge_port,
        workers=settings.edge_processes,
        **server_settings(),
    )


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
