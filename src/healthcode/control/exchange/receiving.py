"""Uploads stay in memory until they are sealed: nothing personal is spooled to disk in clear."""

from __future__ import annotations

import io
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from healthcode.control.exchange.schema import MAX_BYTES


class MemoryOnlyUploadHandler(FileUploadHandler):
    """Keeps one file in memory. Above the limit it keeps nothing but the size, so that the refusal can say so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self._buffer = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a chunk, or nothing once the file is too large."""
        if start + len(raw_data) > MAX_BYTES:
            self._buffer = io.BytesIO()
        else:
            self._buffer.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Hand the file over with the size that came, whether it was kept or not."""
        self._buffer.seek(0)
        return InMemoryUploadedFile(
            self._buffer, self.field_name, self.file_name or "", self.content_type, file_size, self.charset
        )
