"""Snapshots and offered tables from host to host, so that a new edge starts while control and database are gone.

Who asks names its public key, and gets what is sealed to that key, if control gave this edge keys of codes.  So nobody
else can read anything, nothing but addresses is configured, and a host that is struck off gets nothing more.  Files are
put in place only when they have proved themselves: a peer that was taken over can give old data, and never a color.
"""

import hashlib
import os
import re
import shutil
import socket
import threading
import urllib.error
import urllib.request
from binascii import Error as NoHex
from binascii import unhexlify
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
import uvicorn

from healthcode.crypto.errors import CryptoError
from healthcode.crypto.sealed_box import box_public, open_sealed, seal_to

CHUNK: Final = 4 << 20
LARGEST: Final = 8 << 30
"""No file of a province is larger; a peer that says so is not asked for it."""
ROOM: Final = 256 << 20
"""Bytes of the disk that stay free."""
CONTEXT: Final = b"healthcode/peer/1 "
_NAME: Final = re.compile(r"snapshot-[0-9]{14}\.hcs|table-[0-9a-z-]{1,80}\.bin")
_PATH: Final = "/peer/files"
_TIMEOUT_S: Final = 10.0
_AT_ONCE: Final = 8


class PeerError(Exception):
    """A peer is away, refuses us, or gave something else than it said."""


def edge_name(public: bytes) -> str:
    """The id under which control knows the edge with this public key."""
    return hashlib.sha256(public).hexdigest()[:16]


class PeerFiles:
    """The ASGI application that gives the files of `store` to `enrolled` edges."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.enrolled: frozenset[str] = frozenset()
        """Ids of the edges that control gave keys; the updater keeps it up to date."""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Serve one request: the list of files, or a chunk of one."""
        if scope["type"] != "http":
            return
        status, body = self._answer(scope["method"], scope["path"], scope["query_string"].decode("ascii", "replace"))
        headers = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, method: str, path: str, query: str) -> tuple[int, bytes]:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            public = unhexlify(asked.get("key", ""))
            offset = int(asked.get("from", "0"))
        except (NoHex, ValueError):
            return 400, b""
        if method != "GET" or edge_name(public) not in self.enrolled:
            return 403, b""
        name = path.removeprefix(_PATH).removeprefix("/")
        if not path.startswith(_PATH) or (name and not _NAME.fullmatch(name)) or not 0 <= offset <= LARGEST:
            return 404, b""
        try:
            data = self._chunk(name, offset) if name else msgspec.json.encode(self._sizes())
            return 200, seal_to(public, data, context=_context(name, offset))
        except (OSError, CryptoError):
            return 404, b""

    def _sizes(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self._store.iterdir() if _NAME.fullmatch(path.name)}

    def _chunk(self, name: str, offset: int) -> bytes:
        with (self._store / name).open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)


class PeerServer:
    """Serves `PeerFiles` in a thread of its own, so that no decision waits for a gigabyte."""

    def __init__(self, files: PeerFiles, host: str, port: int) -> None:
        """Raises OSError where the address is taken."""
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        settings = {"log_config": None, "access_log": False, "server_header": False, "lifespan": "off", "ws": "none"}
        self._server = uvicorn.Server(uvicorn.Config(files, limit_concurrency=_AT_ONCE, **settings))  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self._server.run, args=[[self._socket]], daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()


class PeerClient:
    """Asks one peer, as the edge with the key `private`.  Every method raises `PeerError` and blocks its thread."""

    def __init__(self, origin: str, private: bytes) -> None:
        self.origin = origin.rstrip("/")
        self._private = private
        self._public = box_public(private).hex()

    def sizes(self) -> dict[str, int]:
        """The peer's files by name, with their bytes."""
        try:
            told = msgspec.json.decode(self._get("", 0), type=dict[str, int])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PeerError(f"{self.origin} gave a list that cannot be read") from None
        return {name: size for name, size in told.items() if _NAME.fullmatch(name)}

    def fetch(self, name: str, size: int, folder: Path, prove: Callable[[Path], None]) -> None:
        """Put the file `name` into `folder`, durable, once `prove` did not raise ValueError for what came.

        If we die before the rename, a draft is left that the next fetch removes.
        """
        if not 0 < size <= LARGEST or shutil.disk_usage(folder).free - size < ROOM:
            raise PeerError(f"{name} of {self.origin} has {size} bytes: there is no room for it")
        for left in folder.glob(".*.part"):
            left.unlink(missing_ok=True)
        draft = folder / f".{name}.part"
        try:
            self._download(name, size, draft)
            prove(draft)
            draft.rename(folder / name)
        except (OSError, ValueError) as error:
            raise PeerError(f"{name} of {self.origin}: {error}") from error
        finally:
            draft.unlink(missing_ok=True)

    def _download(self, name: str, size: int, draft: Path) -> None:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            while (offset := file.tell()) < size:
                data = self._get(name, offset)
                if not data or offset + len(data) > size:
                    raise PeerError(f"{self.origin} gave {name} of another length than it said")
                file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _get(self, name: str, offset: int) -> bytes:
        path = f"{_PATH}/{name}" if name else _PATH
        url = f"{self.origin}{path}?key={self._public}&from={offset}"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - settings allow http(s) only
                box = answer.read(2 * CHUNK)
            return open_sealed(self._private, box, context=_context(name, offset))
        except urllib.error.HTTPError as error:
            error.close()
            raise PeerError(f"{self.origin} refused with {error.code}") from None
        except (OSError, CryptoError) as error:
            raise PeerError(f"{self.origin}: {error}") from error


def _context(name: str, offset: int) -> bytes:
    return CONTEXT + f"{name} {offset}".encode()
