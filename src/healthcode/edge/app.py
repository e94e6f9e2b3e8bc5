"""The edge's ASGI application: a table of routes made once, and for everything else pages or the way to control."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from healthcode.edge.bundle import Bundles
from healthcode.edge.checks import Checks
from healthcode.edge.codes import Codes
from healthcode.edge.colors import ColorsOf
from healthcode.edge.documents import DocumentIndex, NoDocumentIndex
from healthcode.edge.health import Health
from healthcode.edge.http import (
    BODY_LIMIT,
    Done,
    Headers,
    Later,
    Message,
    Problem,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    body_read,
    overloaded_response,
    problem_response,
    request_of,
)
from healthcode.edge.metrics import Metrics
from healthcode.edge.offline_visits import OfflineVisits
from healthcode.edge.openapi import OPENAPI
from healthcode.edge.overload import TICK_S as TICK_LOAD_S
from healthcode.edge.overload import Level, Load
from healthcode.edge.pages import Pages, page_response
from healthcode.edge.sessions import Sessions
from healthcode.edge.status import Moment
from healthcode.edge.visit_queue import VisitQueue
from healthcode.edge.visits import Visits
from healthcode.edge.world import World

Handler = Callable[[Request, Moment], Response | Awaitable[Response]]
"""Answers at once where it can: a task costs as much as half an answer."""
Forward = Callable[[Scope, Receive, Send], Awaitable[None]]

TICK_S = 0.2
"""How often a worker looks for a newer table, keys, venues and the age of its data."""

_log = structlog.get_logger(__name__)


class Route(NamedTuple):
    """One path: its methods, who may use it (for the house test of access), and its name in the metrics."""

    access: str
    handlers: Mapping[str, Handler]
    given_up: Level = Level.never
    """At which load it is refused; what says a color last of all."""


class Beside(Protocol):
    """Something that lives as long as the worker."""

    async def start(self) -> None:
        """Begin, in the worker's loop."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class Edge:
    """One worker: `world` to look up, `visits` to store, `pages` to serve, `forward` for control's paths."""

    def __init__(
        self,
        world: World,
        visits: VisitQueue | None,
        pages: Pages,
        clock: Callable[[], Moment],
        forward: Forward | None = None,
        documents: DocumentIndex | None = None,
    ) -> None:
        self.world = world
        self.metrics = Metrics()
        self.load = Load()
        self.beside: list[Beside] = []
        self._visits = visits
        self._pages = pages
        self._clock = clock
        self._forward = forward
        self._documents = documents or NoDocumentIndex()
        self._tickers: list[asyncio.Task[None]] = []
        self.routes = self._make_routes()
        self._direct = {
            (method.encode(), path.encode()): (path, route, method)
            for path, route in self.routes.items()
            for method in route.handlers
        }

    def _make_routes(self) -> dict[str, Route]:
        sessions = Sessions(self.world)
        codes = Codes(self.world, sessions, self.load)
        self.checks = Checks(self.world, sessions, self._visits, self.metrics, self._documents)
        visits = Visits(self.world, sessions, self._visits, self.metrics)
        self.health = health = Health(self.world, self._visits, self.metrics, self.load)
        bundles = Bundles(self.world, sessions)
        offline = OfflineVisits(self.world, sessions, self._visits, self.metrics)
        return {
            "/v1/codes": Route("resident", {"POST": codes.post}, Level.lost),
            "/v1/state": Route("resident", {"GET": codes.state}, Level.lost),
            "/v1/checks": Route("inspector", {"POST": self.checks.post}, Level.lost),
            "/v1/visits": Route("resident", {"POST": visits.post}, Level.drowning),
            "/v1/offline-visits": Route("inspector", {"POST": offline.post}, Level.strained),
            "/v1/bundle": Route("inspector", {"GET": bundles.get}, Level.strained),
            "/v1/colors": Route("public", {"GET": ColorsOf(self.world).get}, Level.strained),
            "/v1/time": Route("public", {"GET": health.time}),
            "/v1/openapi.json": Route("public", {"GET": OPENAPI.get}, Level.busy),
            "/healthz": Route("public", {"GET": health.live}),
            "/readyz": Route("public", {"GET": health.ready}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, or the server's lifespan."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        route = self.routes.get(path)
        if route is None:
            await self._elsewhere(scope, receive, send)
            return
        request, method = request_of(scope), scope["method"]
        try:
            if method == "POST":
                request.body = await body_read(receive)
            answer = self._answer(path, route, method, request)
            response = answer if isinstance(answer, Response) else await answer
        except ConnectionError:
            return
        await _send(send, response)

    @property
    def direct_targets(self) -> frozenset[tuple[bytes, bytes]]:
        """Methods and paths that a server may ask `direct` for, without a query."""
        return frozenset(self._direct)

    def direct(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Response | Awaitable[Response]:
        """Answer one of `direct_targets` without ASGI: the same answer."""
        path, route, named = self._direct[method, target]
        return self._answer(path, route, named, Request(headers, body=body))

    def _answer(self, path: str, route: Route, method: str, request: Request) -> Response | Awaitable[Response]:
        begun = time.perf_counter()
        try:
            handler = route.handlers.get(method)
            if handler is None:
                response = _not_allowed(route, request)
            elif len(request.body) > BODY_LIMIT:
                raise Problem("body_too_large")
            elif self.load.refuses(route.given_up):
                response = overloaded_response(request.language, self.load.retry_after_s())
            else:
                moment = self._clock()
                self.world.keep_current(moment)
                answer = handler(request, self.world.believed(moment))
                if isinstance(answer, Later):
                    self.load.pending += 1
                    return Later(answer.done, partial(self._then, path, request, answer.answer, begun))
                if not isinstance(answer, Response):
                    return self._later(path, request, answer, begun)
                response = answer
        except Exception as error:  # noqa: BLE001 - one request fails, the worker goes on
            response = _failure(path, request, error)
        self.metrics.answered(path, response.status, begun)
        return response

    def _then(
        self, path: str, request: Request, answer: Callable[[Done], Response], begun: float, done: Done
    ) -> Response:
        self.load.pending -= 1
        try:
            response = answer(done)
        except Exception as error:  # noqa: BLE001 - one request fails, the worker goes on
            response = _failure(path, request, error)
        self.metrics.answered(path, response.status, begun)
        return response

    async def _later(self, path: str, request: Request, answer: Awaitable[Response], begun: float) -> Response:
        self.load.pending += 1
        try:
            response = await answer
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - one request fails, the worker goes on
            response = _failure(path, request, error)
        finally:
            self.load.pending -= 1
        self.metrics.answered(path, response.status, begun)
        return response

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A built page; else control's; else 404."""
        request = request_of(scope)
        page = self._pages.find(scope["path"]) if scope["method"] in ("GET", "HEAD") else None
        if page is not None:
            response = page_response(page, request)
            await _send(send, response._replace(body=b"") if scope["method"] == "HEAD" else response)
            return
        try:
            if self._forward is None or scope["path"].startswith("/v1/"):
                raise Problem("not_found")
            if self.load.refuses(Level.busy):
                raise Problem("overloaded", retry_after_s=self.load.retry_after_s())
            await self._forward(scope, receive, send)
        except Problem as problem:
            await _send(send, problem_response(problem, request.language))
        except ConnectionError:
            return

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.start()
                for beside in self.beside:
                    await beside.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def start(self) -> None:
        """Begin to look for news and to take visits; needs a running loop."""
        self.world.refresh(self._clock())
        if self._visits is not None:
            self._visits.start()
        self._tickers = [asyncio.create_task(self._tick()), asyncio.create_task(self._measure())]

    async def close(self) -> None:
        """Stop; visits that wait are refused, so that their phones repeat them elsewhere."""
        for ticker in self._tickers:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
        for beside in self.beside:
            await beside.close()
        if self._visits is not None:
            await self._visits.close()
        self.world.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self.world.refresh(self._clock())
            except Exception:  # noqa: BLE001 - the next tick tries again, and freshness tells
                self.metrics.events["refresh_failed"] += 1
                _log.exception("refresh_failed")

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_LOAD_S
            await asyncio.sleep(TICK_LOAD_S)
            self.load.ticked(loop.time() - due)


def _failure(path: str, request: Request, error: Exception) -> Response:
    """The answer to a request that went wrong: the problem it names, or ours."""
    if not isinstance(error, Problem):
        _log.error("request_failed", route=path, exc_info=error)
        error = Problem("internal")
    return problem_response(error, request.language)


async def _send(send: Send, response: Response) -> None:
    start: Message = {"type": "http.response.start", "status": response.status, "headers": response.headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.body})


def _not_allowed(route: Route, request: Request) -> Response:
    response = problem_response(Problem("method_not_allowed"), request.language)
    response.headers.append((b"allow", ", ".join(route.handlers).encode()))
    return response
