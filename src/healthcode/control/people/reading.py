"""From bodies to checked values: every field that is wrong is named at once, in the request's language."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from healthcode.codes.base64url import Base64Error, b64_decode
from healthcode.control.people.answers import document_fault, field_error, fields_problem
from healthcode.control.people.consents import consent_version
from healthcode.control.people.schemas import ApplicationBody, DeclarationBody, SignInBody
from healthcode.control.people.services import Application, HealthDeclaration
from healthcode.domain.division import counties
from healthcode.domain.document import (
    Document,
    DocumentError,
    DocumentKind,
    document_parse,
    name_parse,
    phone_parse,
)
from healthcode.domain.evidence import SYMPTOMS
from healthcode.domain.time import REGION_TZ

_COUNTIES = frozenset(county.code for county in counties())
_CODE = re.compile(r"[0-9]{6}")


class _Faults:
    """Collects what is wrong; `raise_any` refuses if there was anything."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []

    def add(self, field: str, code: str) -> None:
        self.errors.append(field_error(field, code))

    def raise_any(self) -> None:
        if self.errors:
            raise fields_problem(self.errors)

    def phone(self, text: str) -> str:
        try:
            return phone_parse(text)
        except DocumentError as error:
            self.errors.append(document_fault("phone", error))
            return ""

    def phone_code(self, text: str) -> str:
        code = re.sub(r"\s", "", text)
        if not _CODE.fullmatch(code):
            self.add("phone_code", "phone_code_shape")
        return code

    def name(self, text: str) -> str:
        try:
            return name_parse(text)
        except DocumentError as error:
            self.errors.append(document_fault("name", error))
            return ""

    def document(self, kind: str, number: str, today: date) -> Document | None:
        if kind not in DocumentKind.__members__:
            self.add("document_kind", "document_kind")
            return None
        try:
            return document_parse(DocumentKind(kind), number, today=today)
        except DocumentError as error:
            self.errors.append(document_fault("document_number", error))
            return None

    def thumb(self, text: str | None) -> bytes | None:
        if text is None:
            return None
        try:
            thumb = b64_decode(text)
        except Base64Error:
            thumb = b""
        if len(thumb) != 32:
            self.add("device_key_thumb", "device_key_thumb")
        return thumb


def phone_read(text: str) -> str:
    """A phone as eleven digits. Raises Problem 422."""
    faults = _Faults()
    phone = faults.phone(text)
    faults.raise_any()
    return phone


def thumb_read(text: str | None) -> bytes | None:
    """The thumbprint of a phone's key, 32 bytes, or None where none is given. Raises Problem 422."""
    faults = _Faults()
    thumb = faults.thumb(text)
    faults.raise_any()
    return thumb


def sign_in_read(body: SignInBody, *, now: datetime) -> tuple[str, str, Document | None, bytes | None]:
    """Phone, code, document (where given) and key thumbprint. Raises Problem 422 naming each field."""
    faults = _Faults()
    phone, code = faults.phone(body.phone), faults.phone_code(body.phone_code)
    document = None
    if body.document_number.strip():
        document = faults.document(body.document_kind, body.document_number, _today(now))
    thumb = faults.thumb(body.device_key_thumb)
    faults.raise_any()
    return phone, code, document, thumb


def application_read(body: ApplicationBody, *, now: datetime) -> Application:
    """A checked application. Raises Problem 422 naming each field, 503 where there is no consent text."""
    faults = _Faults()
    version = consent_version()
    if body.consent_version != version:
        faults.add("consent_version", "consent_version")
    if body.residence not in _COUNTIES:
        faults.add("residence", "residence_unknown")
    address = " ".join(body.address.split())
    if not 2 <= len(address) <= 120:
        faults.add("address", "address_shape")
    document = faults.document(body.document_kind, body.document_number, _today(now))
    read = Application(
        name=faults.name(body.name),
        document=document or Document(DocumentKind.resident_id, ""),
        phone=faults.phone(body.phone),
        phone_code=faults.phone_code(body.phone_code),
        residence=body.residence,
        address=address,
        declaration=_declaration(body.declaration, faults),
        consent_version=version,
        key_thumb=faults.thumb(body.device_key_thumb),
        earlier_phone_code=body.earlier_phone_code.strip(),
    )
    faults.raise_any()
    return read


def _declaration(body: DeclarationBody, faults: _Faults) -> HealthDeclaration:
    if any(symptom not in SYMPTOMS for symptom in body.symptoms):
        faults.add("declaration.symptoms", "symptom_unknown")
    text = body.text.strip()
    if len(text) > 500:
        faults.add("declaration.text", "text_long")
    return HealthDeclaration(tuple(dict.fromkeys(body.symptoms)), body.exposure, text)


def _today(now: datetime) -> date:
    return now.astimezone(REGION_TZ).date()
