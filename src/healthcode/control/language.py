"""Two languages, side by side in the source: Chinese first, English complete, no message in only one of them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

COOKIE = "hc_lang"
CHINESE, ENGLISH = "zh-hans", "en"


def say(zh: str, en: str) -> str:
    """The text in the language of the current request."""
    return en if (translation.get_language() or CHINESE).startswith("en") else zh


def language() -> str:
    """`zh` or `en`: the current request's language, as rules and domain texts are keyed."""
    return say("zh", "en")


class LanguageMiddleware:
    """Chosen by `?lang=`, remembered in a cookie, else taken from Accept-Language, else Chinese."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang", "")
        chosen = _known(asked) or _known(request.COOKIES.get(COOKIE, "")) or _accepted(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen  # as Django's own middleware does
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", "en" if chosen == ENGLISH else "zh-CN")
        if _known(asked):
            response.set_cookie(COOKIE, asked, max_age=365 * 86400, samesite="Lax", httponly=True)
        return response


def _known(code: str) -> str:
    return {"zh": CHINESE, "zh-hans": CHINESE, "zh-cn": CHINESE, "en": ENGLISH}.get(code.lower(), "")


def _accepted(request: HttpRequest) -> str:
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.split(";")[0].strip().lower()
        if code.startswith("zh"):
            return CHINESE
        if code.startswith("en"):
            return ENGLISH
    return CHINESE
