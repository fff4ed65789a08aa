"""Who may do what with a recording: every route against every kind of token."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from records_service.records.model import Record

WRONG_TOKENS = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer not-a-uuid"},
    {"Authorization": f"Bearer {uuid4()}"},
    {"Authorization": f"Bearer {uuid4().hex}"},
    {"Authorization": f"Basic {uuid4()}"},
]


Store = Callable[..., tuple[Record, bytes]]


def link(record: Record, *, record_id: UUID | None = None, user_id: UUID | None = None) -> str:
    """The path and query of a record's link, or of one with another id or user."""
    return f"/record?id={record_id or record.id}&user={user_id or record.user_id}"


def bearer(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestTheLink:
    @pytest.mark.parametrize("headers", WRONG_TOKENS)
    def test_is_all_that_playing_and_describing_take(
        self, client: httpx.Client, store: Store, headers: dict[str, str]
    ) -> None:
        record, content = store()
        info = f"/record/info?id={record.id}&user={record.user_id}"
        assert client.get(link(record), headers=headers).content == content
        assert client.head(link(record), headers=headers).status_code == 200
        assert client.get(info, headers=headers).status_code == 200


class TestDelete:
    @pytest.mark.parametrize("headers", WRONG_TOKENS)
    def test_without_a_right_token_is_401(self, client: httpx.Client, store: Store, headers: dict[str, str]) -> None:
        record, _ = store()
        answer = client.delete(link(record), headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert client.head(link(record)).status_code == 200

    def test_by_another_user_is_404_and_leaves_the_record(self, client: httpx.Client, store: Store, users: Any) -> None:
        record, _ = store()
        user, token = users.add()
        for path in (link(record), link(record, user_id=user)):
            answer = client.delete(path, headers=bearer(token))
            assert (answer.status_code, answer.json()["code"]) == (404, "record_not_found")
        assert client.head(link(record)).status_code == 200

    def test_by_the_owner_is_204_and_then_404_for_everyone(
        self, client: httpx.Client, store: Store, users: Any, query: Callable[..., list[tuple[int]]]
    ) -> None:
        user, token = users.add()
        record, _ = store(200_000, user_id=user)
        answer = client.delete(link(record), headers=bearer(token))
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.delete(link(record), headers=bearer(token)).status_code == 404
        assert client.get(link(record), headers={"If-None-Match": "*"}).status_code == 404
        assert client.get(f"/record/info?id={record.id}&user={user}").status_code == 404
        assert query("SELECT count(*) FROM records.record_chunk WHERE record_id = %s", str(record.id)) == [(0,)]

    def test_of_a_wrong_pair_by_its_owner_is_404(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        store(user_id=user)
        others, _ = store()
        for path in (link(others, user_id=user), link(others, record_id=uuid4(), user_id=user)):
            assert client.delete(path, headers=bearer(token)).status_code == 404
        assert client.head(link(others)).status_code == 200

    def test_of_a_malformed_id_is_422(self, client: httpx.Client, users: Any) -> None:
        _, token = users.add()
        answer = client.delete("/record?id=x&user=y", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_of_one_record_by_many_at_once_is_done_once(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        record, _ = store(user_id=user)
        statuses = sorted(client.delete(link(record), headers=bearer(token)).status_code for _ in range(5))
        assert statuses == [204, 404, 404, 404, 404]


class TestTheListOfRecords:
    @pytest.mark.parametrize("headers", WRONG_TOKENS)
    def test_without_a_right_token_is_401(self, client: httpx.Client, headers: dict[str, str]) -> None:
        assert client.get("/records", headers=headers).status_code == 401

    def test_holds_ones_own_records_only(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        mine, _ = store(user_id=user)
        store()
        items = client.get("/records", headers=bearer(token)).json()["items"]
        assert [item["id"] for item in items] == [str(mine.id)]


class TestUsersServiceInTrouble:
    @pytest.mark.parametrize(("method", "path"), [("DELETE", "/record"), ("GET", "/records")])
    def test_is_503_with_retry_after_and_changes_nothing(
        self, client: httpx.Client, store: Store, users: Any, method: str, path: str
    ) -> None:
        user, token = users.add()
        record, _ = store(user_id=user)
        users.status = 500
        target = link(record) if path == "/record" else path
        answer = client.request(method, target, headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (503, "users_unavailable")
        assert answer.headers["Retry-After"]
        assert client.head(link(record)).status_code == 200
