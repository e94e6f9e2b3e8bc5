"""Importing from the command line: the same way as from the console, as the system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from healthcode.control.access import act_begin
from healthcode.control.exchange.content import CHUNK
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.models import Upload
from healthcode.control.exchange.progress import Report
from healthcode.control.exchange.schema import SPECS, FileKind
from healthcode.control.exchange.selectors import FaultLine, fault_lines, faults_csv
from healthcode.control.exchange.services import ImportReport, upload_cancel, upload_import
from healthcode.control.exchange.uploads import upload_receive
from healthcode.control.offices.models import Unit
from healthcode.control.ports import ports

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What the command says: the report, the first faults in words, and all of them as a CSV file."""

    upload: UUID
    report: ImportReport
    faults: list[FaultLine]
    faults_file: bytes


def file_import(
    *, kind: FileKind, unit: str, file: Path, signature: bytes, now: datetime, watch: Report | None = None
) -> CommandAnswer:
    """Hand a file in and import it at once. `unit` is the source's number or name. Ctrl-C leaves nothing behind.

    Raises:
        FileFault: the unit is not known or may not supply such a file; the file or its signature was not taken.
    """
    with transaction.atomic():
        act_begin(ports().system_token, "import a file from the command line")
        upload = upload_receive(
            kind=kind,
            unit=_unit(kind, unit),
            file_name=file.name,
            content=lambda: _chunks(file),
            signature=signature,
            uploaded_by=None,
            now=now,
        )
    try:
        report = upload_import(upload.pk, now=now, watch=watch)
    except KeyboardInterrupt:
        with transaction.atomic():
            act_begin(ports().system_token, "cancel an import")
            upload_cancel(upload.pk, officer=None, now=now)
        report = upload_import(upload.pk, now=now)
    with transaction.atomic():
        act_begin(ports().system_token, "read an import report")
        lines = fault_lines(Upload.objects.get(pk=upload.pk), all_of_them=True)
    return CommandAnswer(upload.pk, report, lines[:SHOWN], faults_csv(lines))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _unit(kind: FileKind, named: str) -> Unit:
    chosen = Q(pk=int(named)) if named.isdecimal() else Q(name_zh=named) | Q(name_en=named)
    unit = Unit.objects.filter(chosen, kind__in=SPECS[kind].sources).first()
    if unit is None:
        raise FileFault("unit_kind")
    return unit
