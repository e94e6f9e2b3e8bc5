"""The import console: hand a file in, see how far it is and what came of it, end it, have a batch taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from healthcode.control.access import ActRequest, officer
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.messages import message
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.receiving import SpooledFile
from healthcode.control.exchange.rollback import rollback_request, rollback_review
from healthcode.control.exchange.schema import (
    MAX_BYTES,
    MAX_ROWS,
    MAX_SHEET_BYTES,
    SPECS,
    FileSpec,
    sample_csv,
    schema_document,
)
from healthcode.control.exchange.selectors import (
    fault_lines,
    faults_csv,
    kinds_of,
    rollback_of,
    rollbacks_waiting,
    source_unit,
    upload_get,
    upload_standing,
    uploads_recent,
)
from healthcode.control.exchange.services import upload_cancel
from healthcode.control.exchange.tasks import upload_import_job
from healthcode.control.exchange.uploads import upload_receive
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem
from healthcode.domain.unit import UnitKind

PAGE = 20
SIGNATURE_BYTES = 4096
ROLES = (Role.PROVINCE_DISPATCHER, Role.LABORATORY_CLERK)


@officer(*ROLES, purpose="import a file")
def imports(request: ActRequest) -> HttpResponse:
    """The form for one kind, the columns that a file needs, and the uploads so far."""
    unit = source_unit(post=request.act.post or 0)
    kinds = kinds_of(unit)
    if request.method == "POST":
        return redirect(f"/console/imports/{_receive(request, kinds).pk}/")
    chosen = _chosen(request.GET.get("kind", ""), kinds)
    return render(
        request,
        "exchange/imports.html",
        {
            "unit": unit,
            "kinds": kinds,
            "spec": chosen,
            "signed": chosen is not None and chosen.signed_by(UnitKind(unit.kind)),
            "page": Paginator(uploads_recent(), PAGE).get_page(request.GET.get("page")),
            "waiting": rollbacks_waiting(),
            "max_rows": MAX_ROWS,
            "max_mb": MAX_BYTES >> 20,
            "max_sheet_mb": MAX_SHEET_BYTES >> 20,
        },
    )


@officer(*ROLES, purpose="read an import report")
def report(request: ActRequest, upload_id: UUID) -> HttpResponse:
    """How far one upload is, and what came of it: rows new and known, or every fault by row and column."""
    upload = upload_get(upload_id)
    response = render(request, "exchange/report.html", _about(request, upload))
    if upload.state == "received":
        response.headers["Refresh"] = "1"  # the page asks again until there is a result, without any script
    return response


@officer(*ROLES, purpose="cancel an import")
def cancel(request: ActRequest, upload_id: UUID) -> HttpResponse:
    """Ask that an import end."""
    upload = upload_get(upload_id)
    if request.method == "POST":
        upload_cancel(upload.pk, officer=request.act.officer, now=datetime.now(UTC))
    return redirect(f"/console/imports/{upload.pk}/")


@officer(*ROLES, purpose="have a batch taken back")
def roll_back(request: ActRequest, upload_id: UUID) -> HttpResponse:
    """Ask that the batch of an upload be taken back."""
    upload = upload_get(upload_id)
    if request.method == "POST" and upload.batch_id is not None:
        rollback_request(
            batch=upload.batch_id,
            officer=request.act.officer or 0,
            reason=request.POST.get("reason", ""),
            now=datetime.now(UTC),
        )
    return redirect(f"/console/imports/{upload.pk}/")


@officer(Role.PROVINCE_DISPATCHER, purpose="decide on a rollback")
def rollback_decide(request: ActRequest, rollback: int) -> HttpResponse:
    """Approve or return a request to take a batch back."""
    if request.method == "POST":
        rollback_review(
            rollback=rollback,
            officer=request.act.officer or 0,
            approve=request.POST.get("verdict") == "approve",
            reason=request.POST.get("reason", ""),
            now=datetime.now(UTC),
        )
    return redirect("/console/imports/")


@officer(*ROLES, purpose="download an import report")
def report_csv(_request: ActRequest, upload_id: UUID) -> HttpResponse:
    """The faults as a CSV file."""
    body = faults_csv(fault_lines(upload_get(upload_id), all_of_them=True))
    return _download(body, f"faults-{upload_id}.csv", "text/csv; charset=utf-8")


@officer(*ROLES, purpose="download a sample file")
def sample(_request: ActRequest, kind: str) -> HttpResponse:
    """A file of one invented row, to be filled in."""
    return _download(sample_csv(_spec(kind).kind), f"{kind}.csv", "text/csv; charset=utf-8")


@officer(*ROLES, purpose="download the description of a file")
def schema(_request: ActRequest, kind: str) -> HttpResponse:
    """The published schema of a kind."""
    body = json.dumps(schema_document(_spec(kind).kind), ensure_ascii=False, indent=2).encode()
    return _download(body, f"{kind}.schema.json", "application/schema+json")


def _about(request: ActRequest, upload: Upload) -> dict[str, object]:
    asked = rollback_of(upload)
    review = getattr(asked, "review", None)
    return {
        "upload": upload,
        "spec": SPECS[upload.kind],
        "report": upload.report,
        "faults": fault_lines(upload),
        "standing": upload_standing(upload),
        "rollback": asked,
        "review": review,
        "may_decide": asked is not None
        and review is None
        and request.act.role == Role.PROVINCE_DISPATCHER
        and asked.requester_id != request.act.officer,
        "may_request": upload.batch_id is not None and (asked is None or getattr(review, "verdict", "") == "return"),
    }


def _spec(kind: str) -> FileSpec:
    found = SPECS.get(kind)
    if found is None:
        raise Problem(404, "kind_unknown", say("没有这类文件", "No such kind of file"))
    return found


def _chosen(kind: str, kinds: list[FileSpec]) -> FileSpec | None:
    return next((spec for spec in kinds if spec.kind == kind), kinds[0] if kinds else None)


def _receive(request: ActRequest, kinds: list[FileSpec]) -> Upload:
    """Keep the file and defer its import, both in this transaction."""
    spec = _chosen(request.POST.get("kind", ""), kinds)
    given, signature = request.FILES.get("file"), request.FILES.get("signature")
    if spec is None:
        raise _refused(FileFault("unit_kind"))
    if not isinstance(given, SpooledFile):
        raise _refused(FileFault("file_empty"))
    if (given.size or 0) > MAX_BYTES:
        raise _refused(FileFault("file_too_large", limit=MAX_BYTES >> 20))
    try:
        upload = upload_receive(
            kind=spec.kind,
            unit=source_unit(post=request.act.post or 0),
            file_name=given.name or "file.csv",
            content=given.spool.chunks,
            signature=signature.read(SIGNATURE_BYTES + 1) if isinstance(signature, SpooledFile) else b"",
            uploaded_by=request.act.officer,
            now=datetime.now(UTC),
        )
    except FileFault as fault:
        raise _refused(fault) from None
    upload_import_job.defer(upload_id=str(upload.pk))
    return upload


def _refused(fault: FileFault) -> Problem:
    return Problem(422, fault.code, say("文件没有收下", "The file was not taken"), message(fault.code, fault.params))


def _download(body: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=kind, headers=headers)
