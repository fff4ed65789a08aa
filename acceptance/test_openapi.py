"""Both OpenAPI documents, held against the running system by generated requests: no 5xx, no answer off its schema."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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


@pytest.fixture
def users_document(gateway: str) -> Any:
    return _document(gateway, "users")


@pytest.fixture
def records_document(gateway: str) -> Any:
    return _document(gateway, "records")


def _document(gateway: str, name: str) -> Any:
    schema = schemathesis.openapi.from_url(f"{gateway}/docs/{name}.json")
    schema.config.update(base_url=gateway)
    return schema


users = schemathesis.pytest.from_fixture("users_document")
records = schemathesis.pytest.from_fixture("records_document")


class TestUsers:
    @users.parametrize()
    @BOUNDED
    def test_keeps_to_its_document(self, case: schemathesis.Case, bearer: dict[str, str]) -> None:
        keep_to_document(case, bearer)


class TestRecords:
    @records.parametrize()
    @BOUNDED
    def test_keeps_to_its_document(self, case: schemathesis.Case, bearer: dict[str, str]) -> None:
        keep_to_document(case, bearer)


def keep_to_document(case: schemathesis.Case, bearer: dict[str, str]) -> None:
    """Send the generated request with a right token and with the generated one, and check both answers."""
    replaces_the_token = case.path == "/user/token"
    for headers in ({}, {} if replaces_the_token else bearer):
        case.validate_response(case.call(headers=headers), checks=CHECKS)
