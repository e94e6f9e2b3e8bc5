"""Counts for Prometheus on a port of the loopback interface: whoever is not on this host has no way to them."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

HOST = "127.0.0.1"
_HEAD_BYTES = 8192
_PATIENCE_S = 5.0

_log = structlog.get_logger(__name__)


class MetricsPort:
    """Serves `GET /metrics` of one worker on the first free of a few ports, one a worker."""

    def __init__(self, ports: range, text: Callable[[], bytes]) -> None:
        """`text` gives the counts in Prometheus' text format."""
        self._ports = ports
        self._text = text
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen.  Where every port is taken the worker does its work without."""
        for port in self._ports:
            with contextlib.suppress(OSError):
                self._server = await asyncio.start_server(self._serve, HOST, port, limit=_HEAD_BYTES)
                self.port = self._server.sockets[0].getsockname()[1]
                return
        _log.warning("metrics_port_taken", first=self._ports.start, count=len(self._ports))

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        if not head.startswith(b"GET /metrics "):
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        body = self._text()
        return (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=1.0.0; charset=utf-8\r\n"
            b"content-length: %d\r\ncache-control: no-store\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )
