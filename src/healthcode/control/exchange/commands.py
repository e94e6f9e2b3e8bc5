"""Importing from the command line: the same way as from the console, as the system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from healthcode.control.access import act_begin
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.schema import FileKind
from healthcode.control.exchange.selectors import fault_lines
from healthcode.control.exchange.services import ImportReport, upload_import
from healthcode.control.exchange.uploads import SOURCES, upload_receive
from healthcode.control.offices.models import Unit
from healthcode.control.ports import ports


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What the command says: the report, and each listed fault as (row, column, code, message)."""

    report: ImportReport
    faults: list[tuple[int, str, str, str]]


def file_import(
    *, kind: FileKind, unit: str, file_name: str, content: bytes, signature: bytes, now: datetime
) -> CommandAnswer:
    """Hand a file in and import it at once. `unit` is the source's number or name.

    Raises:
        FileFault: the unit is not known or may not supply such a file; the file or its signature was not taken.
    """
    with transaction.atomic():
        act_begin(ports().system_token, "import a file from the command line")
        upload = upload_receive(
            kind=kind,
            unit=_unit(kind, unit),
            file_name=file_name,
            content=content,
            signature=signature,
            uploaded_by=None,
            now=now,
        )
    report = upload_import(upload.pk, now=now)
    with transaction.atomic():
        act_begin(ports().system_token, "read an import report")
        lines = fault_lines(Upload.objects.get(pk=upload.pk))
    return CommandAnswer(report, [(line.row, line.column, line.code, line.message) for line in lines])


def _unit(kind: FileKind, named: str) -> Unit:
    chosen = Q(pk=int(named)) if named.isdecimal() else Q(name_zh=named) | Q(name_en=named)
    unit = Unit.objects.filter(chosen, kind__in=SOURCES[kind]).first()
    if unit is None:
        raise FileFault("unit_kind")
    return unit
