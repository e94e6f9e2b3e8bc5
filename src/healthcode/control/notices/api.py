"""The resident's choice about text messages. At `/api/notices`; what she was told is in `/api/people/me`."""

# No `from __future__ import annotations` here: the API library reads the annotations of wrapped functions.

from datetime import UTC, datetime

from ninja import Router, Schema, Status

from healthcode.control.access import ActRequest, resident
from healthcode.control.notices.services import texts_choose
from healthcode.control.people.schemas import ProblemAnswer

router = Router(tags=["notices"])


class TextsBody(Schema):
    """Whether text messages are wanted."""

    texts: bool


@router.post("/choice", response={204: None, 401: ProblemAnswer, 422: ProblemAnswer}, summary="Want texts or not")
@resident("choose about text messages")
def choice(request: ActRequest, body: TextsBody) -> Status[None]:
    """Red is said by text all the same; the page shows everything."""
    assert request.act.subject is not None  # noqa: S101  # @resident
    texts_choose(number=request.act.subject, texts=body.texts, now=datetime.now(UTC))
    return Status(204, None)
