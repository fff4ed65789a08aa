"""Users over HTTP: what every route answers to right and wrong requests."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest


def bearer(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestMakingAUser:
    def test_the_answer_holds_a_random_id_and_a_random_token(self, client: httpx.Client) -> None:
        answer = client.post("/user", json={"name": "Ada"})

        assert answer.status_code == 201
        made = answer.json()
        assert made.keys() == {"id", "token", "name", "created_at"}
        assert UUID(made["id"]).version == UUID(made["token"]).version == 4
        assert made["id"] != made["token"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Idempotency-Replayed" not in answer.headers

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("Ada", "Ada"),
            ("  Ада Лавлейс\n", "Ада Лавлейс"),
            ("李小龍", "李小龍"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
            ("علي\u200cرضا", "علي\u200cرضا"),
            ("'; DROP TABLE account; --", "'; DROP TABLE account; --"),
            ("x" * 100, "x" * 100),
            ("\u3000" + "😀" * 100 + " " * 100, "😀" * 100),
        ],
    )
    def test_a_name_is_trimmed_and_kept_in_any_script(self, client: httpx.Client, given: str, kept: str) -> None:
        made = client.post("/user", json={"name": given}).json()

        assert made["name"] == kept
        assert client.get("/user", headers=bearer(made["token"])).json()["name"] == kept

    def test_names_need_not_be_unique(self, client: httpx.Client, user: dict[str, str]) -> None:
        assert client.post("/user", json={"name": user["name"]}).json()["id"] != user["id"]

    @pytest.mark.parametrize(
        "body",
        [
            b"{}",
            b"[]",
            b"null",
            b'"Ada"',
            b'{"name": null}',
            b'{"name": 7}',
            b'{"name": ["Ada"]}',
            b'{"name": ""}',
            b'{"name": " \\n\\u2003"}',
            b'{"name": "' + b"x" * 101 + b'"}',
            b'{"name": "' + b"x" * 10_000 + b'"}',
            b'{"name": "A\\u0000da"}',
            b'{"name": "A\\u0007da"}',
            b'{"name": "A\\nda"}',
            b'{"name": "A\\u2028da"}',
            b'{"name": "A\\u0085da"}',
            b'{"name": "\\ud83d"}',
            b'{"name": "A\\udc00da"}',
            b'{"name": "Ada", "admin": true}',
            b"",
        ],
    )
    def test_what_is_no_name_is_refused(self, client: httpx.Client, body: bytes) -> None:
        answer = client.post("/user", content=body, headers={"Content-Type": "application/json"})

        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_request"

    @pytest.mark.parametrize(
        "body", [b"{", b"\xff\xfe", b'{"name": "\xff"}', b"[" * 50_000, b'{"name": ' * 5_000, b"Ada"]
    )
    def test_what_is_no_json_is_refused(self, client: httpx.Client, body: bytes) -> None:
        answer = client.post("/user", content=body, headers={"Content-Type": "application/json"})

        assert answer.status_code == 400
        assert answer.json()["code"] == "malformed_request"

    def test_a_form_is_refused_by_its_content_type(self, client: httpx.Client) -> None:
        answer = client.post("/user", data={"name": "Ada"})

        assert answer.status_code == 415
        assert answer.json()["code"] == "content_type_unsupported"

    def test_a_huge_body_is_refused_unread(self, client: httpx.Client) -> None:
        answer = client.post("/user", content=b"x" * 5_000_000, headers={"Content-Type": "application/json"})

        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"


class TestTheAccessToken:
    def test_it_shows_its_user(self, client: httpx.Client, user: dict[str, str]) -> None:
        answer = client.get("/user", headers=bearer(user["token"]))

        assert answer.status_code == 200
        assert answer.json() == {name: user[name] for name in ("id", "name", "created_at")}

    @pytest.mark.parametrize("method_and_path", [("GET", "/user"), ("POST", "/user/token")])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic QWRhOnNlY3JldA=="},
            {"Authorization": f"Bearer {uuid4()}"},
            {"Authorization": f"Bearer {uuid4().hex}"},
            {"Authorization": f"Bearer {{{uuid4()}}}"},
            {"Authorization": f"Bearer {uuid4()} {uuid4()}"},
        ],
    )
    def test_without_a_right_one_every_answer_is_the_same_401(
        self, client: httpx.Client, method_and_path: tuple[str, str], headers: dict[str, str]
    ) -> None:
        answer = client.request(*method_and_path, headers=headers)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        problem = answer.json()
        del problem["request_id"]
        assert problem == {
            "type": "about:blank",
            "title": "The access token is missing or wrong",
            "status": 401,
            "detail": "The access token is missing or wrong",
            "code": "unauthorized",
        }

    def test_the_users_id_is_no_token(self, client: httpx.Client, user: dict[str, str]) -> None:
        assert client.get("/user", headers=bearer(user["id"])).status_code == 401


class TestReplacingTheToken:
    def test_the_new_one_works_and_the_old_one_is_dead(self, client: httpx.Client, user: dict[str, str]) -> None:
        answer = client.post("/user/token", headers=bearer(user["token"]))

        assert answer.status_code == 201
        assert answer.headers["Cache-Control"] == "no-store"
        renewed = answer.json()
        assert renewed | {"token": user["token"]} == user
        assert UUID(renewed["token"]).version == 4
        assert client.get("/user", headers=bearer(user["token"])).status_code == 401
        assert client.get("/user", headers=bearer(renewed["token"])).json()["id"] == user["id"]

    def test_of_many_at_once_exactly_one_wins(self, client: httpx.Client, user: dict[str, str]) -> None:
        def replace(_: int) -> httpx.Response:
            return client.post("/user/token", headers=bearer(user["token"]))

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(replace, range(8)))

        assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
        token = next(answer.json()["token"] for answer in answers if answer.status_code == 201)
        assert client.get("/user", headers=bearer(token)).status_code == 200


class TestVerifyingAToken:
    def test_it_says_whose_the_token_is(self, client: httpx.Client, user: dict[str, str]) -> None:
        for user_id in (None, user["id"]):
            answer = client.post("/internal/token/verify", json={"token": user["token"], "user_id": user_id})
            assert answer.status_code == 200
            assert answer.json() == {"user_id": user["id"]}

    def test_unknown_user_wrong_token_and_anothers_token_look_the_same(
        self, client: httpx.Client, user: dict[str, str]
    ) -> None:
        other = client.post("/user", json={"name": "Eve"}).json()
        refused = [
            {"token": str(uuid4()), "user_id": str(uuid4())},
            {"token": str(uuid4()), "user_id": user["id"]},
            {"token": other["token"], "user_id": user["id"]},
            {"token": str(uuid4())},
        ]
        answers = [client.post("/internal/token/verify", json=body) for body in refused]

        assert [answer.status_code for answer in answers] == [401] * len(refused)
        assert len({str({**answer.json(), "request_id": ""}) for answer in answers}) == 1

    @pytest.mark.parametrize("body", [{}, {"token": "x"}, {"token": None}, {"token": 7, "user_id": "x"}])
    def test_malformed_ones_are_422(self, client: httpx.Client, body: dict[str, object]) -> None:
        assert client.post("/internal/token/verify", json=body).status_code == 422

    def test_it_is_not_in_the_public_document(self, client: httpx.Client) -> None:
        assert set(client.get("/openapi.json").json()["paths"]) == {"/user", "/user/token"}


class TestPathsAndMethods:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [("DELETE", "/user", "GET, POST"), ("GET", "/user/token", "POST"), ("PATCH", "/livez", "GET, HEAD")],
    )
    def test_a_wrong_method_is_405_and_says_what_is_allowed(
        self, client: httpx.Client, method: str, path: str, allowed: str
    ) -> None:
        answer = client.request(method, path)

        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)

    @pytest.mark.parametrize("path", ["/", "/users", "/user/", "/user/token/", "/docs", "/internal"])
    def test_an_unlisted_path_is_404(self, client: httpx.Client, path: str) -> None:
        answer = client.get(path)

        assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")

    @pytest.mark.parametrize("path", ["/user?x=1", "/user/token?token=1", "/user?name=Ada"])
    def test_an_unknown_query_argument_is_400(self, client: httpx.Client, path: str) -> None:
        answer = client.post(path, json={"name": "Ada"})

        assert (answer.status_code, answer.json()["code"]) == (400, "query_argument_unknown")
