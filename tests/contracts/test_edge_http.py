"""An edge answers the short way (`EdgeProtocol`) what it answers uvicorn's own way, whatever a client does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from healthcode.adapters.edge_http import EdgeProtocol
from healthcode.visits.record import visit_key
from healthcode.wiring.edge import server_settings
from tests.edge_world import GREEN, MARKET, EdgeWorld

LIN = 7
CHANGING = re.compile(rb'(?m)^date: .*\r\n|"server_time_ms":\d+|"check":"[^"]*"|"visit":"[0-9a-f-]{36}"')
"""What differs between two answers to the same request."""


class Served(uvicorn.Server):
    """One server in a thread of its own."""

    def __init__(self, world: EdgeWorld, protocol: Any, **more: Any) -> None:
        settings = server_settings() | {"http": protocol} | more
        super().__init__(uvicorn.Config(world.edge, host="127.0.0.1", port=0, **settings))
        self._thread = threading.Thread(target=self.run)

    def __enter__(self) -> tuple[str, int]:
        self._thread.start()
        while not self.started:
            assert self._thread.is_alive()
        address: tuple[str, int] = self.servers[0].sockets[0].getsockname()
        return address

    def __exit__(self, *_: object) -> None:
        self.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def ways() -> Iterator[list[tuple[EdgeWorld, tuple[str, int]]]]:
    """The short way and uvicorn's, each with an edge of its own that knows the same."""
    worlds = [EdgeWorld(), EdgeWorld()]
    for world in worlds:
        world.record(LIN, GREEN)
    with Served(worlds[0], EdgeProtocol) as short, Served(worlds[1], "httptools") as long:
        yield [(worlds[0], short), (worlds[1], long)]


def request(method: str, target: str, body: bytes = b"", *headers: str, version: str = "1.1") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/{version}", "host: code.example", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


LAST = request("GET", "/healthz", b"", "connection: close")


def told(address: tuple[str, int], *parts: bytes) -> bytes:
    """Everything the server writes to these parts and, once it has begun to answer, to a last request."""
    with socket.create_connection(address, timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        answer = connection.recv(1 << 16)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(LAST)
            while piece := connection.recv(1 << 16):
                answer += piece
    return CHANGING.sub(b"", answer)


def check(world: EdgeWorld, *headers: str, version: str = "1.1") -> bytes:
    """Kong checks Lin's code at the market."""
    bearer = f"authorization: Bearer {world.inspector(MARKET)}"
    body = json.dumps({"code": world.live(LIN)}).encode()
    return request("POST", "/v1/checks", body, bearer, *headers, version=version)


def both(ways: list[tuple[EdgeWorld, tuple[str, int]]], make: Any) -> bytes:
    """The one answer of both ways to the same sequence of bytes."""
    short, long = (told(address, *make(world)) for world, address in ways)
    assert short == long
    return short


def test_a_check_is_answered_alike(ways: Any) -> None:
    answer = both(ways, lambda world: [check(world)])
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"outcome":"green"' in answer


def test_kong_sends_three_checks_in_one_packet_and_gets_three_answers_in_order(ways: Any) -> None:
    answer = both(ways, lambda world: [check(world) + request("GET", "/v1/time") + check(world)])
    assert [b"outcome" in part for part in answer.split(b"HTTP/1.1 200")[1:4]] == [True, False, True]


def test_a_request_that_arrives_in_pieces_is_answered_once(ways: Any) -> None:
    def pieces(world: EdgeWorld) -> list[bytes]:
        whole = check(world)
        return [whole[at : at + 37] for at in range(0, len(whole), 37)]

    assert both(ways, pieces).count(b'"outcome":"green"') == 1


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        (("connection: close",), "1.1"),
        (("expect: 100-continue",), "1.1"),
        (("accept-language: en",), "1.1"),
        ((), "1.0"),
        (("connection: keep-alive",), "1.0"),
    ],
)
def test_kong_s_old_and_unusual_clients_are_answered_alike(ways: Any, headers: tuple[str, ...], version: str) -> None:
    assert b'"outcome":"green"' in both(ways, lambda world: [check(world, *headers, version=version)])


@pytest.mark.parametrize(
    ("method", "target", "body", "headers"),
    [
        ("POST", "/v1/checks", b"{", ()),
        ("POST", "/v1/checks", b"{}", ("authorization: Bearer forged",)),
        ("POST", "/v1/checks", b"", ()),
        ("GET", "/v1/checks", b"", ()),
        ("DELETE", "/v1/checks", b"", ()),
        ("POST", "/v1/checks?lang=en", b"{}", ()),
        ("HEAD", "/v1/time", b"", ()),
        ("GET", "/v1/time", b"", ()),
        ("GET", "/v1/colors", b"", ()),
        ("GET", "/healthz", b"", ()),
        ("GET", "/nowhere", b"", ()),
    ],
)
def test_refusals_and_other_routes_are_answered_alike(
    ways: Any, method: str, target: str, body: bytes, headers: tuple[str, ...]
) -> None:
    assert both(ways, lambda _: [request(method, target, body, *headers)])


def test_a_body_in_chunks_is_read_alike(ways: Any) -> None:
    def chunked(world: EdgeWorld) -> list[bytes]:
        head, _, body = check(world, "transfer-encoding: chunked").partition(b"\r\n\r\n")
        head = re.sub(rb"content-length: \d+\r\n", b"", head)
        return [
            head + b"\r\n\r\n",
            b"5\r\n" + body[:5] + b"\r\n",
            b"%x\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\n\r\n",
        ]

    assert b'"outcome":"green"' in both(ways, chunked)


def test_a_body_without_end_is_refused_before_it_ends_and_the_connection_closes(ways: Any) -> None:
    _, address = ways[0]
    head = request("POST", "/v1/checks").replace(b"content-length: 0", b"content-length: 99999999")
    answer = told(address, head, b"x" * 70_000)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


def test_qian_s_scan_is_stored_though_another_request_follows_in_the_same_packet(ways: Any) -> None:
    def scan_and_time(world: EdgeWorld) -> list[bytes]:
        bearer = f"authorization: Bearer {world.session(LIN)}"
        key = visit_key(world.now * 60_000, bytes(10))
        body = json.dumps({"key": str(key), "code": world.poster(MARKET)}).encode()
        return [request("POST", "/v1/visits", body, bearer) + request("GET", "/v1/time")]

    answer = both(ways, scan_and_time)
    assert [b'"venue"' in part for part in answer.split(b"HTTP/1.1 200")[1:3]] == [True, False]


def test_who_leaves_before_the_answer_has_scanned_all_the_same_and_nobody_waits_any_more() -> None:
    world = EdgeWorld()
    world.record(LIN, GREEN)
    world.sink.held_s = 0.3
    with Served(world, EdgeProtocol) as address:
        bearer = f"authorization: Bearer {world.session(LIN)}"
        body = json.dumps({"key": str(visit_key(world.now * 60_000, bytes(10))), "code": world.poster(MARKET)}).encode()
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(request("POST", "/v1/visits", body, bearer))
            until(lambda: world.edge.load.pending == 1)
        until(lambda: world.edge.load.pending == 0)
    assert len(world.sink.visits) == 1
    assert world.edge.metrics.answers["/v1/visits", 200] == 1


def until(seen: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_many_requests_of_one_turn_each_get_their_own_answer(ways: Any) -> None:
    world, (host, port) = ways[0]

    async def asked(subject: int) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        body = json.dumps({"code": world.live(subject)}).encode()
        bearer = f"authorization: Bearer {world.inspector(MARKET)}"
        writer.write(request("POST", "/v1/checks", body, bearer, "connection: close"))
        answer = await reader.read()
        writer.close()
        return answer

    async def crowd() -> list[bytes]:
        return await asyncio.gather(*(asked(LIN if turn % 2 else LIN + 1) for turn in range(80)))

    answers = asyncio.run(crowd())
    assert [b'"outcome":"green"' in answer for answer in answers] == [bool(turn % 2) for turn in range(80)]


@pytest.mark.parametrize("protocol", [EdgeProtocol, "httptools"])
def test_a_connection_that_asks_nothing_is_closed_and_one_that_asks_now_and_then_is_kept(protocol: Any) -> None:
    with (
        Served(EdgeWorld(), protocol, timeout_keep_alive=1) as address,
        socket.create_connection(address, timeout=5) as connection,
    ):
        for target in ("/v1/time", "/v1/time", "/v1/time?lang=en", "/v1/time"):  # the third goes uvicorn's way
            time.sleep(0.6)
            connection.sendall(request("GET", target))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        asked = time.monotonic()
        assert connection.recv(1 << 16) == b""
        assert 0.9 < time.monotonic() - asked < 3
