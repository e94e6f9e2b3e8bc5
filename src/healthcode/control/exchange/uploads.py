"""Handing in a file: kept sealed under a key of its own until it is imported or refused whole, then unreadable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection

from healthcode.control.evidence.ids import id_make
from healthcode.control.exchange.content import CHUNK, Content, content_of
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.models import Upload, UploadPart
from healthcode.control.exchange.schema import MAX_BYTES, SPECS, FileKind
from healthcode.control.exchange.signature import signature_check
from healthcode.control.offices.models import Unit
from healthcode.control.ports import ports
from healthcode.crypto.keystore import KeyDestroyed, KeyMissing
from healthcode.crypto.suites import suite
from healthcode.domain.unit import UnitKind

DIGEST = suite("intl")
Fetch = Callable[[int], bytes]


def upload_receive(
    *,
    kind: FileKind,
    unit: Unit,
    file_name: str,
    content: bytes | Content,
    signature: bytes,
    uploaded_by: int | None,
    now: datetime,
) -> Upload:
    """Keep a file for the worker. Call it inside the act of whoever hands it in. Memory holds one chunk.

    Raises:
        FileFault: the file is empty or too large, the unit may not supply it, or its signature does not hold.
    """
    spec = SPECS[kind]
    if UnitKind(unit.kind) not in spec.sources:
        raise FileFault("unit_kind")
    chunks = content_of(content) if isinstance(content, bytes) else content
    digest, size = digest_of(chunks)
    signed = spec.signed_by(UnitKind(unit.kind)) or bool(signature.strip())
    held = signature_check(bytes(unit.signing_key or b""), digest, signature) if signed else None
    made = Upload(
        id=id_make(now=now),
        kind=kind,
        unit=unit,
        file_name=file_name[-120:],
        file_digest=digest,
        size=size,
        signature=held,
        uploaded_by=uploaded_by,
        uploaded_at=now,
    )
    made.save(force_insert=True)
    _keep(made.pk, chunks)
    return made


def digest_of(content: Content) -> tuple[bytes, int]:
    """SHA-256 and size of a file; raises FileFault where it is empty or too large."""
    digest, size, blank = hashlib.sha256(), 0, True
    for chunk in content():
        digest.update(chunk)
        size += len(chunk)
        blank = blank and not chunk.strip()
        if size > MAX_BYTES:
            raise FileFault("file_too_large", limit=MAX_BYTES >> 20)
    if blank:
        raise FileFault("file_empty")
    return digest.digest(), size


def upload_content(upload: Upload, fetch: Fetch | None = None) -> Content | None:
    """The file as received, or None where it has been imported or refused already and its key is gone.

    `fetch` reads a sealed part by its number; the import reads over its second connection while the first one copies.
    """
    try:
        key = _content_key(ports().key_store.get(_ref(upload.pk)))
    except (KeyDestroyed, KeyMissing):
        return None

    def own(number: int) -> bytes:
        return bytes(UploadPart.objects.values_list("sealed", flat=True).get(upload_id=upload.pk, number=number))

    def chunks() -> Iterator[bytes]:
        for number in range(-(-upload.size // CHUNK)):
            yield DIGEST.open(key, (fetch or own)(number), _place(upload.pk, number))

    return chunks


def upload_forget(upload_id: UUID) -> None:
    """Destroy the key of a file that is imported or refused: the report and the evidence stay, the file does not."""
    ports().key_store.destroy(_ref(upload_id))


def _keep(upload_id: UUID, content: Content) -> None:
    # If we die between key and commit: a key without a file, which opens nothing.
    key = _content_key(ports().key_store.create(_ref(upload_id)))
    for number, part in enumerate(_parts(content)):
        sealed = DIGEST.seal(key, part, _place(upload_id, number))
        with connection.cursor() as cursor:  # not by the model: nobody but the worker may read a part back
            cursor.execute(
                "INSERT INTO exchange_uploadpart (upload_id, number, sealed) VALUES (%s, %s, %s)",
                [upload_id, number, sealed],
            )


def _parts(content: Content) -> Iterator[bytes]:
    """Pieces of one size, whatever the chunks are."""
    kept = b""
    for chunk in content():
        kept += chunk
        while len(kept) >= CHUNK:
            yield kept[:CHUNK]
            kept = kept[CHUNK:]
    if kept:
        yield kept


def _content_key(key: bytes) -> bytes:
    return DIGEST.hkdf(key, b"healthcode/upload", DIGEST.key_size)


def _place(upload_id: UUID, number: int) -> bytes:
    """What a piece is bound to: it cannot be moved to another file or another place in its own."""
    return f"{_ref(upload_id)}:{number}".encode()


def _ref(upload_id: UUID) -> str:
    return f"upload:{upload_id}"
