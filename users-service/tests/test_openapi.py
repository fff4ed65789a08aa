"""The public document and the service agree: generated requests find no 5xx and no broken promise."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance


@pytest.fixture(scope="module")
def document(base_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json")


OPERATIONS = [("POST", "/user"), ("GET", "/user"), ("POST", "/user/token")]


class TestTheDocument:
    def test_it_lists_the_public_operations(self, document: schemathesis.BaseSchema) -> None:
        operations = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
        listed = {(operation.method.upper(), operation.path) for operation in operations}

        assert listed == set(OPERATIONS)

    @pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    @pytest.mark.parametrize(("method", "path"), OPERATIONS)
    def test_generated_requests_get_what_it_promises(
        self, client: httpx.Client, document: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
    ) -> None:
        operation = document[path][method]

        @seed(20260131)
        @settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def every_case(case: schemathesis.Case[Any]) -> None:
            token = client.post("/user", json={"name": "Ada"}).json()["token"]
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            # That a key goes with one name is beyond what a schema can say.
            reused = answer.status_code == 422 and answer.json()["code"] == "idempotency_key_reused"
            case.validate_response(answer, excluded_checks=[positive_data_acceptance] if reused else [])

        every_case()
