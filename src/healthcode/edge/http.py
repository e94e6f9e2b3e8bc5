"""Requests, responses and problems for a raw ASGI server.  What can be computed once is computed at import.

Errors are RFC 9457 problems with a stable `code`; their words come from `problems.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, MutableMapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from healthcode.edge.problems import PROBLEMS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = Sequence[Header]
Done = asyncio.Future[Any]

BODY_LIMIT = 64 * 1024
"""Bytes of a request body: the largest honest one is a batch of 50 codes."""

SECURITY_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_JSON_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_PROBLEM_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/problem+json"),
    (b"cache-control", b"no-store"),
    *SECURITY_HEADERS,
)
"""JSON is no page: it needs neither referrer nor embedding policy, and each header costs every answer 1 µs."""
_LENGTHS: tuple[Header, ...] = tuple((b"content-length", b"%d" % length) for length in range(4096))
_JSON_BY_LENGTH: tuple[tuple[list[Header], bytes], ...] = tuple(
    ([*_JSON_HEADERS, length], b"".join(b"%b: %b\r\n" % header for header in (*_JSON_HEADERS, length)))
    for length in _LENGTHS
)
"""Complete headers of plain JSON answers, also written out.  Shared between answers: nobody appends to them."""


class Response(NamedTuple):
    """What a route answers: status, complete headers, body bytes; `head`: the headers as lines, where prepared."""

    status: int
    headers: list[Header]
    body: bytes
    head: bytes = b""


class Later(NamedTuple):
    """A response made when something is done, with no task of its own: `answer` is called once, with `done`, done.

    Awaiting it is the same for who has a task anyway.
    """

    done: Done
    answer: Callable[[Done], Response]

    def __await__(self) -> Generator[Any, None, Response]:
        """Wait, then make the response."""
        if not self.done.done():
            with suppress(Exception):  # `answer` asks what became of it
                yield from self.done
        return self.answer(self.done)


class Problem(Exception):
    """An error answer.  `code` must be in PROBLEMS; `errors` name fields; `retry_after_s` becomes a header."""

    def __init__(
        self, code: str, *, errors: tuple[dict[str, str], ...] = (), retry_after_s: int | None = None, **more: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.more = more


class Request:
    """One HTTP request: its headers, its query, and its whole body."""

    __slots__ = ("body", "headers", "query")

    def __init__(self, headers: Headers, query: bytes = b"", body: bytes = b"") -> None:
        self.headers = headers
        self.query = query
        self.body = body

    def header(self, name: bytes) -> bytes | None:
        """The first header called `name` (lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def language(self) -> str:
        """`en` where the client prefers English, else `zh`."""
        if b"lang=" in self.query:
            return "en" if b"lang=en" in self.query else "zh"
        accepted = self.header(b"accept-language") or b""
        return "en" if accepted.lower().startswith(b"en") else "zh"


def request_of(scope: Scope) -> Request:
    """The request of a scope, its body not read."""
    return Request(scope["headers"], scope.get("query_string", b""))


async def body_read(receive: Receive) -> bytes:
    """The whole body, or more than BODY_LIMIT bytes of one that is too long.

    Raises ConnectionError when the client left.
    """
    message = await receive()
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if not message.get("more_body", False) or size > BODY_LIMIT:
            return b"".join(chunks)
        message = await receive()


def length_header(body: bytes) -> Header:
    """The content-length header of `body`."""
    length = len(body)
    return _LENGTHS[length] if length < len(_LENGTHS) else (b"content-length", b"%d" % length)


def json_response(body: bytes, *more: Header, status: int = 200) -> Response:
    """A JSON answer that no cache may keep."""
    length = len(body)
    if more or status != 200 or length >= len(_JSON_BY_LENGTH):
        return Response(status, [*_JSON_HEADERS, length_header(body), *more], body)
    headers, head = _JSON_BY_LENGTH[length]
    return Response(200, headers, body, head)


def problem_response(problem: Problem, language: str) -> Response:
    """The RFC 9457 answer of `problem` in `language`."""
    words = PROBLEMS[problem.code]
    document: dict[str, object] = {
        "type": f"urn:healthcode:problem:{problem.code}",
        "title": words.title[language],
        "status": words.status,
        "detail": words.detail[language],
        "code": problem.code,
        **problem.more,
    }
    if problem.errors:
        document["errors"] = problem.errors
    body = msgspec.json.encode(document)
    headers = [*_PROBLEM_HEADERS, length_header(body)]
    if words.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    return Response(words.status, headers, body)


@lru_cache(maxsize=256)
def overloaded_response(language: str, retry_after_s: int) -> Response:
    """The answer to whoever is turned away while too many come, written out once: it must cost next to nothing."""
    response = problem_response(Problem("overloaded", retry_after_s=retry_after_s), language)
    return response._replace(head=b"".join(b"%b: %b\r\n" % header for header in response.headers))
