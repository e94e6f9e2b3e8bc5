"""The control plane's public API, described by OpenAPI at `/api/docs`. Each app brings its own routes."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from healthcode import __version__
from healthcode.control.credentials.api import router as credentials
from healthcode.control.exchange.api import router as exchange
from healthcode.control.language import say
from healthcode.control.notices.api import router as notices
from healthcode.control.people.answers import shape_error
from healthcode.control.people.api import router as people
from healthcode.control.problems import Problem, problem_of, problem_response
from healthcode.control.rulesets.api import router as rulesets
from healthcode.control.venues.api import router as venues

api = NinjaAPI(
    title="healthcode control",
    version=__version__,
    description="Application, sessions, venues and inspectors. The edge's own API is at /v1/openapi.json.",
    urls_namespace="api",
)
api.add_router("/people", people)
api.add_router("/venues", venues)
api.add_router("/rules", rulesets)
api.add_router("/credentials", credentials)
api.add_router("/exchange", exchange)
api.add_router("/notices", notices)


@api.exception_handler(Problem)
def on_problem(_request: HttpRequest, problem: Problem) -> HttpResponse:
    """Our own refusals."""
    return problem_response(problem)


@api.exception_handler(ValidationError)
def on_invalid(_request: HttpRequest, error: ValidationError) -> JsonResponse:
    """A body or query that does not fit the schema: each field with what is wrong, never its value."""
    errors = [shape_error(".".join(str(p) for p in e["loc"][2:] or e["loc"]), e["type"]) for e in error.errors]
    problem = Problem(
        422,
        "invalid_input",
        say("填写有误", "The input is not complete"),
        say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
        errors=errors,
    )
    return problem_response(problem)


@api.exception_handler(HttpError)
def on_unreadable(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that is no JSON, before any of it was looked at."""
    problem = Problem(
        error.status_code,
        "unreadable_body",
        say("无法读取请求内容", "The body cannot be read"),
        say("请以 UTF-8 编码的 JSON 提交。", "Send JSON in UTF-8."),
    )
    return problem_response(problem)


@api.exception_handler(Exception)
def on_database(_request: HttpRequest, error: Exception) -> HttpResponse:
    """A refusal by the database's policies; anything else is a defect and goes on to Django's 500."""
    problem = problem_of(error)
    if problem is None:
        raise error
    return problem_response(problem)
