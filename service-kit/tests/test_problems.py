"""Every failure is a problem document (RFC 9457), those of the framework too."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, field_validator

from service_kit.app import new_router
from service_kit.bearer import BearerToken
from service_kit.problems import Problem, documented

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


class Teapot(Problem):
    status, code, title, retry_after_seconds = 418, "teapot", "This is a teapot", 7


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cups: int

    @field_validator("cups")
    @classmethod
    def _not_zero(cls, cups: int) -> int:
        if cups == 0:
            raise ValueError("must not be zero")
        return cups


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    router = new_router()

    @router.get("/teapot", responses=documented(Teapot))
    async def teapot() -> None:
        raise Teapot("Short and stout", log_detail="the kettle's secret", cups=3)

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("what only the log may know")

    @router.post("/orders")
    async def take_order(order: Order) -> Order:
        return order

    @router.get("/orders")
    async def list_orders(limit: int | None = None) -> int:
        return limit or 10

    @router.get("/mine")
    async def mine(token: BearerToken) -> str:
        return str(token)

    return make_app(router)


@pytest.fixture
def client(app: FastAPI, serve: Callable[[FastAPI], httpx.Client]) -> httpx.Client:
    return serve(app)


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    problem = answer.json()
    return (
        answer.status_code == problem["status"] == status
        and problem["code"] == code
        and problem.keys() >= MEMBERS
        and problem["request_id"] == answer.headers["X-Request-ID"]
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.headers["Cache-Control"] == "no-store"
    )


class TestAProblem:
    def test_it_says_what_the_client_may_read_and_when_to_come_back(self, client: httpx.Client) -> None:
        answer = client.get("/teapot")

        assert is_problem(answer, 418, "teapot")
        assert answer.json()["detail"] == "Short and stout"
        assert answer.json()["cups"] == 3
        assert answer.headers["Retry-After"] == "7"

    def test_it_keeps_from_the_client_what_is_for_the_log(self, client: httpx.Client) -> None:
        assert "secret" not in client.get("/teapot").text

    def test_an_error_nobody_caught_is_a_500_that_tells_nothing(self, client: httpx.Client) -> None:
        answer = client.get("/broken")

        assert is_problem(answer, 500, "internal_error")
        assert "only the log" not in answer.text


class TestTheFrameworksErrors:
    @pytest.mark.parametrize("path", ["/nothing", "/orders/", "//orders", "/Orders", "/%00", "/docs"])
    def test_an_unknown_path(self, client: httpx.Client, path: str) -> None:
        assert is_problem(client.get(path), 404, "route_not_found")

    def test_a_wrong_method_names_those_of_all_routes_at_the_path(self, client: httpx.Client) -> None:
        answer = client.delete("/orders")

        assert is_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, POST"

    @pytest.mark.parametrize(
        ("body", "where", "what"),
        [
            ('{"cups": "many"}', "body.cups", "valid integer"),
            ('{"cups": 0}', "body.cups", "must not be zero"),
            ('{"cups": 1, "sugar": 2}', "body.sugar", "not permitted"),
            ("", "body", "required"),
        ],
    )
    def test_a_field_that_is_not_valid(self, client: httpx.Client, body: str, where: str, what: str) -> None:
        answer = client.post("/orders", content=body, headers={"Content-Type": "application/json"})

        assert is_problem(answer, 422, "invalid_request")
        assert answer.json()["errors"][0]["where"] == where
        assert what in answer.json()["detail"]
        assert "Value error" not in answer.text

    def test_a_query_argument_that_is_not_valid(self, client: httpx.Client) -> None:
        assert is_problem(client.get("/orders?limit=many"), 422, "invalid_request")

    @pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 50_000])
    def test_a_body_that_is_no_json(self, client: httpx.Client, body: bytes) -> None:
        answer = client.post("/orders", content=body, headers={"Content-Type": "application/json"})

        assert is_problem(answer, 400, "malformed_request")

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "json", None])
    def test_a_body_that_does_not_claim_to_be_json(self, client: httpx.Client, content_type: str | None) -> None:
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = client.post("/orders", content=b'{"cups": 1}', headers=headers)

        assert is_problem(answer, 415, "content_type_unsupported")

    def test_a_json_body_beyond_the_limit_with_and_without_a_length(self, client: httpx.Client) -> None:
        headers = {"Content-Type": "application/json"}

        for content in (b"x" * 100_000, iter([b"x" * 10_000] * 10)):
            assert is_problem(client.post("/orders", content=content, headers=headers), 413, "body_too_large")

    def test_a_missing_token(self, client: httpx.Client) -> None:
        assert is_problem(client.get("/mine"), 401, "unauthorized")


class TestTheQuery:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("x=1", "query_argument_unknown"),
            ("limit=1&x", "query_argument_unknown"),
            ("Limit=1", "query_argument_unknown"),
            ("limit=1&limit=1", "query_argument_repeated"),
            ("limit=1&%6Cimit=2", "query_argument_repeated"),
            ("limit=1&limit=", "query_argument_repeated"),
            ("%ff=1", "query_argument_unknown"),
        ],
    )
    def test_unknown_and_repeated_arguments_are_refused(self, client: httpx.Client, query: str, code: str) -> None:
        assert is_problem(client.get(f"/orders?{query}"), 400, code)

    def test_known_ones_are_taken_once(self, client: httpx.Client) -> None:
        assert client.get("/orders?limit=3").json() == 3
        assert client.get("/orders?").json() == 10


class TestTheDocument:
    def test_a_parameter_that_may_be_left_out_is_not_said_to_take_null(self, app: FastAPI) -> None:
        (limit,) = app.openapi()["paths"]["/orders"]["get"]["parameters"]

        assert limit["schema"]["type"] == "integer"
        assert not limit["required"]

    def test_every_operation_tells_of_its_problems_in_our_form(self, app: FastAPI) -> None:
        document: dict[str, Any] = app.openapi()

        assert "HTTPValidationError" not in str(document)
        statuses = {
            f"{method} {path}": {status for status in operation["responses"] if status >= "400"}
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        assert statuses == {
            "get /teapot": {"400", "418"},
            "get /broken": {"400"},
            "post /orders": {"400", "413", "415", "422"},
            "get /orders": {"400", "422"},
            "get /mine": {"400", "401"},
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    assert ("application/problem+json" in response["content"]) == (status >= "400")
