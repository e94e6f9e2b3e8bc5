"""Ports of `people`: the identity registry (H2) and the sender of one-time codes (H1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, runtime_checkable

from healthcode.domain.document import Document


class RegistryAnswer(StrEnum):
    """What an authoritative registry says about a document and a name."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


class IdentityRegistry(Protocol):
    """An authoritative registry of identities (Art. 13). Concurrent calls are allowed."""

    def verify(self, document: Document, name: str) -> RegistryAnswer:
        """Say whether this document was issued to this name. Answers within seconds and never raises."""
        ...


class SmsSender(Protocol):
    """Delivers short texts. On return the text is accepted for delivery, not delivered; repeating sends twice."""

    def send(self, phone: str, text: str) -> None:
        """Send `text` to `phone`.

        Raises:
            SmsUnavailable: the provider did not accept it; the caller may offer to try again.
        """
        ...


class SmsUnavailable(Exception):
    """The provider did not accept the text."""


@runtime_checkable
class SmsShown(SmsSender, Protocol):
    """A sender that delivers to nobody and shows its texts instead: development only."""

    def last(self, phone: str) -> str | None:
        """The last text for `phone`, or None."""
        ...
