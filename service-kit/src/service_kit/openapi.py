"""Completes the OpenAPI document: what every kind of route can answer, and our problems for the framework's."""

from typing import Any

from fastapi import FastAPI

from service_kit.problems import (
    MEDIA_TYPE,
    PROBLEM_SCHEMA,
    BodyTooLarge,
    ContentTypeUnsupported,
    InvalidRequest,
    MalformedRequest,
    Problem,
    QueryArgumentRepeated,
    QueryArgumentUnknown,
    Unauthorized,
    documented,
)

Document = dict[str, Any]


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` answer the completed document; `app.state.common_problems` are added to every operation."""
    generate = app.openapi

    def openapi() -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(generate(), app.state.common_problems)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: Document, common: list[type[Problem]]) -> Document:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            _complete_operation(operation, common)
    return document


def _complete_operation(operation: Document, common: list[type[Problem]]) -> None:
    problems: list[type[Problem]] = [QueryArgumentUnknown, QueryArgumentRepeated, *common]
    if operation.get("parameters") or "requestBody" in operation:
        problems.append(InvalidRequest)
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        problems += [MalformedRequest, BodyTooLarge, ContentTypeUnsupported]
    if operation.get("security"):
        problems.append(Unauthorized)
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    for status, response in documented(*problems).items():
        content = responses.setdefault(str(status), response).setdefault("content", {})
        known = content.setdefault(MEDIA_TYPE, response["content"][MEDIA_TYPE])
        known["examples"] |= response["content"][MEDIA_TYPE]["examples"]
    for response in responses.values():
        response.setdefault("headers", {})["X-Request-ID"] = {
            "description": "Names this request in the logs",
            "schema": {"type": "string"},
        }


def _without_null(schema: Document) -> Document:
    """A parameter's schema without the null that stands for "not given": a header or query cannot send one."""
    choices: list[Document] = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return choices[0] | {name: value for name, value in schema.items() if name != "anyOf"}
