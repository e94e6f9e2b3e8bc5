"""What the import console shows: uploads of one's own (the province: all), and a report's faults in words."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from healthcode.control.exchange.messages import message
from healthcode.control.exchange.models import Rollback, Upload, UploadCancellation, UploadFaults, UploadProgress
from healthcode.control.exchange.schema import COLUMNS, KINDS, SPECS, FileSpec
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem
from healthcode.domain.unit import UnitKind

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One fault in words. `row` is as the spreadsheet numbers it; 0 is the file as a whole."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an import is: the step, rows done and in all, per cent (None: not known), and whether it is to end."""

    step: str
    done: int
    total: int
    percent: int | None
    ending: bool


def uploads_recent() -> QuerySet[Upload]:
    """Uploads that the act may see, newest first."""
    return Upload.objects.select_related("unit").order_by("-uploaded_at", "-pk")


def upload_get(upload_id: UUID) -> Upload:
    """One upload; raises Problem 404 where there is none for this act."""
    found = uploads_recent().filter(pk=upload_id).first()
    if found is None:
        raise Problem(404, "upload_unknown", say("没有这份文件", "No such upload"))
    return found


def upload_standing(upload: Upload) -> Standing:
    """How far the import of an upload is."""
    told = UploadProgress.objects.filter(pk=upload.pk).first()
    ending = UploadCancellation.objects.filter(pk=upload.pk).exists()
    if told is None:
        return Standing("waiting", 0, 0, None, ending)
    percent = min(100, told.done * 100 // told.total) if told.total else None
    return Standing(told.step, told.done, told.total, percent, ending)


def rollback_of(upload: Upload) -> Rollback | None:
    """The newest request to take the upload's batch back, with its review."""
    if upload.batch_id is None:
        return None
    return Rollback.objects.filter(batch_id=upload.batch_id).select_related("review").order_by("-pk").first()


def rollbacks_waiting() -> list[Rollback]:
    """Requests that nobody has decided on, oldest first, as far as the act may see them."""
    rows = Rollback.objects.filter(review__isnull=True).select_related("batch__unit").order_by("pk")
    return list(rows)


def fault_lines(upload: Upload, *, all_of_them: bool = False) -> list[FaultLine]:
    """The faults of an upload's report, in the language of the request: those that a page shows, or all listed."""
    faults: Sequence[Mapping[str, Any]] = upload.report.get("faults", [])
    kept = UploadFaults.objects.filter(pk=upload.pk).first() if all_of_them else None
    return faults_told(json.loads(zlib.decompress(bytes(kept.lines))) if kept else faults)


def faults_told(faults: Iterable[Mapping[str, Any]]) -> list[FaultLine]:
    """Stored faults in words."""
    titles = {c.id: say(c.zh, c.en) for kind in COLUMNS for c in COLUMNS[kind]}
    return [
        FaultLine(f["row"], titles.get(f["column"], ""), f["code"], message(f["code"], f["params"])) for f in faults
    ]


def faults_csv(lines: Iterable[FaultLine]) -> bytes:
    """The error report as CSV with BOM, so that spreadsheets read it; no cell can begin a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([say("行", "row"), say("列", "column"), say("代码", "code"), say("问题与改法", "what to fix")])
    for line in lines:
        writer.writerow([line.row or "", *(_plain(cell) for cell in (line.column, line.code, line.message))])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def source_unit(*, post: int) -> Unit:
    """The unit in whose name a post hands files in: its own."""
    return Unit.objects.get(posts__id=post)


def kinds_of(unit: Unit) -> list[FileSpec]:
    """The kinds of files that a unit may supply."""
    return [SPECS[kind] for kind in KINDS if UnitKind(unit.kind) in SPECS[kind].sources]


def _plain(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell
