"""Errors as RFC 9457 problem details, and the handlers that turn every failure into one.

A service lists its own errors as subclasses of `Problem` in its `errors.py`. Domain code raises them; nothing else
builds an error answer.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from service_kit.request_id import current_request_id

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An error that a client may see.

    `status`, `code` and `title` are fixed for a class; `detail` says what was wrong this time. `log_detail` is kept
    for the log alone (SQL, library messages). `members` are extra fields of the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, detail: str = "", *, log_detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.log_detail = log_detail
        self.members = members

    def headers(self) -> dict[str, str]:
        """Headers that go with the answer."""
        return {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}


class InvalidRequest(Problem):
    status, code, title = 422, "invalid_request", "The request is not valid"


class MalformedRequest(Problem):
    status, code, title = 400, "malformed_request", "The request could not be read"


class BodyTooLarge(Problem):
    status, code, title = 413, "body_too_large", "The body is larger than this route takes"


class ContentTypeUnsupported(Problem):
    status, code, title = 415, "content_type_unsupported", "This route does not take that content type"


class QueryArgumentUnknown(Problem):
    status, code, title = 400, "query_argument_unknown", "The query has an argument that this route does not know"


class QueryArgumentRepeated(Problem):
    status, code, title = 400, "query_argument_repeated", "A query argument was given more than once"


class Unauthorized(Problem):
    status, code, title = 401, "unauthorized", "The access token is missing or wrong"

    def headers(self) -> dict[str, str]:
        """RFC 9110, 11.6.1: a 401 names the scheme that it wants."""
        return {"WWW-Authenticate": "Bearer"}


class RouteNotFound(Problem):
    status, code, title = 404, "route_not_found", "There is nothing at this path"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "This path does not take that method"


class NotReady(Problem):
    status, code, title, retry_after_seconds = 503, "not_ready", "The service cannot serve right now", 1


class DatabaseUnavailable(Problem):
    status, code, title, retry_after_seconds = 503, "database_unavailable", "The database does not answer", 2


class DatabaseBusy(Problem):
    status, code, title, retry_after_seconds = 503, "database_busy", "The database is busy", 1


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer for a problem."""
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": current_request_id(),
        **problem.members,
    }
    return JSONResponse(
        body,
        problem.status,
        headers={**problem.headers(), "Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def documented(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route for the problems it can answer, grouped by status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for problem in sorted(problems, key=lambda p: p.code):
        entry = responses.setdefault(
            problem.status,
            {
                "description": HTTPStatus(problem.status).phrase,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["content"][MEDIA_TYPE]["examples"][problem.code] = {
            "summary": problem.title,
            "value": {
                "type": "about:blank",
                "title": problem.title,
                "status": problem.status,
                "detail": problem.title,
                "code": problem.code,
                "request_id": "9f2c4e7d0b6a4f0e8d1c3b5a79e2f406",
            },
        }
    return responses


PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A stable word to switch on"},
        "request_id": {"type": "string"},
    },
}


def install_problem_handlers(app: FastAPI, routes: list[BaseRoute]) -> None:
    """Make every failure of `app` a problem, the framework's own included; `routes` are all that it serves."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> Response:
        if problem.status >= 500 or problem.log_detail:
            log.warning("problem.answered", code=problem.code, status=problem.status, reason=problem.log_detail)
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"where": ".".join(map(str, e["loc"])), "what": e["msg"].removeprefix("Value error, ")}
            for e in error.errors()
        ]
        if any(e["type"] == "json_invalid" for e in error.errors()):
            return problem_response(MalformedRequest("The body is not valid JSON", errors=errors))
        detail = "; ".join(f"{e['where']}: {e['what']}" for e in errors[:3])
        return problem_response(InvalidRequest(detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def on_http_exception(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return problem_response(RouteNotFound())
        if error.status_code == 405:
            allowed = sorted(set(_methods_at(routes, request.scope)))
            return problem_response(
                MethodNotAllowed(f"Allowed here: {', '.join(allowed)}"), {"Allow": ", ".join(allowed)}
            )
        if 400 <= error.status_code < 500:
            return problem_response(MalformedRequest(str(error.detail)))
        raise error


def _methods_at(routes: list[BaseRoute], scope: Scope) -> Iterator[str]:
    """Methods of all routes at the request's path; the router itself reports those of the first route only."""
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            yield from getattr(route, "methods", None) or ()
