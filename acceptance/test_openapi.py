"""Both OpenAPI documents, held against the running system by generated requests: no 5xx, no answer off its schema."""

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from acceptance.api import Api

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "60"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.fixture(scope="session")
def bearer(api: Api) -> dict[str, str]:
    """A right token, so that generated requests get past the 401."""
    return api.new_account("Schemathesis").bearer


OPERATIONS = [
    ("users", "/user", "POST"),
    ("users", "/user", "GET"),
    ("users", "/user/token", "POST"),
    ("records", "/record", "POST"),
    ("records", "/record", "GET"),
    ("records", "/record", "HEAD"),
    ("records", "/record", "DELETE"),
    ("records", "/record/info", "GET"),
    ("records", "/records", "GET"),
]


class TestGeneratedRequests:
    """Through hypothesis itself: the plugin that schemathesis brings does not work with this pytest."""

    @pytest.mark.parametrize(("document", "path", "method"), OPERATIONS, ids=str)
    def test_are_answered_as_the_document_says(
        self, gateway: str, bearer: dict[str, str], document: str, path: str, method: str
    ) -> None:
        schema = schemathesis.openapi.from_url(f"{gateway}/docs/{document}.json")
        schema.config.update(base_url=gateway)
        # A right token would be replaced by the first request that carries it.
        tokens = [{}] if path == "/user/token" else [{}, bearer]

        @BOUNDED
        @given(case=schema[path][method].as_strategy())
        def keep_to_document(case: "schemathesis.Case[Any]") -> None:
            for headers in tokens:
                case.validate_response(case.call(headers=headers), checks=CHECKS)

        keep_to_document()

    def test_cover_every_operation(self, gateway: str) -> None:
        documented = {
            (name, path, method.upper())
            for name in ("users", "records")
            for path, operations in httpx.get(f"{gateway}/docs/{name}.json").json()["paths"].items()
            for method in operations
        }
        assert documented == set(OPERATIONS)
