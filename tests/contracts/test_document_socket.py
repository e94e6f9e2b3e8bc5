"""The socket between workers and the index process: many asks at once, a process that dies, and whoever comes again."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from healthcode.adapters.document_socket import DocumentClient, DocumentServer, SocketPathError, path_check
from healthcode.edge.documents import FOUND, UNAVAILABLE, UNKNOWN, DocumentAnswer, DocumentAsk


class Knows:
    """A desk that knows even numbers, slowly; `broken` raises."""

    broken = False

    async def ask(self, asked):
        if self.broken:
            raise RuntimeError("no desk")
        await asyncio.sleep(0.001 * (int(asked.number) % 3))
        return DocumentAnswer(FOUND, int(asked.number)) if int(asked.number) % 2 == 0 else DocumentAnswer(UNKNOWN)


def asked(number: int) -> DocumentAsk:
    return DocumentAsk(bytes(16), 10, 1, "resident_id", str(number), "林晓雨")


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "documents.sock"


def test_each_of_many_asks_gets_its_own_answer(path: Path) -> None:
    async def run():
        server, client = DocumentServer(path, Knows()), DocumentClient(path)
        await server.start()
        answers = await asyncio.gather(*(client.ask(asked(n)) for n in range(1, 100)))
        await client.close()
        await server.close()
        return answers

    answers = asyncio.run(run())
    assert [answer.subject for answer in answers] == [n if n % 2 == 0 else 0 for n in range(1, 100)]


def test_nobody_answering_is_unavailable_and_the_next_process_is_found_again(path: Path) -> None:
    async def run():
        client, said = DocumentClient(path), []
        said.append((await client.ask(asked(2))).said)
        for _ in range(2):
            server = DocumentServer(path, Knows())
            await server.start()
            await asyncio.sleep(0.6)
            said.append((await client.ask(asked(2))).said)
            await server.close()
        await client.close()
        return said

    assert asyncio.run(run()) == [UNAVAILABLE, FOUND, FOUND]


def test_a_desk_that_fails_is_unavailable_to_one_ask_and_serves_the_next(path: Path) -> None:
    async def run():
        desk = Knows()
        server, client = DocumentServer(path, desk), DocumentClient(path)
        await server.start()
        desk.broken = True
        first = await client.ask(asked(2))
        desk.broken = False
        second = await client.ask(asked(2))
        await client.close()
        await server.close()
        return first.said, second.said

    assert asyncio.run(run()) == (UNAVAILABLE, FOUND)


def test_who_speaks_another_language_is_hung_up_on(path: Path) -> None:
    async def run():
        server = DocumentServer(path, Knows())
        await server.start()
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()
        await server.close()
        return rest

    assert asyncio.run(run()) == b""


def test_the_socket_is_open_to_its_group_and_to_nobody_else(path: Path) -> None:
    modes = []

    async def run():
        server = DocumentServer(path, Knows())
        await server.start()
        modes.append(mode(path))
        await server.close()

    asyncio.run(run())
    assert modes == [0o660]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_path_too_long_for_a_socket_is_told_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(SocketPathError, match="HEALTHCODE_DOCUMENT_SOCKET"):
        path_check(tmp_path / ("x" * 120))
