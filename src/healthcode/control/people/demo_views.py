"""Demo only: what the text message would have said. Where real people are served, this page does not exist."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from healthcode.control.access import public
from healthcode.control.language import say
from healthcode.control.people.ports import SmsShown
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.domain.document import DocumentError, phone_parse

_CODE: Final = re.compile(r"(?<!\d)\d{6}(?!\d)")


@public("read a demo text message")
def phone_codes(request: HttpRequest) -> HttpResponse:
    """The last one-time code of `?phone=`: JSON for scripts, a small page for people."""
    sms = ports().sms
    if not ports().demo or not isinstance(sms, SmsShown):
        raise Problem(404, "not_found", say("没有这个页面", "No such page"))
    asked = request.GET.get("phone", "")
    code = _last_code(sms, asked) if asked else None
    if "text/html" not in request.headers.get("Accept", ""):
        return JsonResponse({"code": code}, status=200 if code else 404, headers={"Cache-Control": "no-store"})
    response = render(request, "people/phone_code.html", {"asked": asked, "code": code}, status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _last_code(sms: SmsShown, asked: str) -> str | None:
    try:
        found = _CODE.search(sms.last(phone_parse(asked)) or "")
    except DocumentError:
        return None
    return found.group() if found else None
