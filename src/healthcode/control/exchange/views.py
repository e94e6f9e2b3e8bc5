"""The import console: hand a file in, see what came of it, take the list of faults home."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from healthcode.control.access import ActRequest, officer
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.messages import message
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.schema import COLUMNS, MAX_BYTES, MAX_ROWS, FileKind
from healthcode.control.exchange.selectors import fault_lines, faults_csv, source_units, upload_get, uploads_recent
from healthcode.control.exchange.tasks import upload_import_job
from healthcode.control.exchange.uploads import upload_receive
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem

PAGE = 20
SIGNATURE_BYTES = 4096
KIND_OF_ROLE: dict[str, FileKind] = {Role.PROVINCE_DISPATCHER: "leads", Role.LABORATORY_CLERK: "results"}


@officer(Role.PROVINCE_DISPATCHER, Role.LABORATORY_CLERK, purpose="import a file")
def imports(request: ActRequest) -> HttpResponse:
    """The form, the columns that a file needs, and the uploads so far."""
    kind = KIND_OF_ROLE[request.act.role]
    if request.method == "POST":
        return redirect(f"/console/imports/{_receive(request, kind).pk}/")
    page = Paginator(uploads_recent(), PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "exchange/imports.html",
        {
            "kind": kind,
            "page": page,
            "columns": COLUMNS[kind],
            "units": source_units(kind, post=request.act.post or 0),
            "max_rows": MAX_ROWS,
            "max_mb": MAX_BYTES >> 20,
        },
    )


@officer(Role.PROVINCE_DISPATCHER, Role.LABORATORY_CLERK, purpose="read an import report")
def report(request: ActRequest, upload_id: UUID) -> HttpResponse:
    """What came of one upload: rows new and known, or every fault by row and column."""
    upload = upload_get(upload_id)
    return render(
        request, "exchange/report.html", {"upload": upload, "report": upload.report, "faults": fault_lines(upload)}
    )


@officer(Role.PROVINCE_DISPATCHER, Role.LABORATORY_CLERK, purpose="download an import report")
def report_csv(_request: ActRequest, upload_id: UUID) -> HttpResponse:
    """The faults as a CSV file."""
    body = faults_csv(fault_lines(upload_get(upload_id)))
    headers = {"Content-Disposition": f'attachment; filename="faults-{upload_id}.csv"'}
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _receive(request: ActRequest, kind: FileKind) -> Upload:
    """Keep the file and defer its import, both in this transaction."""
    units = source_units(kind, post=request.act.post or 0)
    given, signature = request.FILES.get("file"), request.FILES.get("signature")
    if not units:
        raise _refused(FileFault("unit_kind"))
    if not isinstance(given, UploadedFile):
        raise _refused(FileFault("file_empty"))
    if (given.size or 0) > MAX_BYTES:
        raise _refused(FileFault("file_too_large", limit=MAX_BYTES >> 20))
    try:
        upload = upload_receive(
            kind=kind,
            unit=units[0],
            file_name=given.name or "file.csv",
            content=given.read(),
            signature=signature.read(SIGNATURE_BYTES + 1) if isinstance(signature, UploadedFile) else b"",
            uploaded_by=request.act.officer,
            now=datetime.now(UTC),
        )
    except FileFault as fault:
        raise _refused(fault) from None
    upload_import_job.defer(upload_id=str(upload.pk))
    return upload


def _refused(fault: FileFault) -> Problem:
    return Problem(422, fault.code, say("文件没有收下", "The file was not taken"), message(fault.code, fault.params))
