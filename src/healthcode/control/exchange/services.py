"""Importing a file whole or not at all: every check first, then what follows, in one transaction as the system (X1).

The same file again changes nothing (digest), nor does a row that came before in another file (row key).
If we die before the commit, the upload is still `received` and its job is done again from the start; after it, nothing
is lost but perhaps the destruction of the file's own key, which the next look at the upload repeats.
"""

from __future__ import annotations

import gc
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.ids import id_make
from healthcode.control.evidence.renewal import subjects_renew
from healthcode.control.evidence.rows import chunks
from healthcode.control.exchange.checking import Checker, Chunk
from healthcode.control.exchange.content import Content
from healthcode.control.exchange.digest import batch_digest
from healthcode.control.exchange.faults import SHOWN, Faults, FileFault
from healthcode.control.exchange.leads import leads_import
from healthcode.control.exchange.models import Batch, Upload, UploadCancellation, UploadFaults, UploadPart
from healthcode.control.exchange.progress import Beside, Cancelled, Report
from healthcode.control.exchange.recording import keys_record, rows_match, rows_record, strangers_ensure
from healthcode.control.exchange.schema import SPECS
from healthcode.control.exchange.signature import signature_check
from healthcode.control.exchange.staging import Staging
from healthcode.control.exchange.uploads import digest_of, upload_content, upload_forget
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.turns import UPLOAD_IMPORTING
from healthcode.domain.unit import UnitKind

SINGLE_LANE: Final = 500
"""A file of at most so many rows travels in the lane of single decisions; larger ones must not delay those."""
EVENTS: Final = {
    "leads": EventName.LEADS_IMPORTED,
    "arrivals": EventName.ARRIVALS_IMPORTED,
    "results": EventName.RESULTS_IMPORTED,
    "vaccinations": EventName.VACCINATIONS_IMPORTED,
    "statuses": EventName.STATUSES_IMPORTED,
}
_DERIVED_AT_ONCE: Final = 2_000
_SETTLED: Final = ("imported", "refused", "cancelled")
_TOUCHED: Final = (
    "SELECT n.subject, max((extract(epoch FROM n.occurred) / 60)::bigint) FILTER (WHERE f.fields ->> 'result' ="
    " 'negative'), bool_and(f.fields ->> 'result' = 'negative') IS TRUE"
    " FROM intake_new n JOIN intake_fields f ON f.id = n.fields GROUP BY n.subject"
)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an upload: `state` is one of `_SETTLED`; counts of rows new and already known."""

    state: str
    rows: int = 0
    new: int = 0
    known: int = 0
    faults: int = 0
    batch: UUID | None = None


class _Refused(Exception):
    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults


def upload_import(upload_id: UUID, *, now: datetime, watch: Report | None = None) -> ImportReport:
    """Import, refuse or cancel one upload, in transactions and acts of its own. Safe to repeat and to race.

    Raises:
        Problem: 404 where there is no such upload.
    """
    with Beside(upload_id, watch=watch) as beside, _without_collecting():
        try:
            report = _in_turn(upload_id, lambda upload: _import(upload, beside, now))
        except _Refused as refused:
            faults = refused.faults
            report = _in_turn(upload_id, lambda upload: _refuse(upload, faults, now))
        except Cancelled:
            report = _in_turn(upload_id, lambda upload: _cancel(upload, now))
    upload_forget(upload_id)
    with _act("forget a file"):
        UploadPart.objects.filter(upload_id=upload_id).delete()
    return report


def upload_cancel(upload_id: UUID, *, officer: int | None, now: datetime) -> None:
    """Ask that an import end; the worker ends it within a second and nothing of it remains.

    Raises:
        Problem: 409 where it is imported or refused already: then only a rollback takes it back.
    """
    state = Upload.objects.filter(pk=upload_id).values_list("state", flat=True).first()
    if state != "received":
        raise Problem(
            409,
            "upload_settled",
            say("已经有结果", "It has its result already"),
            say("已导入的批次只能申请撤回。", "What is imported can only be rolled back."),
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_uploadcancellation (upload_id, officer, at) VALUES (%s, %s, %s)"
            " ON CONFLICT (upload_id) DO NOTHING",
            [upload_id, officer, now],
        )


def _in_turn(upload_id: UUID, do: Any) -> ImportReport:
    """`do` in a transaction of its own, once at a time, and only where the upload has no result yet."""
    with transaction.atomic(durable=True):
        act_begin(ports().system_token, "import a file")
        with connection.cursor() as cursor:  # a second worker waits here
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [UPLOAD_IMPORTING, str(upload_id)])
        upload = Upload.objects.select_related("unit").filter(pk=upload_id).first()
        if upload is None:
            raise Problem(404, "upload_unknown", say("没有这份文件", "No such upload"))
        report: ImportReport = _settled(upload) or do(upload)
    return report


def _settled(upload: Upload) -> ImportReport | None:
    if upload.state not in _SETTLED:
        return None
    told = upload.report
    rows, new, known, faults = (told.get(name, 0) for name in ("rows", "new", "known", "faults_total"))
    return ImportReport(upload.state, rows, new, known, faults, upload.batch_id)


def _import(upload: Upload, beside: Beside, now: datetime) -> ImportReport:
    beside.tell("checking")
    before = Batch.objects.filter(
        kind=upload.kind, unit_id=upload.unit_id, file_digest=bytes(upload.file_digest)
    ).first()
    if before is not None:
        report = ImportReport("imported", rows=before.rows, known=before.rows, batch=before.pk)
        return _settle(upload, report, {"again": before.imported_at.isoformat()})
    content = _genuine(upload, beside)
    spec = SPECS[upload.kind]
    staging = Staging(upload, spec.leads, now)
    checker = _checked(upload, content, staging, beside, now)
    batch = Batch.objects.create(
        id=id_make(now=now),
        kind=upload.kind,
        unit_id=upload.unit_id,
        file_name=upload.file_name,
        file_digest=bytes(upload.file_digest),
        signature=upload.signature,
        rows=checker.rows,
        imported_at=now,
        imported_by=upload.uploaded_by,
    )

    def again() -> Iterator[Chunk]:
        return Checker(checker.kind, now).chunks(content)

    if spec.leads:
        known = staging.known()
        new = checker.rows - len(known)
        detail: dict[str, Any] = {}
        keys_record(batch)
        done = 0
        for chunk in again():
            done += leads_import(batch, chunk, known=known, now=now)
            beside.tell("recording", done, new)
    else:
        new, detail = _record(batch, again, beside, checker.rows, now)
    _event(upload, batch, checker.rows, new, detail, now)
    report = ImportReport("imported", rows=checker.rows, new=new, known=checker.rows - new, batch=batch.pk)
    return _settle(upload, report, {})


def _checked(upload: Upload, content: Content, staging: Staging, beside: Beside, now: datetime) -> Checker:
    """The whole file checked and staged; raises `_Refused` with every fault."""
    checker = Checker(upload.kind, now)  # type: ignore[arg-type] # the column's choices are the kinds
    staging.open()
    done = 0
    for rows in staging.copy(checker.chunks(content)):
        done += rows
        beside.tell("checking", done)
    staging.repeated(checker.faults)
    if checker.faults.total:
        raise _Refused(checker.faults)
    return checker


def _record(batch: Batch, again: Any, beside: Beside, rows: int, now: datetime) -> tuple[int, dict[str, Any]]:
    """Evidence and what follows from it; returns how many rows are new, and what the event says of them."""
    beside.tell("matching", 0, rows)
    new = rows_match(batch)
    strangers = strangers_ensure(again, now=now)
    beside.tell("recording", 0, new)
    rows_record(batch, now=now)
    beside.tell("recording", new, new)
    lane = 0 if new <= SINGLE_LANE else 1
    rest = subjects_renew(_TOUCHED, now=now, lane=lane)  # type: ignore[arg-type] # 0 or 1
    for part in chunks(rest, _DERIVED_AT_ONCE):
        subjects_derive(part, now=now, lane=lane)  # type: ignore[arg-type] # 0 or 1
        beside.tell("deriving", rest.index(part[-1]) + 1, len(rest))
    with connection.cursor() as cursor:
        content = batch_digest(cursor, batch.pk)
    return new, {"content": content, "strangers": strangers}


def _genuine(upload: Upload, beside: Beside) -> Content:
    """The file, proven once more to be what was handed in and what the source signed."""
    content = upload_content(upload, beside.part)
    faults = Faults()
    try:
        if content is None or digest_of(content)[0] != bytes(upload.file_digest):
            raise FileFault("file_empty")
        if SPECS[upload.kind].signed_by(UnitKind(upload.unit.kind)) or upload.signature is not None:
            key = bytes(upload.unit.signing_key or b"")
            signature_check(key, bytes(upload.file_digest), bytes(upload.signature or b""))
    except FileFault as fault:
        faults.add_file(fault)
        raise _Refused(faults) from None
    return content


def _event(upload: Upload, batch: Batch, rows: int, new: int, more: dict[str, Any], now: datetime) -> None:
    detail = {
        "rows": rows,
        "new": new,
        "unit": upload.unit_id,
        "by": upload.uploaded_by,
        "digest": bytes(upload.file_digest).hex(),
        **more,
    }
    event_append(EVENTS[upload.kind], now=now, reference=f"batch:{batch.pk}", detail=detail)


def _refuse(upload: Upload, faults: Faults, now: datetime) -> ImportReport:
    event_append(
        EventName.IMPORT_REFUSED,
        now=now,
        reference=f"upload:{upload.pk}",
        detail={"faults": faults.total, "unit": upload.unit_id, "by": upload.uploaded_by},
    )
    listed = [fault.document() for fault in faults.listed]
    lines = zlib.compress(json.dumps(listed, ensure_ascii=False).encode())
    UploadFaults.objects.create(upload=upload, lines=lines)
    report = ImportReport("refused", faults=faults.total)
    return _settle(upload, report, {"faults": listed[:SHOWN], "faults_total": faults.total})


def _cancel(upload: Upload, now: datetime) -> ImportReport:
    asked = UploadCancellation.objects.filter(upload=upload).first()
    event_append(
        EventName.IMPORT_CANCELLED,
        now=now,
        reference=f"upload:{upload.pk}",
        detail={"unit": upload.unit_id, "by": asked.officer if asked else None},
    )
    return _settle(upload, ImportReport("cancelled"), {})


def _settle(upload: Upload, report: ImportReport, more: dict[str, Any]) -> ImportReport:
    upload.state = report.state
    upload.report = {"rows": report.rows, "new": report.new, "known": report.known, **more}
    upload.batch_id, upload.rows_done = report.batch, report.rows
    upload.save(update_fields=["state", "report", "batch", "rows_done"])
    return report


@contextmanager
def _act(purpose: str) -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, purpose)
        yield


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Rows are lists of texts, never rings: looking for rings among millions of them costs a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
