"""Applying and withdrawing (H1, H2; Art. 6, 10, 13).

Who knows a document and its name and answers the one-time code of a phone is taken to be the person. A second
application with the same document is the same application brought up to date. If it comes with another phone, the
earlier one must have said yes by a one-time code of its own; then every earlier session ends and it is told.
Somebody who knows a stranger's name and number can still apply first, in his place, until sign-in with a national
account (OpenID Connect) can be demanded: the trust table in ARCHITECTURE.md says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.db import IntegrityError, connection, transaction

from healthcode.control.access import act_become_resident
from healthcode.control.areas.moving import moved_later
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.documents.later import index_follow_later
from healthcode.control.evidence.derivation import subjects_derive
from healthcode.control.evidence.services import Declared, Fact, evidence_record
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.people.answers import phone_code_wrong
from healthcode.control.people.models import (
    Consent,
    Declaration,
    Identity,
    IdentityIndex,
    Refusal,
    Subject,
    SubjectState,
)
from healthcode.control.people.phones import phone_code_spend, phone_holder_add
from healthcode.control.people.places import places_write
from healthcode.control.people.ports import RegistryAnswer, SmsUnavailable
from healthcode.control.people.sessions import Opened, Refused, resident_session_open, sessions_end
from healthcode.control.people.vault import (
    FieldName,
    document_index,
    identity_open,
    opened,
    person_key,
    sealed,
    subject_find,
)
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.crypto.keystore import KeyDestroyed
from healthcode.domain.document import Document
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import day_of, minute_of
from healthcode.domain.unit import UnitKind

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HealthDeclaration:
    """What the person declares: symptoms of the domain's list, exposure in the last seven days, her own words."""

    symptoms: tuple[str, ...] = ()
    exposure: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """A checked application: every part has its one canonical form. `residence` is a county's code."""

    name: str
    document: Document
    phone: str
    phone_code: str
    residence: str
    address: str
    declaration: HealthDeclaration
    consent_version: str
    key_thumb: bytes | None = None
    earlier_phone_code: str = ""


@dataclass(frozen=True, slots=True)
class _Before:
    """What stood of this person when she applied."""

    held_code: bool
    phone: str
    residence: str


def application_submit(*, application: Application, now: datetime) -> Opened | Refused:
    """Give the applicant a code and a session, if phone and registry agree. Call it in a public act.

    Raises:
        Problem: 503 where the registry cannot answer; 409 where this person's records were destroyed. Both leave the
            one-time code good. What is refused for good is returned, since it is recorded.
    """
    if not phone_code_spend(phone=application.phone, code=application.phone_code, now=now):
        return Refused(phone_code_wrong())
    answer = ports().registry.verify(application.document, application.name)
    if answer is RegistryAnswer.UNAVAILABLE:
        raise _registry_unavailable()
    if answer is not RegistryAnswer.MATCH:
        return _refuse(application, answer, now)
    number = _subject_claim(application.document)
    # From here on the act is the applicant's own. Two applications of one person queue at her state row.
    SubjectState.objects.select_for_update().get(pk=number)
    before = _before(number)
    moved = before.held_code and before.phone != application.phone
    if moved and not phone_code_spend(phone=before.phone, code=application.earlier_phone_code, now=now):
        return _refuse_move(application, now)
    _identity_write(number, application, now)
    phone_holder_add(application.phone, number)
    _subject_write(number, application, before)
    moved_later(number)
    _consent_write(number, application.consent_version, now)
    _declaration_write(number, application.declaration, now)
    if moved:
        sessions_end(number=number)
    subjects_derive([number], now=now)
    event_append(
        EventName.RESIDENT_APPLIED,
        now=now,
        subject=number,
        division=application.residence,
        detail={"consent": application.consent_version, "again": before.held_code, "phone_changed": moved},
    )
    index_follow_later()
    if moved:
        _tell_earlier_phone(before.phone)
    return resident_session_open(number=number, key_thumb=application.key_thumb, now=now)


def withdrawal(*, number: int, now: datetime) -> None:
    """Withdraw consent: no code from now on, every session ends, the edges know within a second (Art. 6).

    Open grounds stay what they are: evidence of the epidemic does not depend on holding a code.
    """
    SubjectState.objects.select_for_update().get(pk=number)
    last = Consent.objects.filter(subject_id=number).order_by("-id").first()
    Subject.objects.filter(pk=number).update(holds_code=False, withdrawn_at=now)
    Consent.objects.create(subject_id=number, version=last.version if last else "", given=False, at=now)
    sessions_end(number=number)
    subjects_derive([number], now=now)
    event_append(EventName.RESIDENT_WITHDREW, now=now, subject=number)


def _refuse(application: Application, answer: RegistryAnswer, now: datetime) -> Refused:
    """Record a borrowed or false identity; officers find it as an open refusal (H2). Both reasons get one answer."""
    index = document_index(application.document)
    made = Refusal.objects.create(at=now, document_index=index, reason=answer.value)
    event_append(EventName.RESIDENT_REFUSED, now=now, reference=f"refusal:{made.pk}", detail={"reason": answer.value})
    advice = say(
        "请与证件逐字核对。冒用他人信息须承担法律责任。如确认无误，可到社区服务点办理，或凭身份证登记通行。",
        "Compare both with your document, character by character; using another person's is punishable. If they are "
        "right, a community desk will help, and your ID card is enough to pass.",
    )
    title = say("姓名与证件号码不一致", "Name and document number do not belong together")
    errors = [{"field": "document_number", "code": "identity_not_matched", "message": title + say("。", ". ") + advice}]
    return Refused(Problem(422, "identity_not_matched", title, advice, errors=errors))


def _refuse_move(application: Application, now: datetime) -> Refused:
    """Name and number of a stranger are easily known: they alone never move his code to another phone (H9)."""
    made = Refusal.objects.create(at=now, document_index=document_index(application.document), reason="other_phone")
    event_append(EventName.RESIDENT_REFUSED, now=now, reference=f"refusal:{made.pk}", detail={"reason": "other_phone"})
    title = say("此人已用另一手机号申领", "This person's code is on another phone")
    advice = say(
        "请用原手机号登录；要换号，请把原手机收到的验证码一并填写。原手机已不在身边的，请持证件到社区服务点办理，"
        "通行可凭身份证登记。",
        "Sign in with that phone. To change it, give the one-time code sent to that phone as well. If you no longer "
        "have it, a community desk will help with your document, and your ID card is enough to pass.",
    )
    errors = [{"field": "phone", "code": "other_phone", "message": title + say("。", ". ") + advice}]
    return Refused(Problem(409, "other_phone", title, advice, errors=errors))


def _subject_claim(document: Document) -> int:
    """The subject with this document, made where nobody mentioned her yet; the act goes on as hers."""
    number = subject_find(document)
    if number is None:
        try:
            with transaction.atomic():
                return _subject_new(document)
        except IntegrityError:
            # Somebody mentioned her at this very moment; the savepoint took back what we had made.
            number = subject_find(document)
            if number is None:
                raise
    act_become_resident(number)
    return number


def _subject_new(document: Document) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT subjects_create(1)")
        number: int = cursor.fetchone()[0]
    act_become_resident(number)
    IdentityIndex.objects.create(index=document_index(document), field="document", subject_id=number)
    return number


def _before(number: int) -> _Before:
    person = Subject.objects.get(pk=number)
    row = Identity.objects.filter(pk=number).first()
    phone = identity_open(row, _key(number))["phone"] if row is not None else ""
    return _Before(person.holds_code, phone, person.residence_division)


def _identity_write(number: int, application: Application, now: datetime) -> None:
    key = _key(number)
    values: Mapping[FieldName, str] = {
        "name": application.name,
        "phone": application.phone,
        "address": application.address,
    }
    columns = {f"{field}_sealed": sealed(key, number, field, value) for field, value in values.items()}
    if not Identity.objects.filter(pk=number).update(**columns, verified_at=now):
        Identity.objects.create(
            subject_id=number,
            document_kind=application.document.kind.value,
            document_sealed=sealed(key, number, "document", application.document.number),
            verified_at=now,
            **columns,
        )
    places_write([(number, application.address)])


def _key(number: int) -> bytes:
    try:
        return person_key(number)
    except KeyDestroyed:
        raise Problem(
            409,
            "person_destroyed",
            say("信息已销毁", "These records were destroyed"),
            say("此人的信息已依法销毁，请拨打 12345 办理。", "They were destroyed as the law requires. Call 12345."),
        ) from None


def _subject_write(number: int, application: Application, before: _Before) -> None:
    """Her own latest word on where she lives decides the county; repeating it undoes no officer's correction."""
    rows = Subject.objects.filter(pk=number)
    rows.update(holds_code=True, withdrawn_at=None, residence_division=application.residence)
    if application.residence != before.residence:
        rows.update(present_division=application.residence)
    else:
        rows.filter(present_division="").update(present_division=application.residence)


def _consent_write(number: int, version: str, now: datetime) -> None:
    last = Consent.objects.filter(subject_id=number).order_by("-id").first()
    if last is None or not last.given or last.version != version:
        Consent.objects.create(subject_id=number, version=version, given=True, at=now)


_DECLARATION: Final = "declaration"


def _declaration_write(number: int, declaration: HealthDeclaration, now: datetime) -> None:
    """Her words, sealed; the evidence carries only the yes or no about exposure. The same twice a day is once."""
    content = {"symptoms": sorted(declaration.symptoms), "exposure": declaration.exposure, "text": declaration.text}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    key = person_key(number)
    last = Declaration.objects.filter(subject_id=number).order_by("-id").first()
    same_day = last is not None and day_of(minute_of(last.at)) == day_of(minute_of(now))
    if last is not None and same_day and opened(key, number, _DECLARATION, last.content_sealed) == text:
        return
    made = Declaration.objects.create(subject_id=number, at=now, content_sealed=sealed(key, number, _DECLARATION, text))
    fact = Fact(
        subject=number,
        kind=EvidenceKind.declaration,
        fields={"exposure": declaration.exposure},
        occurred=now,
        document=f"declaration:{made.pk}",
    )
    evidence_record([fact], source=Unit.objects.get(kind=UnitKind.resident), provenance=Declared(), now=now)


def _tell_earlier_phone(phone: str) -> None:
    try:
        ports().sms.send(
            phone,
            say(
                "【山西健康码】您的健康码已改用另一手机号登录。如非本人操作，请立即拨打 12345。",
                "[Shanxi Health Code] Your code now uses another phone. If that was not you, call 12345 at once.",
            ),
        )
    except SmsUnavailable:
        log.warning("earlier_phone_not_told")  # the change stands; the person's page shows it as well


def _registry_unavailable() -> Problem:
    return Problem(
        503,
        "registry_unavailable",
        say("身份核验暂不可用", "Identities cannot be checked now"),
        say(
            "请稍后再提交，验证码在有效期内仍可使用。现在通行请凭身份证登记。",
            "Send it again in a moment; your code stays good until it runs out. To pass now, use your ID card.",
        ),
        headers={"Retry-After": "30"},
    )
