"""One error shape for people and machines: RFC 9457 problem details, with a stable `code` and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

log = structlog.get_logger(__name__)


class Problem(Exception):
    """A refusal that teaches: what happened, what was expected, what to do. Raising it rolls the act back."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.errors, self.headers = list(errors), headers or {}

    def document(self) -> dict[str, Any]:
        """The problem as RFC 9457 JSON."""
        body: dict[str, Any] = {
            "type": f"urn:healthcode:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = self.errors
        return body


def problem_response(problem: Problem) -> JsonResponse:
    """`problem` as an HTTP response for machines."""
    return JsonResponse(
        problem.document(), status=problem.status, content_type="application/problem+json", headers=problem.headers
    )


def is_machine(request: HttpRequest) -> bool:
    """Whether the caller wants JSON rather than a page."""
    return request.path.startswith(("/api/", "/v1/", "/demo/api/"))


class ProblemMiddleware:
    """Turns a `Problem` (and a refusal by the database's own policies) into a page or a problem document."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for every exception that a view lets out."""
        problem = problem_of(exception)
        if problem is None:
            return None
        return respond(request, problem)


def problem_of(exception: Exception) -> Problem | None:
    """The problem that an exception stands for, or None where it is a defect of ours."""
    if isinstance(exception, Problem):
        return exception
    if isinstance(exception, DatabaseError):
        cause = exception.__cause__
        if getattr(cause, "sqlstate", None) == "42501":
            # A row policy or a missing grant said no: whatever the code above believed, this act may not do it.
            log.warning("refused_by_database", sqlstate="42501")
            return Problem(403, "not_permitted", "Not permitted", "This post may not do this here.")
    return None


def respond(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A page for people, JSON for machines; somebody not signed in is led to the sign-in."""
    if is_machine(request):
        return problem_response(problem)
    if problem.status == 401 and problem.headers.get("Location"):
        return redirect(problem.headers["Location"] + "?" + urlencode({"next": request.get_full_path()}))
    return render(request, "problem.html", {"problem": problem}, status=problem.status)
