"""Hands requests to control, so that one origin serves everything without a separate proxy.

For `healthcode run` and small sites; a larger one puts nginx in front (`deploy/`).  Bodies stream both ways and are
never held whole.  One connection per request: control is low volume, and a dead control fails at once and alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httptools

from healthcode.edge.http import Header, Problem, Receive, Scope, Send

CONNECT_S = 2.0
HEADERS_S = 60.0
IDLE_S = 60.0
CHUNK = 64 * 1024
HEADERS_LIMIT = 64 * 1024

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
FORWARDED = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded", b"x-real-ip"}
)


_Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ControlProxy:
    """Forwards ASGI requests to one HTTP/1.1 server on `host:port`."""

    def __init__(self, host: str, port: int, *, trust_forwarded: bool = False) -> None:
        """`trust_forwarded` keeps X-Forwarded-* of the client: only behind a proxy of one's own."""
        self._host = host
        self._port = port
        self._trust = trust_forwarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.  Raises Problem `control_down` or `control_slow` while nothing has been answered yet."""
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError):
            raise Problem("control_down", retry_after_s=5) from None
        answer = _Answer(scope["method"] == "HEAD")
        try:
            await self._exchange(scope, (receive, send), (reader, writer), answer)
        except TimeoutError:
            if not answer.started:
                raise Problem("control_slow", retry_after_s=5) from None
            raise ConnectionError from None
        except (OSError, asyncio.IncompleteReadError, httptools.HttpParserError):
            if not answer.started:
                raise Problem("control_down", retry_after_s=5) from None
            raise ConnectionError from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, scope: Scope, ends: tuple[Receive, Send], link: _Link, answer: "_Answer") -> None:
        """Upload and download at the same time: control may refuse a large upload before it has all of it."""
        receive, send = ends
        upload = asyncio.create_task(self._upload(scope, receive, link[1]))
        try:
            async for chunk in _chunks(link[0], answer):
                await _pass_on(answer, chunk, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            upload.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await upload

    async def _upload(self, scope: Scope, receive: Receive, writer: asyncio.StreamWriter) -> None:
        headers = self._request_headers(scope)
        framed = _framing(scope)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in headers]
        if framed == "chunked":
            lines.append(b"transfer-encoding: chunked")
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        more = framed != "none"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                writer.close()
                return
            body: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if body:
                writer.write(b"%x\r\n%b\r\n" % (len(body), body) if framed == "chunked" else body)
            if not more and framed == "chunked":
                writer.write(b"0\r\n\r\n")
            async with asyncio.timeout(IDLE_S):
                await writer.drain()

    def _request_headers(self, scope: Scope) -> list[Header]:
        """The client's headers without hop-by-hop ones, with X-Forwarded-* that the client cannot invent."""
        named = _connection_named(scope["headers"])
        headers: list[Header] = []
        host = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            if name in HOP_BY_HOP or name in named or name == b"expect" or (name in FORWARDED and not self._trust):
                continue
            headers.append((name, value))
        headers.append((b"connection", b"close"))
        if not self._trust or not any(name == b"x-forwarded-for" for name, _ in headers):
            client = scope.get("client")
            headers.append((b"x-forwarded-for", client[0].encode() if client else b"unknown"))
            headers.append((b"x-forwarded-proto", scope.get("scheme", "http").encode()))
            headers.append((b"x-forwarded-host", host))
        return headers


class _Answer:
    """Collects what the parser of control's response reports."""

    def __init__(self, is_head: bool) -> None:
        self.parser: Any = httptools.HttpResponseParser(self)
        self.headers: list[Header] = []
        self.body: list[bytes] = []
        self.ready = False
        self.started = False
        self.complete = False
        self._is_head = is_head

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self.status < 200:  # an interim answer (100, 103): the real one follows
            self.headers = []
            return
        self.ready = True
        self.complete = self._is_head or self.status in (204, 304)

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = self.complete or self.ready

    @property
    def status(self) -> int:
        return int(self.parser.get_status_code())


async def _chunks(reader: asyncio.StreamReader, answer: _Answer) -> AsyncIterator[bytes]:
    """Feed the parser until the message is complete; yields the body bytes known so far after each read."""
    seen = 0
    while not answer.complete:
        async with asyncio.timeout(IDLE_S if answer.ready else HEADERS_S):
            data = await reader.read(CHUNK)
        if not data:
            if answer.ready and not _has_length(answer.headers):
                break  # delimited by the end of the connection
            raise ConnectionError
        seen += len(data)
        if not answer.ready and seen > HEADERS_LIMIT:
            raise ConnectionError
        answer.parser.feed_data(data)
        body, answer.body = b"".join(answer.body), []
        yield body


async def _pass_on(answer: _Answer, body: bytes, send: Send) -> None:
    if not answer.ready:
        return
    if not answer.started:
        answer.started = True
        named = _connection_named(answer.headers)
        headers = [(n, v) for n, v in answer.headers if n not in HOP_BY_HOP and n not in named and n != b"server"]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _has_length(headers: list[Header]) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _connection_named(headers: list[Header]) -> frozenset[bytes]:
    """Headers that `Connection` declares hop-by-hop (RFC 9110 section 7.6.1)."""
    names = (value.lower().split(b",") for name, value in headers if name == b"connection")
    return frozenset(part.strip() for parts in names for part in parts)


def _framing(scope: Scope) -> str:
    """`length`, `chunked` or `none`: how the request's body is delimited."""
    names = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" in names:
        return "chunked"
    return "length" if b"content-length" in names else "none"
