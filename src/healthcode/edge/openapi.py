"""`GET /v1/openapi.json`: the edge's routes described from the very types that read and answer them."""

from typing import Any

import msgspec

from healthcode.edge import answers
from healthcode.edge.http import Request, Response, json_response
from healthcode.edge.problems import PROBLEMS
from healthcode.edge.status import Moment

_TYPES = (
    answers.CodesRequest,
    answers.CodesAnswer,
    answers.State,
    answers.CheckRequest,
    answers.Check,
    answers.CheckBatch,
    answers.VisitRequest,
    answers.VisitAnswer,
    answers.OfflineVisitsRequest,
    answers.OfflineVisitsAnswer,
    answers.Colors,
    answers.Time,
    answers.Ready,
    answers.ProblemDocument,
)
_REF = "#/components/schemas/{name}"


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 description of the edge."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "healthcode edge",
            "version": "1",
            "description": "Show, check and record. Times are minutes or milliseconds since 1970 UTC. "
            "Errors are RFC 9457 problems with a stable `code`: " + ", ".join(f"`{code}`" for code in PROBLEMS) + ".",
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer", "description": "A sealed session."}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/v1/codes": {
            "post": _operation(
                "codes_mint", "Live codes of the coming minutes, and the state", "CodesAnswer",
                body="CodesRequest", problems=(400, 401, 403, 429, 503),
            )
        },
        "/v1/state": {
            "get": _operation(
                "state_get", "One's own state; 304 with If-None-Match almost always", "State",
                problems=(401, 403, 429), unchanged=True,
            )
        },
        "/v1/checks": {
            "post": _operation(
                "check_make", "Check a person's code, or a batch of up to 50", ("Check", "CheckBatch"),
                body="CheckRequest", problems=(400, 401, 403, 404, 409, 413, 422, 429),
            )
        },
        "/v1/visits": {
            "post": _operation(
                "visit_record", "Record a scan of a venue's code: durable before the answer, idempotent by key",
                "VisitAnswer", body="VisitRequest", problems=(400, 401, 403, 404, 409, 422, 429, 503),
            )
        },
        "/v1/offline-visits": {
            "post": _operation(
                "offline_visits_upload", "Upload checks made without network; repeating it changes nothing",
                "OfflineVisitsAnswer", body="OfflineVisitsRequest", problems=(400, 401, 403, 429, 503),
            )
        },
        "/v1/bundle": {"get": _bundle()},
        "/v1/colors": {
            "get": _operation(
                "colors_get", "Colors and check policies with version and age", "Colors", session=False, unchanged=True
            )
        },
        "/v1/time": {"get": _operation("time_get", "The server's clock", "Time", session=False)},
        "/readyz": {"get": _operation("ready_get", "Whether this worker can answer", "Ready", session=False)},
    }  # fmt: skip


def _operation(
    name: str,
    summary: str,
    answer: str | tuple[str, ...],
    *,
    body: str | None = None,
    problems: tuple[int, ...] = (),
    session: bool = True,
    unchanged: bool = False,
) -> dict[str, Any]:
    kinds = (answer,) if isinstance(answer, str) else answer
    schema = _ref(kinds[0]) if len(kinds) == 1 else {"anyOf": [_ref(kind) for kind in kinds]}
    responses: dict[str, Any] = {"200": {"description": summary, "content": {"application/json": {"schema": schema}}}}
    if unchanged:
        responses["304"] = {"description": "Unchanged since the ETag that was named"}
    for status in problems:
        content = {"application/problem+json": {"schema": _ref("ProblemDocument")}}
        responses[str(status)] = {"description": _problem_codes(status), "content": content}
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    operation["security"] = [{"session": []}] if session else []
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return operation


def _bundle() -> dict[str, Any]:
    """The one answer that is no JSON (spec/offline-bundle.md)."""
    asked = _operation(
        "bundle_get", "The signed offline bundle, or what changed since a number", "Colors", problems=(401, 403, 503),
        unchanged=True,
    )  # fmt: skip
    asked["responses"]["200"]["content"] = {"application/cbor": {"schema": {"type": "string", "format": "binary"}}}
    since = {"type": "integer", "minimum": 0}
    asked["parameters"] = [{"name": "since", "in": "query", "description": "the number held", "schema": since}]
    return asked


def _problem_codes(status: int) -> str:
    return ", ".join(code for code, words in PROBLEMS.items() if words.status == status)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}


class _OpenApi:
    """Serves the document, encoded once when first asked for."""

    def __init__(self) -> None:
        self._body = b""

    async def get(self, _request: Request, _moment: Moment) -> Response:
        """The document."""
        self._body = self._body or msgspec.json.encode(openapi_document())
        return json_response(self._body)


OPENAPI = _OpenApi()
