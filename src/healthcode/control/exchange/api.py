"""The API for laboratories and other units: hand a signed file in, ask what came of it (spec/intake.md)."""

import json
import zlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from healthcode.control.access import public, unguarded
from healthcode.control.exchange.handing import announced, kind_unknown, signed_receive, token_unit
from healthcode.control.exchange.schema import SPECS, schema_document
from healthcode.control.exchange.selectors import faults_csv, faults_told
from healthcode.control.language import say
from healthcode.control.problems import Problem

router = Router(tags=["exchange"])


class ProblemAnswer(Schema):
    """Why not, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class HandedOut(Schema):
    """A file that was taken. Ask `state` with `Authorization: Bearer` and `token`; it is not stored, keep it."""

    id: UUID
    state: str
    token: str


class StateOut(Schema):
    """How far a file is. `state`: received, imported, rolled_back, refused, cancelled.

    `step`, `done` and `total` (rows; 0: not known) tell of an import that runs. `rows`, `new` and `known` count an
    imported file's rows, `faults` a refused one's faults, which `report` lists.
    """

    id: UUID
    kind: str
    state: str
    step: str
    done: int
    total: int
    rows: int
    new: int
    known: int
    faults: int
    batch: UUID | None
    report: str


_REFUSALS = dict.fromkeys((400, 401, 403, 404, 411, 413, 422, 429), ProblemAnswer)


@router.get("/batches/{uuid:upload}", response={200: StateOut, 404: ProblemAnswer}, auth=None, summary="Its state")
@public("read the state of a signed file")
def state(request: HttpRequest, upload: UUID) -> StateOut:
    """How far the file is and what came of it, for the unit that handed it in."""
    found = _found(request, upload)
    told: dict[str, Any] = found["report"]
    refused = found["state"] == "refused"
    return StateOut(
        id=upload,
        kind=found["kind"],
        state="rolled_back" if found["rolled_back"] else found["state"],
        step=(found["step"] or "waiting") if found["state"] == "received" else "",
        done=found["done"] or 0,
        total=found["total"] or 0,
        rows=told.get("rows", 0),
        new=told.get("new", 0),
        known=told.get("known", 0),
        faults=told.get("faults_total", 0),
        batch=found["batch"],
        report=f"{_path(upload)}/report" if refused else "",
    )


@router.get("/batches/{uuid:upload}/report", response={404: ProblemAnswer}, auth=None, summary="Faults as CSV")
@public("read the faults of a signed file")
def report(request: HttpRequest, upload: UUID) -> HttpResponse:
    """The faults of a refused file by row, column and code, with what to fix; empty below the header without any."""
    lines = _found(request, upload)["lines"]
    body = faults_csv(faults_told(json.loads(zlib.decompress(bytes(lines))) if lines else []))
    headers = {"Content-Disposition": f'attachment; filename="faults-{upload}.csv"', "Cache-Control": "no-store"}
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


@router.post(
    "/batches/{kind}",
    response={202: HandedOut, 200: HandedOut, **_REFUSALS},
    auth=None,
    summary="Hand in a signed file",
)
@unguarded("hand in a signed file")  # its act begins after the body has come: a slow sender holds no transaction
def hand_in(request: HttpRequest, kind: str) -> Status[HandedOut]:
    """Body: the file as it is, CSV, XLSX or JSON lines. Headers: `Healthcode-Unit`, `Content-Digest` (RFC 9530) and
    `Healthcode-Signature`, base64url of the 64 bytes r || s of ES256 over that digest. 200: it came before."""
    said = announced(kind, request.headers)
    handed = signed_receive(said, request.read, now=datetime.now(UTC))
    made = HandedOut(id=handed.upload, state=_path(handed.upload), token=handed.token)
    return Status(202 if handed.new else 200, made)


@router.get("/schemas/{kind}", response={404: ProblemAnswer}, auth=None, summary="The schema of a kind")
@public("read the description of a file")
def schema(request: HttpRequest, kind: str) -> HttpResponse:
    """The published JSON Schema of one row."""
    del request
    if kind not in SPECS:
        raise kind_unknown()
    body = json.dumps(schema_document(SPECS[kind].kind), ensure_ascii=False, indent=2)
    return HttpResponse(body, content_type="application/schema+json")


def _path(upload: UUID) -> str:
    return f"/api/exchange/batches/{upload}"


def _found(request: HttpRequest, upload: UUID) -> dict[str, Any]:
    """The upload behind the token; one answer for no token, another's token and no such upload."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    unit = token_unit(token, upload)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM exchange_upload_of(%s, %s)", [upload, unit])
        row = cursor.fetchone()
        names = [column.name for column in cursor.description or ()]
    if row is None:
        raise Problem(
            404,
            "upload_unknown",
            say("没有这份文件", "No such file"),
            say(
                "请以 Authorization: Bearer 发送交件时得到的 token；再次交同一文件即可重新得到。",
                "Send Authorization: Bearer with the token of the hand-in; the same file again gives it again.",
            ),
        )
    found = dict(zip(names, row, strict=True))
    found["report"] = json.loads(found["report"]) if isinstance(found["report"], str) else found["report"]
    return found
