"""A morning in the invented county: people with codes, venues, leads that wait, determinations, test results.

Everything goes through the same services that people use, under acts of the cast's officers, so that the demo's
ledger, audit and colors are real. Each step is a transaction of its own; an interrupted seed starts on an empty county
only.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import transaction

from healthcode.control.access import Act, act_begin, session_open
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.publication import publish_standing
from healthcode.control.casework.determinations import proposal_make, proposal_review
from healthcode.control.casework.items import item_accept
from healthcode.control.casework.models import WorkItem
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.exchange.schema import FileKind
from healthcode.control.exchange.services import upload_import
from healthcode.control.exchange.uploads import upload_receive
from healthcode.control.offices.models import Officer, Unit
from healthcode.control.people.models import Consent, Subject
from healthcode.control.people.phones import phone_holder_add
from healthcode.control.people.vault import NewIdentity, subjects_ensure
from healthcode.control.ports import ports
from healthcode.control.seed.cast import BAI, COUNTY, HE, HU, LIN, RESIDENTS, SHEN, ZHOU, OfficerRole, Person
from healthcode.control.venues.inspectors import inspector_invite
from healthcode.control.venues.services import venue_register, venue_review
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.domain.time import date_of, day_of, minute_of
from healthcode.domain.unit import UnitKind

Progress = Callable[[str, int, int], None]
CHUNK = 500
LEAD_COLUMNS = (
    "row_id",
    "name",
    "document_number",
    "phone",
    "suspected_kind",
    "anchor_date",
    "division",
    "address",
    "place",
    "remark",
    "source_document",
)
RESULT_COLUMNS = ("row_id", "document_number", "name", "sampled_at", "reported_at", "result", "laboratory_reference")
VENUES = (
    ("古城农贸市场", "market", "平遥县古陶镇西大街66号", ("南门", "北门"), True),
    ("平遥县人民医院", "hospital", "平遥县顺城路129号", ("门诊", "急诊"), True),
    ("平遥古城站", "railway", "平遥县古城站前广场", ("进站口",), True),
    ("迎薰小区", "residential", "平遥县古陶镇南门外", ("大门",), True),
    ("古陶镇中心小学", "school", "平遥县古陶镇书院街", ("校门",), True),
    ("一得客栈", "hotel", "平遥县沙巷街16号", ("前台",), False),
)
KINDS = ("close_contact", "close_contact", "secondary_contact", "area_stay", "venue_exposure")


def county_seed(
    people: Sequence[Person], *, laboratory: SigningKey, now: datetime, progress: Progress = lambda *_: None
) -> bool:
    """Fill an empty county; returns False and does nothing where somebody lives there already.

    `laboratory` signs the morning's test results; `progress(step, done, of)` is told how far each step is.
    """
    with _system():
        if Subject.objects.exists():
            return False
        publish_standing()
    numbers = _people(people, now, progress)
    _venues(numbers[people.index(BAI)], now, progress)
    known = [(p, n) for p, n in zip(people, numbers, strict=True) if p not in RESIDENTS]
    _leads([p for p, _ in known][: max(4, len(known) // 40)], now, progress)
    _results([p for p, _ in known][: len(known) // 4], laboratory, now, progress)
    with _system():
        event_append(EventName.DEMO_SEEDED, now=now, detail={"people": len(people)})
    return True


def _people(people: Sequence[Person], now: datetime, progress: Progress) -> list[int]:
    """Everybody but Lin holds a code already; she is about to apply."""
    numbers: list[int] = []
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        with _system():
            rows = [NewIdentity(p.document, p.name, p.phone, p.address, p.division) for p in part]
            made = subjects_ensure([row for row, p in zip(rows, part, strict=True) if p is not LIN], now=now)
            _hold_codes(made, now)
            for person, number in zip([p for p in part if p is not LIN], made, strict=True):
                if person in RESIDENTS:
                    phone_holder_add(person.phone, number)
            subjects_derive(made, now=now, lane=1)
        ordered = iter(made)
        numbers += [0 if person is LIN else next(ordered) for person in part]
        progress("people", len(numbers), len(people))
    return numbers


def _hold_codes(numbers: Sequence[int], now: datetime) -> None:
    version = max(ports().consents)
    Consent.objects.bulk_create([Consent(subject_id=n, version=version, given=True, at=now) for n in numbers])
    Subject.objects.filter(number__in=numbers).update(
        holds_code=True, residence_division=COUNTY, present_division=COUNTY
    )


def _venues(manager: int, now: datetime, progress: Progress) -> None:
    for done, (name, kind, address, gates, approved) in enumerate(VENUES, start=1):
        with _resident(manager):
            venue = venue_register(
                manager=manager, name=name, type_code=kind, address=address, division=COUNTY, checkpoints=gates, now=now
            )
        if approved:
            with _officer(ZHOU) as act:
                venue_review(venue=venue.number, officer=_id(act), approve=True, reason="", now=now)
            with _resident(manager):
                inspector_invite(venue=venue.number, manager=manager, checkpoint=1, label=gates[0], now=now)
        progress("venues", done, len(VENUES))


def _leads(people: Sequence[Person], now: datetime, progress: Progress) -> None:
    """The province's morning list; a third of it has been determined and reviewed already."""
    today = day_of(minute_of(now))
    rows = [
        (
            f"D{i:05d}",
            p.name,
            p.document.number,
            p.phone,
            KINDS[i % len(KINDS)],
            date_of(today - 1 - i % 3).isoformat(),
            "" if i % 11 == 10 else COUNTY,
            p.address,
            "古城农贸市场",
            "省级下发，请核查",
            "晋疫防数〔2022〕118号",
        )
        for i, p in enumerate(people)
    ]
    _import("leads", SHEN, UnitKind.province_office, "省级下发-上午.csv", _csv(LEAD_COLUMNS, rows), b"", now)
    with _system():
        items = list(WorkItem.objects.filter(division=COUNTY, lead__suspected_kind="close_contact").order_by("pk"))
    chosen = items[: max(1, len(items) // 3)]
    for done, item in enumerate(chosen, start=1):
        _determine(item, now)
        progress("determinations", done, len(chosen))


def _determine(item: WorkItem, now: datetime) -> None:
    with _officer(ZHOU) as act:
        anchor = item.lead.anchor_day
        item_accept(item=item.pk, officer=_id(act), now=now)
        proposal = proposal_make(
            item=item.pk,
            officer=_id(act),
            outcome="confirm",
            kind="close_contact",
            anchor_day=anchor,
            fields={"setting": "venue"},
            reason="流调核实：同摊位购物，未戴口罩",
            now=now,
        )
    with _officer(HU) as act:
        proposal_review(proposal=proposal.pk, officer=_id(act), verdict="approve", reason="", now=now)


def _results(people: Sequence[Person], laboratory: SigningKey, now: datetime, progress: Progress) -> None:
    """Yesterday's negatives, signed by the county's laboratory."""
    sampled = now - timedelta(hours=20)
    rows = [
        (
            f"N{i:06d}",
            p.document.number,
            p.name,
            (sampled + timedelta(seconds=i)).isoformat(),
            (now - timedelta(hours=8)).isoformat(),
            "negative",
            f"PY-{i:06d}",
        )
        for i, p in enumerate(people)
    ]
    content = _csv(RESULT_COLUMNS, rows)
    signature = laboratory.sign(suite("intl").hash(content))
    _import("results", HE, UnitKind.laboratory, "核酸结果-昨日.csv", content, signature, now)
    progress("results", len(rows), len(rows))


def _import(
    kind: FileKind, who: OfficerRole, unit_kind: UnitKind, name: str, content: bytes, signature: bytes, now: datetime
) -> None:
    with _officer(who) as act:
        unit = Unit.objects.get(kind=unit_kind, division=who.division)
        upload = upload_receive(
            kind=kind, unit=unit, file_name=name, content=content, signature=signature, uploaded_by=_id(act), now=now
        )
    report = upload_import(upload.pk, now=now)
    if report.state != "imported":
        raise RuntimeError(f"the demo's own {kind} were refused: {report}")


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _id(act: Act) -> int:
    if act.officer is None:
        raise RuntimeError("an officer's act names its officer")
    return act.officer


@contextmanager
def _system() -> Iterator[None]:
    with transaction.atomic():
        act_begin(ports().system_token, "fill the demo")
        yield


@contextmanager
def _officer(who: OfficerRole) -> Iterator[Act]:
    officer = Officer.objects.get(account__username=who.key)
    with transaction.atomic():
        yield act_begin(session_open(kind="officer", owner=officer.pk, hours=1), "fill the demo")


@contextmanager
def _resident(number: int) -> Iterator[None]:
    with transaction.atomic():
        act_begin(session_open(kind="resident", owner=number, hours=1), "fill the demo")
        yield


def morning(now: datetime) -> datetime:
    """The instant at which the demo's morning happened: `now`, to the minute, in UTC."""
    return now.astimezone(UTC).replace(second=0, microsecond=0)
