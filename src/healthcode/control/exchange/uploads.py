"""Handing in a file: kept sealed under a key of its own until it is imported or refused whole, then unreadable."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from healthcode.control.evidence.ids import id_make
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.schema import MAX_BYTES, FileKind
from healthcode.control.exchange.signature import signature_check
from healthcode.control.offices.models import Unit
from healthcode.control.ports import ports
from healthcode.crypto.keystore import KeyDestroyed, KeyMissing
from healthcode.crypto.suites import suite
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.unit import UnitKind

SOURCES: dict[FileKind, frozenset[UnitKind]] = {
    "leads": frozenset({UnitKind.province_office, UnitKind.city_office, UnitKind.national_platform}),
    "results": KIND_SPECS[EvidenceKind.test].units,
}
"""Which units may be the source of a file. Leads are distributed from above (Art. 16), results come from who tests."""
DIGEST = suite("intl")


def upload_receive(
    *,
    kind: FileKind,
    unit: Unit,
    file_name: str,
    content: bytes,
    signature: bytes,
    uploaded_by: int | None,
    now: datetime,
) -> Upload:
    """Keep a file for the worker. Call it inside the act of whoever hands it in.

    Raises:
        FileFault: the file is empty or too large, the unit may not supply it, or its signature does not hold.
    """
    if UnitKind(unit.kind) not in SOURCES[kind]:
        raise FileFault("unit_kind")
    if not content.strip():
        raise FileFault("file_empty")
    if len(content) > MAX_BYTES:
        raise FileFault("file_too_large", limit=MAX_BYTES >> 20)
    digest = DIGEST.hash(content)
    held = signature_check(bytes(unit.signing_key or b""), digest, signature) if kind == "results" else None
    key = id_make(now=now)
    return Upload.objects.create(
        id=key,
        kind=kind,
        unit=unit,
        file_name=file_name[-120:],
        file_digest=digest,
        content_sealed=_seal(key, content),
        signature=held,
        uploaded_by=uploaded_by,
        uploaded_at=now,
    )


def upload_open(upload: Upload) -> bytes | None:
    """The file as received, or None where it has been imported or refused already and its key is gone."""
    try:
        key = ports().key_store.get(_ref(upload.pk))
    except (KeyDestroyed, KeyMissing):
        return None
    return DIGEST.open(_content_key(key), bytes(upload.content_sealed), _ref(upload.pk).encode())


def upload_forget(upload_id: UUID) -> None:
    """Destroy the key of a file that is imported or refused: the report and the evidence stay, the file does not."""
    ports().key_store.destroy(_ref(upload_id))


def _seal(key_of: UUID, content: bytes) -> bytes:
    # If we die between the two: a key without a row, which opens nothing.
    key = ports().key_store.create(_ref(key_of))
    return DIGEST.seal(_content_key(key), content, _ref(key_of).encode())


def _content_key(key: bytes) -> bytes:
    return DIGEST.hkdf(key, b"healthcode/upload", DIGEST.key_size)


def _ref(upload_id: UUID) -> str:
    return f"upload:{upload_id}"
