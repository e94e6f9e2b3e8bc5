"""Importing a file whole or not at all: every check first, then one transaction as the system (X1).

The same file again changes nothing (digest), nor does a row that came before in another file (row key).
If we die before the commit, the upload is still `received` and its job is done again; after it, nothing is lost but
perhaps the destruction of the file's own key, which the next look at the upload repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.ids import id_make
from healthcode.control.evidence.rows import chunks, rows_insert
from healthcode.control.exchange.checking import Checked, LeadRow, ResultRow, leads_check, results_check
from healthcode.control.exchange.faults import Faults, FileFault
from healthcode.control.exchange.leads import leads_import
from healthcode.control.exchange.models import Batch, Upload
from healthcode.control.exchange.results import results_import
from healthcode.control.exchange.signature import signature_check
from healthcode.control.exchange.uploads import upload_forget, upload_open
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.crypto.fields import blind_index

Row = LeadRow | ResultRow


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an upload: `state` is `imported` or `refused`; counts of rows new and already known."""

    state: str
    rows: int = 0
    new: int = 0
    known: int = 0
    faults: int = 0
    batch: UUID | None = None


def upload_import(upload_id: UUID, *, now: datetime) -> ImportReport:
    """Import or refuse one upload, in a transaction and an act of its own. Safe to repeat and to race.

    Raises:
        Problem: 404 where there is no such upload.
    """
    with transaction.atomic(durable=True):
        act_begin(ports().system_token, "import a file")
        upload = Upload.objects.select_for_update().filter(pk=upload_id).first()  # a second worker waits here
        if upload is None:
            raise Problem(404, "upload_unknown", say("没有这份文件", "No such upload"))
        report = _settled(upload) or _import(upload, now)
    upload_forget(upload_id)
    return report


def _settled(upload: Upload) -> ImportReport | None:
    if upload.state not in ("imported", "refused"):
        return None
    told = upload.report
    return ImportReport(
        upload.state,
        told.get("rows", 0),
        told.get("new", 0),
        told.get("known", 0),
        told.get("faults_total", 0),
        upload.batch_id,
    )


def _import(upload: Upload, now: datetime) -> ImportReport:
    before = Batch.objects.filter(
        kind=upload.kind, unit_id=upload.unit_id, file_digest=bytes(upload.file_digest)
    ).first()
    if before is not None:
        report = ImportReport("imported", rows=before.rows, known=before.rows, batch=before.pk)
        return _settle(upload, report, {"again": before.imported_at.isoformat()})
    try:
        content, signature = _genuine(upload)
    except FileFault as fault:
        faults = Faults()
        faults.add_file(fault)
        return _refuse(upload, faults, now)
    if upload.kind == "leads":
        leads = leads_check(content, now=now)
        return _import_checked(upload, leads, leads.rows, None, now)
    results = results_check(content, now=now)
    return _import_checked(upload, results, results.rows, signature, now)


def _genuine(upload: Upload) -> tuple[bytes, bytes | None]:
    """The file, proven once more to be what was handed in and, for results, what the unit signed."""
    content = upload_open(upload)
    if content is None:
        raise FileFault("file_empty")
    if upload.kind == "leads":
        return content, None
    held = signature_check(
        bytes(upload.unit.signing_key or b""), bytes(upload.file_digest), bytes(upload.signature or b"")
    )
    return content, held


def _import_checked(
    upload: Upload, checked: Checked[Any], rows: Sequence[Row], signature: bytes | None, now: datetime
) -> ImportReport:
    if checked.faults.total:
        return _refuse(upload, checked.faults, now)
    keys = {row.row: _row_key(upload, row) for row in rows}
    known = _known(upload.kind, list(keys.values()))
    new = [row for row in rows if keys[row.row] not in known]
    batch = Batch.objects.create(
        id=id_make(now=now),
        kind=upload.kind,
        unit_id=upload.unit_id,
        file_name=upload.file_name,
        file_digest=bytes(upload.file_digest),
        signature=signature,
        rows=len(rows),
        imported_at=now,
        imported_by=upload.uploaded_by,
    )
    for part in chunks(new):
        rows_insert(
            "exchange_batchrow", {"key": ("bytea", [keys[r.row] for r in part])}, batch_id=batch.pk, kind=upload.kind
        )
    _write(batch, new, now)
    event_append(
        EventName.LEADS_IMPORTED if upload.kind == "leads" else EventName.RESULTS_IMPORTED,
        now=now,
        reference=f"batch:{batch.pk}",
        detail={
            "rows": len(rows),
            "new": len(new),
            "unit": upload.unit_id,
            "by": upload.uploaded_by,
            "digest": bytes(upload.file_digest).hex(),
        },
    )
    report = ImportReport("imported", rows=len(rows), new=len(new), known=len(rows) - len(new), batch=batch.pk)
    return _settle(upload, report, {})


def _write(batch: Batch, rows: Sequence[Row], now: datetime) -> None:
    leads = [row for row in rows if isinstance(row, LeadRow)]
    results = [row for row in rows if isinstance(row, ResultRow)]
    if leads:
        leads_import(batch=batch, rows=leads, now=now)
    if results:
        results_import(batch=batch, rows=results, now=now)


def _refuse(upload: Upload, faults: Faults, now: datetime) -> ImportReport:
    event_append(
        EventName.IMPORT_REFUSED,
        now=now,
        reference=f"upload:{upload.pk}",
        detail={"faults": faults.total, "unit": upload.unit_id, "by": upload.uploaded_by},
    )
    return _settle(upload, ImportReport("refused", faults=faults.total), faults.document())


def _settle(upload: Upload, report: ImportReport, more: dict[str, Any]) -> ImportReport:
    upload.state = report.state
    upload.report = {"rows": report.rows, "new": report.new, "known": report.known, **more}
    upload.batch_id, upload.rows_done = report.batch, report.rows
    upload.save(update_fields=["state", "report", "batch", "rows_done"])
    return report


def _row_key(upload: Upload, row: Row) -> bytes:
    """Keyed, because a source's own row id may be a number that identifies somebody."""
    return blind_index(ports().blind_key, f"{upload.unit_id}:{row.key}", field=f"row:{upload.kind}")


def _known(kind: str, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for part in chunks(keys):
            cursor.execute(
                "SELECT key FROM exchange_batchrow WHERE kind = %s AND key = ANY(%s::bytea[])", [kind, list(part)]
            )
            found.update(bytes(key) for (key,) in cursor.fetchall())
    return found
