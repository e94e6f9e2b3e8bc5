"""What the import console shows: uploads of one's own (the province: all), and a report's faults in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from healthcode.control.exchange.messages import message
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.schema import COLUMNS, FileKind
from healthcode.control.exchange.uploads import SOURCES
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One fault in words. `row` is as the spreadsheet numbers it; 0 is the file as a whole."""

    row: int
    column: str
    code: str
    message: str


def uploads_recent() -> QuerySet[Upload]:
    """Uploads that the act may see, newest first, without their content."""
    return Upload.objects.select_related("unit").defer("content_sealed").order_by("-uploaded_at", "-pk")


def upload_get(upload_id: UUID) -> Upload:
    """One upload; raises Problem 404 where there is none for this act."""
    found = uploads_recent().filter(pk=upload_id).first()
    if found is None:
        raise Problem(404, "upload_unknown", say("没有这份文件", "No such upload"))
    return found


def fault_lines(upload: Upload) -> list[FaultLine]:
    """The listed faults of an upload's report, in the language of the request."""
    titles = {c.id: say(c.zh, c.en) for kind in COLUMNS for c in COLUMNS[kind]}
    faults: Sequence[dict[str, Any]] = upload.report.get("faults", [])
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


def source_units(kind: FileKind, *, post: int) -> list[Unit]:
    """The units in whose name a post may hand in files of a kind: its own, where that may supply them."""
    return list(Unit.objects.filter(posts__id=post, kind__in=SOURCES[kind]))


def _plain(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell
