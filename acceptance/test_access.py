"""Who may do what: every route, with no token, a malformed one, another's and the right one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from acceptance.api import Account, Api, Stored, assert_problem


@dataclass(frozen=True)
class Credential:
    """How a request says who it comes from, and whether that is the owner."""

    name: str
    headers: Callable[[Account, Account], dict[str, str]]
    belongs_to: str = "nobody"


CREDENTIALS = [
    Credential("no token", lambda _owner, _other: {}),
    Credential("empty", lambda _owner, _other: {"Authorization": ""}),
    Credential("no value", lambda _owner, _other: {"Authorization": "Bearer"}),
    Credential("malformed", lambda _owner, _other: {"Authorization": "Bearer 123"}),
    Credential("another scheme", lambda owner, _other: {"Authorization": f"Basic {owner.token}"}),
    Credential("the id as token", lambda owner, _other: {"Authorization": f"Bearer {owner.id}"}),
    Credential("unknown", lambda _owner, _other: {"Authorization": f"Bearer {uuid4()}"}),
    Credential("another's", lambda _owner, other: other.bearer, "other"),
    Credential("right", lambda owner, _other: owner.bearer, "owner"),
    Credential("right, scheme in capitals", lambda owner, _other: {"Authorization": f"BEARER {owner.token}"}, "owner"),
]


@dataclass(frozen=True)
class Route:
    """A request for the owner's record or account; answers by whose token came with it. None: 401, nobody's."""

    name: str
    method: str
    path: str
    owner: int
    other: tuple[int, str] | int
    nobody: int | None = None
    params: Callable[[Stored], dict[str, str]] = field(default=lambda _stored: {})
    json: dict[str, str] | None = None


ROUTES = [
    Route("POST /user", "POST", "/user", 201, 201, 201, json={"name": "Ada"}),
    Route("GET /user", "GET", "/user", 200, 200),
    Route("GET /record", "GET", "/record", 200, 200, 200, lambda stored: stored.query),
    Route("HEAD /record", "HEAD", "/record", 200, 200, 200, lambda stored: stored.query),
    Route("GET /record/info", "GET", "/record/info", 200, 200, 200, lambda stored: stored.query),
    Route("GET /records", "GET", "/records", 200, 200),
    Route("DELETE /record", "DELETE", "/record", 204, (404, "record_not_found"), None, lambda stored: stored.query),
    Route("POST /user/token", "POST", "/user/token", 201, 201),
    Route("GET /health", "GET", "/health", 200, 200, 200),
    Route("GET /docs", "GET", "/docs", 200, 200, 200),
]


class TestMatrix:
    @pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda credential: credential.name)
    @pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
    def test_route_and_token(
        self, api: Api, account: Account, stored: Stored, route: Route, credential: Credential
    ) -> None:
        other = api.new_account("Somebody else")
        response = api.request(
            route.method,
            route.path,
            params=route.params(stored),
            json=route.json,
            headers=credential.headers(account, other),
        )
        expected = {"owner": route.owner, "other": route.other, "nobody": route.nobody}[credential.belongs_to]
        if expected is None:
            assert_problem(response, 401, "unauthorized")
        elif isinstance(expected, tuple):
            assert_problem(response, *expected)
        else:
            assert response.status_code == expected
        if not (route.method == "DELETE" and credential.belongs_to == "owner"):
            assert api.client.get(stored.url).status_code == 200, "the record must still be there"

    def test_each_sees_only_what_is_his(self, api: Api, account: Account, stored: Stored) -> None:
        other = api.new_account("Somebody else")
        assert api.ids_of(account) == [stored.id]
        assert api.ids_of(other) == []
        assert api.request("GET", "/user", headers=other.bearer).json()["id"] == other.id

    def test_another_s_record_is_the_same_as_none_at_all(self, api: Api, stored: Stored) -> None:
        """Not even a byte of the answers tells that the record exists."""
        other = api.new_account("Somebody else")
        for method, path, headers in [
            ("DELETE", "/record", other.bearer),
            ("GET", "/record", {}),
            ("GET", "/record/info", {}),
        ]:
            foreign = api.request(method, path, params={"id": stored.id, "user": other.id}, headers=headers)
            unknown = api.request(method, path, params={"id": str(uuid4()), "user": other.id}, headers=headers)
            assert without_ids(foreign) == without_ids(unknown)
            assert_problem(foreign, 404, "record_not_found")


def without_ids(response: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in response.json().items() if name != "request_id"}
