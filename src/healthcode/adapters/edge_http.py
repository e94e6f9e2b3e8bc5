"""HTTP for an edge: uvicorn's protocol with a short way for the few requests that come in millions.

An answer takes us 20 µs with warm caches, and uvicorn spends 30 more on a task, an event, two writes and the checking
of headers that we wrote ourselves. The short way does without these, and answers in turns (`_Turn`). Whatever is
unusual (other paths, a query, pipelining, slow readers, `Expect`, HTTP/1.0) goes uvicorn's own way. Both ways give the
same answers: `tests/contracts/test_edge_http.py`.
"""

import asyncio
from collections.abc import Awaitable
from functools import partial
from http import HTTPStatus
from operator import attrgetter
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from healthcode.edge.http import BODY_LIMIT, Done, Header, Headers, Later, Response

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_TOGETHER: Final = 64
"""Requests answered before the first of their answers is written: about 2 ms."""
_CLOSE: Final = b"connection: close\r\n"
_TARGET: Final = attrgetter("target")


class DirectApplication(Protocol):
    """What the short way needs of an application besides ASGI."""

    def direct(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Response | Awaitable[Response]:
        """Answer one of `direct_targets`; only the awaitable may raise, and only `ConnectionError`."""
        ...

    @property
    def direct_targets(self) -> frozenset[tuple[bytes, bytes]]:
        """The methods and targets that may go the short way."""
        ...


class _NoEvent:
    """Nobody waits for the messages of a request on the short way."""

    def set(self) -> None:
        """Nothing."""


_NO_EVENT: Final = _NoEvent()


class _Exchange:
    """One request on the short way; to uvicorn it looks like the cycle that pipelined requests wait for."""

    __slots__ = (
        *("body", "headers", "method", "protocol", "target"),
        *("disconnected", "keep_alive", "message_event", "more_body", "response_complete"),
    )

    def __init__(self, protocol: "EdgeProtocol", method: bytes, *, keep_alive: bool) -> None:
        self.protocol = protocol
        self.method = method
        self.target = protocol.url
        self.headers = protocol.headers
        self.body = b""
        self.more_body = True
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NO_EVENT


class _Turn:
    """The requests of one turn of the loop: all are read first, then all are answered, then all answers are written.

    One request after the other, the kernel's network code and ours evict each other from the processor's caches, which
    costs as much again as the work itself. A request that comes alone waits for nobody.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[_Exchange] = []
        self._default: list[Header] = []
        self._default_head = b""

    def add(self, exchange: _Exchange) -> None:
        """Answer it before the loop waits again."""
        if not self._waiting:
            self._loop.call_soon(self._run)
        self._waiting.append(exchange)

    def default_head(self, server: ServerState) -> bytes:
        """The lines of the headers that every answer has; uvicorn replaces their list once a second."""
        if server.default_headers is not self._default:
            self._default = server.default_headers
            self._default_head = b"".join(map(_line, self._default))
        return self._default_head

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        waiting.sort(key=_TARGET)
        for first in range(0, len(waiting), _TOGETHER):
            some = waiting[first : first + _TOGETHER]
            answers = [exchange.protocol.answer(exchange) for exchange in some]
            for exchange, answer in zip(some, answers, strict=True):
                if answer is not None:
                    exchange.protocol.write(exchange, answer)


_TURNS: Final = WeakKeyDictionary[ServerState, _Turn]()


class EdgeProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, serving a `DirectApplication`; any other application as uvicorn does."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._application: Any = self.app
        self._targets: frozenset[tuple[bytes, bytes]] = getattr(self.app, "direct_targets", frozenset())
        self._exchange: _Exchange | None = None
        self._idle_since = 0.0
        self._idle_watch: asyncio.TimerHandle | None = None
        turn = _TURNS.get(self.server_state)
        if turn is None:
            turn = _TURNS[self.server_state] = _Turn(self.loop)
        self._turn = turn

    def on_message_begin(self) -> None:
        """Begin a request; its scope is made when it turns out to be needed."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._exchange = None
        self._idle_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        method: bytes = self.parser.get_method()
        if (method, self.url) in self._targets and not self._unusual():
            self._exchange = _Exchange(self, method, keep_alive=self.parser.should_keep_alive())
        else:
            self._uvicorns_way()

    def on_body(self, body: bytes) -> None:
        """Collect the body; one that is too long is answered at once, and the connection closed."""
        exchange = self._exchange
        if exchange is None:
            super().on_body(body)
            return
        exchange.body += body
        if len(exchange.body) > BODY_LIMIT:
            exchange.keep_alive = False
            self._answer_soon(exchange)

    def on_message_complete(self) -> None:
        """Answer."""
        exchange = self._exchange
        if exchange is None:
            super().on_message_complete()
        else:
            self._answer_soon(exchange)

    def answer(self, exchange: _Exchange) -> Response | None:
        """The answer, or None where it is written later."""
        answer = self._application.direct(exchange.method, exchange.target, exchange.headers, exchange.body)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, Later):
            answer.done.add_done_callback(partial(self._answer_now, exchange, answer))
            return None
        task = self.loop.create_task(self._finish(exchange, answer))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        return None

    def write(self, exchange: _Exchange, response: Response) -> None:
        """Write the whole answer at once, then do what uvicorn does after one."""
        if exchange.disconnected:
            return
        head = response.head or b"".join(map(_line, response.headers))
        close = b"" if exchange.keep_alive else _CLOSE
        parts = _STATUS_LINES[response.status], self._turn.default_head(self.server_state), head, close
        self.transport.write(b"".join((*parts, b"\r\n", response.body)))
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Begin the next pipelined request as uvicorn does; where there is none, note since when nobody asks.

        uvicorn makes a timer after each answer and cancels it at the next request; here one looks now and then.
        """
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle_watch is None:
            self._watch_after(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch too."""
        super().connection_lost(exc)
        if self._idle_watch is not None:
            self._idle_watch.cancel()

    def _watch_after(self, wait_s: float) -> None:
        self._idle_watch = self.loop.call_later(wait_s, self._idle_look)

    def _idle_look(self) -> None:
        """Close the connection if nobody has asked for the whole keep-alive time, else look again when it is over."""
        asked = self.cycle is not None and not self.cycle.response_complete
        left_s = self.timeout_keep_alive - (0.0 if asked else self.loop.time() - self._idle_since)
        if left_s > 0:
            self._watch_after(left_s)
        else:
            self.timeout_keep_alive_handler()

    def _answer_soon(self, exchange: _Exchange) -> None:
        self._exchange = None
        self.cycle = exchange  # type: ignore[assignment]  # what pipelining, shutdown and a lost connection look at
        self._turn.add(exchange)

    def _answer_now(self, exchange: _Exchange, later: Later, done: Done) -> None:
        self.write(exchange, later.answer(done))

    async def _finish(self, exchange: _Exchange, answer: Awaitable[Response]) -> None:
        try:
            response = await answer
        except ConnectionError:
            self.transport.close()
            return
        self.write(exchange, response)

    def _unusual(self) -> bool:
        """Whether the request needs what only uvicorn's way has: a queue, flow control, a limit, 100, HTTP/1.0."""
        busy = self.cycle is not None and not self.cycle.response_complete
        strained = self.flow.write_paused or self.limit_concurrency is not None
        return busy or strained or self.expect_100_continue or self.parser.get_http_version() != "1.1"

    def _uvicorns_way(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        super().on_headers_complete()


def _line(header: Header) -> bytes:
    return b"%b: %b\r\n" % header
