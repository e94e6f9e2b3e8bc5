"""What comes in over HTTP is sealed piece by piece as it comes: memory holds one piece, the disk nothing in clear.

The key of a spool lives in this process's memory only, and the spool's file has no name, so that neither outlives the
request. What is kept for the worker is sealed again, under the file's own key (uploads.py).
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from healthcode.control.exchange.content import CHUNK
from healthcode.control.exchange.schema import MAX_BYTES
from healthcode.crypto.suites import suite

_SUITE = suite("intl")


class SealedSpool:
    """Bytes written once and read as often as needed. Above the limit it keeps nothing but the size."""

    def __init__(self) -> None:
        self.size = 0
        self._key = secrets.token_bytes(_SUITE.key_size)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 # lives as long as the spool; it has no name
        self._sizes: list[int] = []
        self._pending = b""

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.size += len(data)
        if self.size > MAX_BYTES:
            self._pending = b""
            self._file.truncate(0)
            self._sizes = []
            return
        self._pending += data
        while len(self._pending) >= CHUNK:
            self._seal(self._pending[:CHUNK])
            self._pending = self._pending[CHUNK:]

    def chunks(self) -> Iterator[bytes]:
        """What was written, from the start."""
        at = 0
        for number, size in enumerate(self._sizes):
            self._file.seek(at)
            yield _SUITE.open(self._key, self._file.read(size), number.to_bytes(4, "big"))
            at += size
        if self._pending:
            yield self._pending

    def close(self) -> None:
        """Forget what was written."""
        self._file.close()

    __del__ = close  # a form that breaks off hands its spool to nobody

    def _seal(self, part: bytes) -> None:
        sealed = _SUITE.seal(self._key, part, len(self._sizes).to_bytes(4, "big"))
        self._file.seek(0, 2)
        self._file.write(sealed)
        self._sizes.append(len(sealed))


class SpooledFile(UploadedFile):  # type: ignore[type-arg] # generic in the stubs only
    """A file of a form, in a spool."""

    def __init__(self, spool: SealedSpool, name: str, content_type: str, size: int, charset: str | None) -> None:
        super().__init__(None, name, content_type, size, charset)
        self.spool = spool

    def close(self) -> None:
        """Forget the file; Django closes it with the request."""
        self.spool.close()

    def read(self, num_bytes: int | None = None) -> bytes:
        """The beginning of the file, for what is small (a signature)."""
        data = b""
        for chunk in self.spool.chunks():
            data += chunk
            if num_bytes is not None and len(data) >= num_bytes:
                return data[:num_bytes]
        return data


class SealingUploadHandler(FileUploadHandler):
    """Seals a file as it is parsed out of the form."""

    chunk_size = CHUNK

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self._spool = SealedSpool()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a chunk."""
        del start
        self._spool.write(raw_data)

    def file_complete(self, file_size: int) -> SpooledFile:
        """Hand the file over with the size that came, whether it was kept or not."""
        return SpooledFile(self._spool, self.file_name or "", self.content_type or "", file_size, self.charset)
