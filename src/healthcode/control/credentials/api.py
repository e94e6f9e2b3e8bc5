"""`/api/credentials`: a pass for this phone, a paper for the pocket (H6, K1)."""

# No `from __future__ import annotations` here: the API library reads the annotations of wrapped functions.

from datetime import UTC, datetime

from ninja import Field, Router, Schema

from healthcode.codes.base64url import Base64Error, b64_decode, b64_encode
from healthcode.control.access import ActRequest, resident
from healthcode.control.credentials.services import paper_give, paper_report_lost, pass_give
from healthcode.control.people.schemas import ProblemAnswer

router = Router(tags=["credentials"])


class PassAsk(Schema):
    """The phone's key."""

    key: str = Field(max_length=100, description="P-256 point, 65 bytes, base64url without padding")


class PassAnswer(Schema):
    """The issuer's part (spec/code-format.md section 6), base64url; the phone adds its minute and signature."""

    issued: str
    expires_minute: int
    masked_name: str


class PaperAnswer(Schema):
    """The text of the QR code to print."""

    text: str
    expires_minute: int
    masked_name: str


class LostAnswer(Schema):
    """Whether there was a paper that worked."""

    recalled: bool


@router.post(
    "/passes",
    response={200: PassAnswer, 401: ProblemAnswer, 409: ProblemAnswer, 422: ProblemAnswer, 429: ProblemAnswer},
    summary="A pass that this phone can show without network",
)
@resident("get a pass for one's phone")
def passes(request: ActRequest, body: PassAsk) -> dict[str, object]:
    """Lives at most four hours and never longer than the next change that is known."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    given = pass_give(number=request.act.subject, holder=_point(body.key), now=datetime.now(UTC))
    assert isinstance(given.code, bytes)  # noqa: S101  # a pass is bytes
    return {"issued": b64_encode(given.code), "expires_minute": given.expires, "masked_name": given.masked_name}


@router.post(
    "/papers", response={200: PaperAnswer, 401: ProblemAnswer, 409: ProblemAnswer}, summary="A paper code to print"
)
@resident("print one's paper code")
def papers(request: ActRequest) -> dict[str, object]:
    """Good for 180 days; the one printed before stops working at once."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    given = paper_give(number=request.act.subject, now=datetime.now(UTC))
    return {"text": given.code, "expires_minute": given.expires, "masked_name": given.masked_name}


@router.post("/papers/lost", response={200: LostAnswer, 401: ProblemAnswer}, summary="Report one's paper lost")
@resident("report one's paper lost")
def papers_lost(request: ActRequest) -> dict[str, bool]:
    """It stops working at every gate within a second."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    return {"recalled": paper_report_lost(number=request.act.subject, now=datetime.now(UTC))}


def _point(text: str) -> bytes:
    try:
        return b64_decode(text)
    except Base64Error:
        return b""  # refused where the key is read, with what to do
