"""The local socket between edge workers and the process that holds the document index's key.

Frames `length (4 bytes, little endian) | MessagePack [number, ask or answer]`; many asks travel at once. Only accounts
that may open the socket's file reach it.
"""

import asyncio
import contextlib
import itertools
import os
from pathlib import Path

import msgspec
import structlog

from healthcode.edge.documents import UNAVAILABLE, DocumentAnswer, DocumentAsk, DocumentIndex

ASK_S = 1.5
"""How long a worker waits: a page at a gate gives up after three seconds."""
REST_S = 0.5
_FRAME = 16 * 1024
_PATH_BYTES = 107
_UNAVAILABLE = DocumentAnswer(UNAVAILABLE)
_ASKS = msgspec.msgpack.Decoder(tuple[int, DocumentAsk])
_ANSWERS = msgspec.msgpack.Decoder(tuple[int, DocumentAnswer])
_ENCODER = msgspec.msgpack.Encoder()
_log = structlog.get_logger(__name__)


class SocketPathError(RuntimeError):
    """The socket's path is longer than the system allows."""


def path_check(path: Path) -> None:
    """Raise SocketPathError where no socket can be made at `path`."""
    if len(os.fsencode(path)) > _PATH_BYTES:
        raise SocketPathError(
            f"{path} is too long for a socket ({_PATH_BYTES} bytes). Set HEALTHCODE_DOCUMENT_SOCKET to a shorter path."
        )


async def _frame(reader: asyncio.StreamReader) -> bytes:
    length = int.from_bytes(await reader.readexactly(4), "little")
    if length > _FRAME:
        raise ConnectionError("a frame is shorter than this")
    return await reader.readexactly(length)


def _framed(content: object) -> bytes:
    data = _ENCODER.encode(content)
    return len(data).to_bytes(4, "little") + data


class DocumentServer:
    """Serves one desk on a socket file, which accounts of the same group may open."""

    def __init__(self, path: Path, desk: DocumentIndex) -> None:
        self._path = path
        self._desk = desk
        self._server: asyncio.Server | None = None
        self._asked: set[asyncio.Task[None]] = set()
        self._workers: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def start(self) -> None:
        """Listen; a socket that a killed process left is replaced."""
        path_check(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        self._path.chmod(0o660)

    async def close(self) -> None:
        """Stop listening; asks under way are answered."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._asked, return_exceptions=True)
        serving = [task for task in self._workers.values() if task is not None]
        for writer in list(self._workers):
            writer.close()
        await asyncio.gather(*serving, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._workers[writer] = asyncio.current_task()
        try:
            while True:
                number, asked = _ASKS.decode(await _frame(reader))
                task = asyncio.create_task(self._answer(number, asked, writer))
                self._asked.add(task)
                task.add_done_callback(self._asked.discard)
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass  # the worker went, or does not speak our language
        finally:
            del self._workers[writer]
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, number: int, asked: DocumentAsk, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._desk.ask(asked)
        except Exception:  # noqa: BLE001 - one ask fails, the desk goes on; what was asked is in no log
            _log.error("document_ask_failed")
            answer = _UNAVAILABLE
        with contextlib.suppress(ConnectionError):
            writer.write(_framed((number, answer)))
            await writer.drain()


class DocumentClient:
    """`edge.documents.DocumentIndex` over the socket at `path`; connects again by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._open: dict[int, asyncio.Future[DocumentAnswer]] = {}
        self._numbers = itertools.count(1)
        self._turn: asyncio.Lock | None = None
        self._rest_until = 0.0

    async def ask(self, asked: DocumentAsk) -> DocumentAnswer:
        """See `DocumentIndex.ask`."""
        number = next(self._numbers)
        try:
            async with asyncio.timeout(ASK_S):
                writer = await self._connected()
                answer: asyncio.Future[DocumentAnswer] = asyncio.get_running_loop().create_future()
                self._open[number] = answer
                writer.write(_framed((number, asked)))
                await writer.drain()
                return await answer
        except (OSError, TimeoutError):
            return _UNAVAILABLE
        finally:
            self._open.pop(number, None)

    async def close(self) -> None:
        """Let go of the connection; asks under way hear UNAVAILABLE."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _connected(self) -> asyncio.StreamWriter:
        loop = asyncio.get_running_loop()
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            if self._writer is not None:
                return self._writer
            if loop.time() < self._rest_until:
                raise ConnectionError("the index process did not answer a moment ago")
            try:
                reader, self._writer = await asyncio.open_unix_connection(str(self._path))
            except OSError:
                self._rest_until = loop.time() + REST_S
                raise
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            return self._writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                number, answer = _ANSWERS.decode(await _frame(reader))
                waiting = self._open.get(number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, OSError, msgspec.DecodeError):
            pass
        finally:
            self._writer = None
            for waiting in self._open.values():
                if not waiting.done():
                    waiting.set_result(_UNAVAILABLE)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
