"""Asking whose document was shown: the words between a worker and the process that holds the index's key.

The worker holds no key and learns a subject number for a document and the name on it, or that there is none.
"""

from typing import Protocol

from msgspec import Struct

FOUND = "found"
UNKNOWN = "unknown"
LIMITED = "document_limited"
UNAVAILABLE = "document_unavailable"


class DocumentAsk(Struct, frozen=True, array_like=True):
    """A document and the name on it, shown at a gate to a device."""

    device: bytes
    venue: int
    checkpoint: int
    kind: str
    number: str
    name: str


class DocumentAnswer(Struct, frozen=True, array_like=True):
    """`said` is FOUND, UNKNOWN, LIMITED (this device has asked too often) or UNAVAILABLE."""

    said: str
    subject: int = 0


class DocumentIndex(Protocol):
    """Who answers. Never raises: what cannot be told is UNAVAILABLE, and the person registers and passes."""

    async def ask(self, asked: DocumentAsk) -> DocumentAnswer:
        """Whose document it is. FOUND and UNKNOWN only after a durable row of the access log."""
        ...


class NoDocumentIndex:
    """Of a host without an index process."""

    async def ask(self, asked: DocumentAsk) -> DocumentAnswer:
        """Nothing can be told here."""
        del asked
        return DocumentAnswer(UNAVAILABLE)
