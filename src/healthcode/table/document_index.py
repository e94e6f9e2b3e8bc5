"""The document index (`spec/document-index.md`): a subject's number by a keyed digest of her document *and* her name.

Laws: who does not hold a generation's key can neither make nor test a digest; an unknown number and a known number
with another name are the same question with the same answer, because both are one digest that is not there; every
generation has a key of its own, from which no other follows.
"""

import re
import unicodedata
from typing import Final

from healthcode.crypto.suites import suite
from healthcode.table.messages import FeedKind, SideStore, key_from_bytes
from healthcode.table.payloads import DocumentNote, PayloadError, note_decode

KEY_BYTES: Final = 32
KEY_CONTEXT: Final = b"healthcode/document-index"
"""What a generation's key is sealed for."""


def generation_key(master: bytes, generation: int) -> bytes:
    """The 32-byte key of one generation; control alone holds `master`."""
    return suite("intl").hkdf(master, b"healthcode/document-index/" + generation.to_bytes(4, "big"), KEY_BYTES)


def number_fold(text: str) -> str:
    """A document number as it is compared: full-width forms, spaces, hyphens and case do not matter."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


def name_fold(text: str) -> str:
    """A name as it is compared: only its letters, without their case; `·` and spaces differ between card readers."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if unicodedata.category(c)[0] in "LM")


def document_digest(key: bytes, kind: str, number: str, name: str) -> bytes:
    """The 32-byte digest of a document and the name on it under a generation's key. Total: any text has one."""
    parts = [part.encode() for part in (kind, number_fold(number), name_fold(name))]
    return suite("intl").mac(key, b"".join(len(part).to_bytes(2, "big") + part for part in parts))


def document_lookup(side: SideStore, digest: bytes) -> int:
    """The subject of a digest, 0 where there is none. A broken entry knows nobody."""
    note = side.get(FeedKind.DOCUMENT, key_from_bytes(digest))
    try:
        known = [] if note is None else note_decode(note, DocumentNote).subjects
    except PayloadError:
        return 0
    return next((subject for held, subject in known if held == digest), 0)
