"""The resident API: apply, sign in, see oneself, withdraw (H1-H3; Art. 6, 10, 13). Mounted at `/api/people`."""

# No `from __future__ import annotations` here: the API library reads the annotations of wrapped functions.

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from healthcode.control.access import (
    RESIDENT_COOKIE,
    ActRequest,
    cookie_set,
    public,
    resident,
    unguarded,
)
from healthcode.control.people import selectors
from healthcode.control.people.consents import consent_text
from healthcode.control.people.phones import phone_code_send
from healthcode.control.people.reading import application_read, phone_read, sign_in_read, thumb_read
from healthcode.control.people.schemas import (
    ApplicationBody,
    ConsentAnswer,
    DivisionsAnswer,
    MeAnswer,
    PhoneCodeAnswer,
    PhoneCodeAsk,
    ProblemAnswer,
    RenewBody,
    SessionAnswer,
    SignInBody,
)
from healthcode.control.people.services import application_submit, withdrawal
from healthcode.control.people.sessions import (
    SESSION_HOURS,
    Opened,
    Refused,
    session_open_by_phone,
    session_renew,
    sign_out,
)
from healthcode.control.ports import ports
from healthcode.control.problems import problem_response
from healthcode.domain.division import Division, cities, counties

router = Router(tags=["people"])
Json = dict[str, Any]


@router.get("/consent", response={200: ConsentAnswer, 503: ProblemAnswer}, summary="The consent text in force")
@unguarded("read the consent text")
def consent(request: HttpRequest) -> Json:  # noqa: ARG001  # named by the library
    """In the request's language (`?lang=zh|en`). What is recorded with an application is its version."""
    text = consent_text()
    return {
        "version": text.version,
        "title": text.title,
        "text": "\n\n".join(text.paragraphs),
        "paragraphs": list(text.paragraphs),
    }


@router.get("/divisions", response=DivisionsAnswer, summary="Cities and counties to choose the residence from")
@unguarded("choose a residence")
def divisions(request: HttpRequest) -> Json:  # noqa: ARG001  # named by the library
    """Those in use, by GB/T 2260 code."""
    return {"divisions": [_division(place) for place in (*cities(), *counties())]}


@router.post(
    "/phone-codes",
    response={200: PhoneCodeAnswer, 422: ProblemAnswer, 429: ProblemAnswer, 503: ProblemAnswer},
    summary="Send a one-time code",
)
@public("prove a phone")
def phone_codes(request: HttpRequest, body: PhoneCodeAsk) -> Json:  # noqa: ARG001  # named by the library
    """The answer is the same whether or not the phone is known."""
    sent = phone_code_send(phone=phone_read(body.phone), now=datetime.now(UTC))
    return {"expires_in": sent.expires_in, "retry_after": sent.retry_after, "demo": ports().demo}


@router.post(
    "/applications",
    response={200: SessionAnswer, 409: ProblemAnswer, 422: ProblemAnswer, 503: ProblemAnswer},
    summary="Apply, or bring an application up to date",
)
@public("apply for a code")
def applications(request: HttpRequest, response: HttpResponse, body: ApplicationBody) -> HttpResponse | Json:  # noqa: ARG001  # named by the library
    """Repeating it with the same document changes the same person's data and doubles nothing."""
    now = datetime.now(UTC)
    return _signed_in(response, application_submit(application=application_read(body, now=now), now=now))


@router.post(
    "/sessions",
    response={200: SessionAnswer, 404: ProblemAnswer, 409: ProblemAnswer, 422: ProblemAnswer},
    summary="Sign in by phone",
)
@public("sign in by phone")
def sessions(request: HttpRequest, response: HttpResponse, body: SignInBody) -> HttpResponse | Json:  # noqa: ARG001  # named by the library
    """Opens the code of the one who applied with this phone; nobody else's."""
    now = datetime.now(UTC)
    phone, code, document, thumb = sign_in_read(body, now=now)
    opened = session_open_by_phone(phone=phone, code=code, document=document, key_thumb=thumb, now=now)
    return _signed_in(response, opened)


@router.post(
    "/sessions/renew",
    response={200: SessionAnswer, 401: ProblemAnswer, 422: ProblemAnswer},
    summary="Go on with a session",
)
@resident("go on with a session")
def sessions_renew(request: ActRequest, response: HttpResponse, body: RenewBody) -> HttpResponse | Json:
    """Needs the cookie; a sealed edge session alone opens nothing here."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    opened = session_renew(
        number=request.act.subject,
        token=request.COOKIES.get(RESIDENT_COOKIE, ""),
        key_thumb=thumb_read(body.device_key_thumb),
        now=datetime.now(UTC),
    )
    return _signed_in(response, opened)


@router.delete("/sessions", response={204: None}, summary="Sign out")
@public("sign out")
def sessions_end(request: HttpRequest, response: HttpResponse) -> Status[None]:
    """Ends the session of the cookie, if there is one."""
    return _signed_out(request, response)


@router.post("/sessions/leave", response={204: None}, summary="Sign out (for pages that cannot send DELETE)")
@public("sign out")
def sessions_leave(request: HttpRequest, response: HttpResponse) -> Status[None]:
    """The same as DELETE /sessions."""
    return _signed_out(request, response)


@router.get("/me", response={200: MeAnswer, 401: ProblemAnswer}, summary="What is known about me, and who looked")
@resident("see one's own page")
def me(request: ActRequest) -> Json:
    """Masked identity, color with every ground and its way out, decisions, tests, and who looked."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    return selectors.me(request.act.subject, now=datetime.now(UTC))


@router.post("/withdrawal", response={204: None, 401: ProblemAnswer}, summary="Withdraw consent, give up the code")
@resident("withdraw consent")
def withdraw(request: ActRequest, response: HttpResponse) -> Status[None]:
    """The code stops working at every gate within a second, and every session ends."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    withdrawal(number=request.act.subject, now=datetime.now(UTC))
    response.delete_cookie(RESIDENT_COOKIE, samesite="Strict")
    return Status(204, None)


def _signed_in(response: HttpResponse, opened: Opened | Refused) -> HttpResponse | Json:
    if isinstance(opened, Refused):
        return problem_response(opened.problem)  # answered, not raised: what was recorded must stay
    cookie_set(response, RESIDENT_COOKIE, opened.token, hours=SESSION_HOURS)
    return {
        "session": opened.session,
        "expires_minute": opened.expires,
        "masked_name": opened.masked_name,
        "masked_document": opened.masked_document,
        "residence": opened.residence,
    }


def _signed_out(request: HttpRequest, response: HttpResponse) -> Status[None]:
    sign_out(token=request.COOKIES.get(RESIDENT_COOKIE, ""))
    response.delete_cookie(RESIDENT_COOKIE, samesite="Strict")
    return Status(204, None)


def _division(place: Division) -> Json:
    return {
        "code": place.code,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "level": place.level,
        "parent": place.parent,
    }
