"""Files as offices and laboratories send them, about the cast, and the short way through the county's work."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from healthcode.crypto.suites import suite
from healthcode.domain.time import REGION_TZ, date_of, day_of, minute_of
from tests.control_world import LABORATORY, World
from tests.people import HE, HU, SHEN, ZHOU, OfficerRole, Person

if TYPE_CHECKING:
    from healthcode.control.exchange.schema import FileKind
    from healthcode.control.exchange.services import ImportReport

LEAD_HEADER = [
    "行号",
    "姓名",
    "证件类型",
    "证件号码",
    "手机号",
    "风险类型",
    "末次接触日期",
    "现住区划",
    "现住址",
    "涉疫地点",
    "备注",
    "来源文号",
]
RESULT_HEADER = [
    "行号",
    "证件类型",
    "证件号码",
    "姓名",
    "采样时间",
    "报告时间",
    "检测结果",
    "混采人数",
    "混采管号",
    "检测单号",
]
NOW = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)
"""Ten in the morning of 10 October 2022 in the region."""


def day(back: int = 0) -> str:
    """The date `back` days before NOW."""
    return date_of(day_of(minute_of(NOW)) - back).isoformat()


def lead(
    person: Person, *, row: str = "1", kind: str = "密接", back: int = 1, division: str | None = None
) -> list[str]:
    """One row of a file of leads about a person of the cast."""
    place = person.division if division is None else division
    return [
        row,
        person.name,
        "居民身份证",
        person.document.number,
        person.phone,
        kind,
        day(back),
        place,
        person.address,
        "永兴市场",
        "与病例同桌就餐",
        "晋疫情防控办发〔2022〕28号",
    ]


def result(person: Person, *, row: str = "1", at: datetime, word: str = "阴性", pool: str = "") -> list[str]:
    """One row of a file of results about a person of the cast."""
    sampled = at.astimezone(REGION_TZ)
    return [
        row,
        "",
        person.document.number,
        person.name,
        f"{sampled:%Y-%m-%d %H:%M}",
        f"{sampled + timedelta(minutes=5):%Y-%m-%d %H:%M}" if word != "待出" else "",
        word,
        pool,
        "",
        f"PY{row}",
    ]


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """A CSV file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def leads_file(*rows: Sequence[str]) -> bytes:
    """A file of leads."""
    return csv_bytes(LEAD_HEADER, rows)


def results_file(*rows: Sequence[str]) -> bytes:
    """A file of results."""
    return csv_bytes(RESULT_HEADER, rows)


def signed(content: bytes) -> bytes:
    """The county laboratory's signature over a file's digest."""
    return LABORATORY.sign(suite("intl").hash(content))


def hand_in(
    world: World,
    who: OfficerRole,
    content: bytes,
    *,
    signature: bytes = b"",
    now: datetime = NOW,
    kind: FileKind | None = None,
) -> ImportReport:
    """Hand a file in as an officer and let the worker import it at once."""
    from healthcode.control.exchange.services import upload_import
    from healthcode.control.exchange.uploads import upload_receive
    from healthcode.control.offices.models import Unit

    officer = world.officer(who)
    with world.acting(who):
        unit = Unit.objects.get(posts__appointments__officer_id=officer)
        upload = upload_receive(
            kind=kind or ("leads" if who is SHEN else "results"),
            unit=unit,
            file_name="file.csv",
            content=content,
            signature=signature,
            uploaded_by=officer,
            now=now,
        )
    return upload_import(upload.pk, now=now)


def leads(world: World, *rows: Sequence[str], now: datetime = NOW) -> ImportReport:
    """Shen distributes leads."""
    return hand_in(world, SHEN, leads_file(*rows), now=now)


def results(world: World, *rows: Sequence[str], now: datetime = NOW) -> ImportReport:
    """He hands in signed results."""
    content = results_file(*rows)
    return hand_in(world, HE, content, signature=signed(content), now=now)


def item_of(world: World, person: Person) -> int:
    """The person's newest work item."""
    from healthcode.control.casework.models import WorkItem

    with world.system():
        return WorkItem.objects.filter(subject_id=world.subject(person)).latest("pk").pk


def proposed(world: World, person: Person, *, who: OfficerRole = ZHOU, now: datetime = NOW, **draft: Any) -> int:
    """Accept the person's item and propose; by default a close contact of yesterday. Returns the proposal."""
    from healthcode.control.casework.services import item_accept, proposal_make

    yesterday = day_of(minute_of(NOW)) - 1
    draft = {"outcome": "confirm", "kind": "close_contact", "anchor_day": yesterday, "reason": "流调核实", **draft}
    item = item_of(world, person)
    with world.acting(who):
        item_accept(item=item, officer=world.officer(who), now=now)
        return proposal_make(item=item, officer=world.officer(who), now=now, **draft).pk


def reviewed(
    world: World, proposal: int, *, who: OfficerRole = HU, verdict: str = "approve", now: datetime = NOW
) -> None:
    """Review a proposal; approve it by default."""
    from healthcode.control.casework.services import proposal_review

    with world.acting(who):
        proposal_review(proposal=proposal, officer=world.officer(who), verdict=verdict, reason="再核", now=now)


def with_code(world: World, *people: Person, now: datetime = NOW) -> list[int]:
    """Give people a code; returns their numbers."""
    from healthcode.control.evidence.derivation import subjects_derive
    from healthcode.control.people.models import Subject

    with world.system():
        numbers = [world.subject(person) for person in people]
        for number, person in zip(numbers, people, strict=True):
            Subject.objects.filter(pk=number).update(holds_code=True, present_division=person.division)
        subjects_derive(numbers, now=now)
    return numbers
