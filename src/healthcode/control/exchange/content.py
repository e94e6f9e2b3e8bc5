"""The bytes of a file that can be read as often as needed without holding it: an iterator of chunks, begun anew."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, Final

Content = Callable[[], Iterator[bytes]]
"""Each call reads the file from its start, in chunks of no particular size."""

CHUNK: Final = 1 << 20


def content_of(data: bytes) -> Content:
    """The content of a file that is in memory."""
    return lambda: (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


class ContentStream(io.RawIOBase):
    """A content as a binary stream that is read once, forwards."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._chunks = content()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill `into` as far as the chunk at hand goes; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        taken = min(len(into), len(self._rest))
        into[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
