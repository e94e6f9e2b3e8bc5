"""A busy edge lets newcomers in: connections are accepted sixteen a turn of its loop, not one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from healthcode.wiring.edge import DOORS, doors, server_settings
from tests.edge_world import EdgeWorld

NEWCOMERS = 4 * DOORS
PHONES = 6
REQUEST = b"GET /healthz HTTP/1.1\r\nhost: code.example\r\n\r\n"


class Busy:
    """An edge whose loop always has something to do, for as long as the phones ask."""

    def __init__(self) -> None:
        self.answered = 0
        self.edge = EdgeWorld().edge
        self.direct_targets: frozenset[tuple[bytes, bytes]] = frozenset()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/v1/time":
            self.answered += 1
            time.sleep(0.01)  # noqa: ASYNC251 - that is what busy means
        await self.edge(scope, receive, send)


@pytest.fixture
def busy() -> Iterator[tuple[Busy, tuple[str, int]]]:
    """It serves on one core, by uvloop, as `healthcode edge` does."""
    application = Busy()
    config = uvicorn.Config(application, host="127.0.0.1", port=0, **server_settings())
    server = uvicorn.Server(config)
    sockets = doors(config)
    thread = threading.Thread(target=server.run, args=[sockets])
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield application, sockets[0].getsockname()
    server.should_exit = True
    thread.join(10)


def phone(address: tuple[str, int], stop: threading.Event) -> None:
    """Asks again and again, over one connection."""
    with socket.create_connection(address, timeout=10) as connection:
        while not stop.is_set():
            connection.sendall(REQUEST.replace(b"/healthz", b"/v1/time"))
            connection.recv(4096)


def test_gates_that_come_while_it_is_busy_are_let_in_sixteen_a_turn(busy: tuple[Busy, tuple[str, int]]) -> None:
    application, address = busy
    stop = threading.Event()
    callers = [threading.Thread(target=phone, args=[address, stop]) for _ in range(PHONES)]
    for caller in callers:
        caller.start()
    while application.answered < 5 * PHONES:
        time.sleep(0.01)
    before = application.answered
    gates = [socket.create_connection(address, timeout=10) for _ in range(NEWCOMERS)]
    for gate in gates:
        gate.sendall(REQUEST)
    answers = [gate.recv(4096)[:15] for gate in gates]
    took = application.answered - before
    stop.set()
    for caller in callers:
        caller.join(10)
    for gate in gates:
        gate.close()
    assert set(answers) == {b"HTTP/1.1 200 OK"}
    assert took < NEWCOMERS, f"{took} phones were answered before {NEWCOMERS} newcomers"
