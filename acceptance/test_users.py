"""Accounts and tokens."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from acceptance.api import Account, Api, assert_problem


class TestMakingAUser:
    @pytest.mark.parametrize("name", ["Ada", "Ада Лавлейс", "愛達", "👩‍💻", 'O\'Neil "Ada" <b>', "a" * 100])
    def test_a_name_in_any_script_is_kept_as_it_is(self, api: Api, name: str) -> None:
        response = api.request("POST", "/user", json={"name": name})
        assert response.status_code == 201
        user = response.json()
        assert user.keys() == {"id", "token", "name", "created_at"}
        assert user["name"] == name
        assert UUID(user["id"]).version == 4
        assert UUID(user["token"]).version == 4
        assert abs(datetime.fromisoformat(user["created_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert response.headers["Cache-Control"] == "no-store"

    def test_white_space_around_a_name_is_dropped(self, api: Api) -> None:
        assert api.new_account(" \t Ada \n").name == "Ada"

    def test_two_users_may_have_the_same_name(self, api: Api) -> None:
        assert api.new_account("Twin").id != api.new_account("Twin").id


class TestShowingAUser:
    def test_the_token_shows_its_user_and_not_itself(self, api: Api, account: Account) -> None:
        response = api.request("GET", "/user", headers=account.bearer)
        assert response.status_code == 200
        assert response.json().keys() == {"id", "name", "created_at"}
        assert response.json()["id"] == account.id


class TestReplacingAToken:
    def test_the_old_token_is_dead_at_once_and_the_new_one_works(self, api: Api, account: Account, clip: bytes) -> None:
        response = api.request("POST", "/user/token", headers=account.bearer)
        assert response.status_code == 201
        replaced = Account(account.id, response.json()["token"], account.name)
        assert replaced.token != account.token
        assert_problem(api.request("GET", "/user", headers=account.bearer), 401, "unauthorized")
        assert_problem(api.request("POST", "/user/token", headers=account.bearer), 401, "unauthorized")
        assert_problem(api.upload(account, clip), 401, "unauthorized")
        assert api.request("GET", "/user", headers=replaced.bearer).json()["id"] == account.id
        assert api.upload(replaced, clip).status_code == 201

    def test_records_survive_a_new_token(self, api: Api, account: Account, clip: bytes) -> None:
        stored = api.store(account, clip)
        token = api.request("POST", "/user/token", headers=account.bearer).json()["token"]
        assert api.ids_of(Account(account.id, token, account.name)) == [stored.id]


class TestRetryingSafely:
    def test_the_same_key_and_name_give_the_same_user_and_token(self, api: Api) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        first = api.request("POST", "/user", json={"name": "Eve"}, headers=headers)
        again = api.request("POST", "/user", json={"name": "Eve"}, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_the_same_key_with_another_name_is_refused(self, api: Api) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        api.request("POST", "/user", json={"name": "Eve"}, headers=headers)
        refused = api.request("POST", "/user", json={"name": "Mallory"}, headers=headers)
        assert_problem(refused, 422, "idempotency_key_reused")


BAD_NAMES = {
    "empty": b'{"name": ""}',
    "only white space": b'{"name": "  \\t "}',
    "101 characters": b'{"name": "%b"}' % (b"a" * 101),
    "10,000 characters": b'{"name": "%b"}' % (b"a" * 10_000),
    "NUL": b'{"name": "a\\u0000b"}',
    "a control character": b'{"name": "a\\u0007b"}',
    "a line break": b'{"name": "a\\nb"}',
    "a lone surrogate": b'{"name": "a\\ud800b"}',
    "a number": b'{"name": 7}',
    "null": b'{"name": null}',
    "a list": b'{"name": ["Ada"]}',
    "no name": b"{}",
    "an unknown member": b'{"name": "Ada", "role": "admin"}',
    "not an object": b'"Ada"',
}


class TestBadInput:
    @pytest.mark.parametrize("body", BAD_NAMES.values(), ids=BAD_NAMES.keys())
    def test_what_is_no_name_is_refused(self, api: Api, body: bytes) -> None:
        response = api.request("POST", "/user", content=body, headers={"Content-Type": "application/json"})
        assert_problem(response, 422, "invalid_request")

    @pytest.mark.parametrize("body", [b"", b"{", b'{"name": "Ada"', b'{"name": "\xff"}', b"name=Ada"])
    def test_what_is_no_json_is_refused(self, api: Api, body: bytes) -> None:
        response = api.request("POST", "/user", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)
        assert_problem(response, response.status_code, response.json()["code"])

    def test_a_body_of_megabytes_is_refused(self, api: Api) -> None:
        body = b'{"name": "%b"}' % (b"a" * 3_000_000)
        response = api.request("POST", "/user", content=body, headers={"Content-Type": "application/json"})
        assert_problem(response, 413, "body_too_large")

    @pytest.mark.parametrize("key", ["", "not-a-uuid", "c56a4180-65aa-12ec-a945-5fd21dec0538", "x" * 5000])
    def test_a_key_that_is_no_random_uuid_is_refused(self, api: Api, key: str) -> None:
        response = api.request("POST", "/user", json={"name": "Eve"}, headers={"Idempotency-Key": key})
        assert_problem(response, 422, "invalid_request")
