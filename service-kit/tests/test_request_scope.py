"""Every answer has a request id."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from service_kit.app import new_router
from service_kit.request_id import current_request_id


@pytest.fixture
def client(make_app: Callable[..., FastAPI], serve: Callable[[FastAPI], httpx.Client]) -> httpx.Client:
    router = new_router()

    @router.get("/id")
    async def request_id() -> str:
        return current_request_id()

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("boom")

    return serve(make_app(router))


class TestTheRequestId:
    def test_a_well_formed_one_is_kept(self, client: httpx.Client) -> None:
        answer = client.get("/id", headers={"X-Request-ID": "gateway-1.a_B"})

        assert answer.json() == answer.headers["X-Request-ID"] == "gateway-1.a_B"

    @pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "a;b", "\xe9"])
    def test_any_other_is_replaced(self, client: httpx.Client, given: str) -> None:
        answer = client.get("/id", headers=[(b"X-Request-ID", given.encode("latin-1"))])

        assert answer.json() == answer.headers["X-Request-ID"] != given
        assert len(answer.json()) == 32

    def test_two_requests_have_two(self, client: httpx.Client) -> None:
        assert client.get("/id").json() != client.get("/id").json()

    def test_answers_are_not_sniffed(self, client: httpx.Client) -> None:
        for path in ("/id", "/nothing", "/broken", "/livez"):
            assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"
