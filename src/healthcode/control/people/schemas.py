"""Bodies of the resident API: bounded shapes. What a value must be is checked in `reading`, with words for people."""

from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

Short = Annotated[str, Field(max_length=64)]
Line = Annotated[str, Field(max_length=300)]


class Body(Schema):
    """Unknown fields are refused: nothing is collected that is not needed (Art. 25)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PhoneCodeAsk(Body):
    """Where to send a one-time code."""

    phone: Short = Field("", description="mainland mobile number, 11 digits", examples=["13800140001"])


class PhoneCodeAnswer(Schema):
    """The same for every phone. `demo`: invented people only, the code is shown at /demo/phone-codes."""

    expires_in: int = Field(description="seconds for which the code works")
    retry_after: int = Field(description="seconds after which another may be asked for")
    demo: bool


class DeclarationBody(Body):
    """The health declaration."""

    symptoms: list[Short] = Field(default_factory=list, max_length=20)
    exposure: bool = False
    text: Annotated[str, Field(max_length=2000)] = ""


class ApplicationBody(Body):
    """The one standard application, for every channel (Art. 6)."""

    name: Line = Field("", description="as on the document")
    document_kind: Short = Field("", description="resident_id, passport, hk_macao_permit, taiwan_permit, foreign_pr")
    document_number: Short = ""
    phone: Short = ""
    phone_code: Short = Field("", description="six digits from the text message")
    earlier_phone_code: Short = Field("", description="when changing phones: six digits sent to the earlier phone")
    residence: Short = Field("", description="county code, from GET /api/people/divisions")
    address: Line = Field("", description="street, compound or village")
    declaration: DeclarationBody = DeclarationBody()
    consent_version: Short = Field("", description="the version shown by GET /api/people/consent")
    device_key_thumb: Short | None = Field(
        None, description="base64url of the SHA-256 of the phone's P-256 public key: codes are minted for it only"
    )


class SignInBody(Body):
    """Signing in again. The document is needed only where several people share the phone."""

    phone: Short = ""
    phone_code: Short = ""
    document_kind: Short = "resident_id"
    document_number: Short = ""
    device_key_thumb: Short | None = None


class RenewBody(Body):
    """Going on with a session."""

    device_key_thumb: Short | None = None


class SessionAnswer(Schema):
    """The sealed session for the edges; the cookie `hc_person` comes beside it."""

    session: str
    expires_minute: int = Field(description="minutes since 1970-01-01T00:00Z; the edges renew it in use")
    masked_name: str
    masked_document: str
    residence: str


class ConsentAnswer(Schema):
    """The consent text in force, in the request's language."""

    version: str
    title: str
    text: str
    paragraphs: list[str]


class DivisionAnswer(Schema):
    """A city or county in use."""

    code: str
    name_zh: str
    name_en: str
    level: str
    parent: str | None


class DivisionsAnswer(Schema):
    """Cities first, then counties; `parent` of a county is its city."""

    divisions: list[DivisionAnswer]


class BothAnswer(Schema):
    """A text in both languages."""

    zh: str
    en: str


class MeAnswer(Schema):
    """What a resident sees about herself. Minutes count since 1970-01-01T00:00Z."""

    masked_name: str
    masked_document: str
    document_kind: str | None
    masked_phone: str
    residence: dict[str, str] | None
    consent: dict[str, str | bool | int] | None
    color: str
    color_word: BothAnswer
    headline: BothAnswer
    hotline: BothAnswer
    ruleset: BothAnswer
    grounds: list[dict[str, object]] = Field(description="worst first; texts under `zh` and `en`")
    notices: list[dict[str, object]]
    timeline: list[dict[str, int | str]] = Field(description="when the color changes if nothing new is learned")
    last_negative_minute: int | None
    doses: int
    decisions: list[dict[str, object]]
    tests: list[dict[str, object]]
    looks: list[dict[str, object]] = Field(description="which office looked, in which post, when and for what")
    told: list[dict[str, object]] = Field(description="notices sent, or meant to be: texts under `zh` and `en`")
    texts: bool = Field(description="whether text messages are wanted; red is said by text all the same")
    server_time_ms: int


class ProblemAnswer(Schema):
    """RFC 9457. `errors` names each field; no value is ever repeated."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = Field(default_factory=list)
