"""What the gateway itself promises: which paths exist, its own errors, request ids, and nothing of the inside."""

import re

import httpx
import pytest

from acceptance.api import Account, Api, assert_problem
from acceptance.raw_http import Connection

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
LISTED = {
    "/user": {"GET", "POST"},
    "/user/token": {"POST"},
    "/record": {"GET", "HEAD", "POST", "DELETE"},
    "/record/info": {"GET"},
    "/records": {"GET"},
    "/health": {"GET", "HEAD"},
    "/health/users": {"GET", "HEAD"},
    "/health/records": {"GET", "HEAD"},
    "/health/transcoder": {"GET", "HEAD"},
    "/docs": {"GET", "HEAD"},
}
UNLISTED = [
    "/",
    "/users",
    "/user/",
    "/user/me",
    "/record/",
    "/record/info/",
    "/records/1",
    "/Record",
    "/transcode",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/metrics",
    "/favicon.ico",
    "/.git/config",
    "/health/nginx",
    "/docs/",
    "/docs/../etc/passwd",
    "/docs/%2e%2e/nginx.conf",
]
INSIDE = [
    "/internal",
    "/internal/token/verify",
    "/internal/health",
    "/internal/upload",
    "/internal/record",
    "/internal/problem",
    "/%69nternal/token/verify",
    "//internal/token/verify",
    "/user/../internal/token/verify",
    "/user/..%2finternal/token/verify",
    "/internal/token/verify/",
    "/INTERNAL/token/verify",
    "/transcode",
    "/user;/../internal/token/verify",
]
UNLISTED_METHODS = [(path, method) for path, known in LISTED.items() for method in METHODS if method not in known]


class TestPaths:
    @pytest.mark.parametrize("path", UNLISTED)
    @pytest.mark.parametrize("method", METHODS)
    def test_what_is_not_listed_does_not_exist(self, gateway: str, path: str, method: str) -> None:
        with Connection(gateway) as connection:
            connection.begin(method, path, {"Content-Length": "0"})
            if method == "HEAD":
                return  # the same answer without its body; only that it does not harm the next request
            answer = connection.answer()
        assert (answer.status, answer.problem()["code"]) in {(404, "route_not_found"), (400, "malformed_request")}

    @pytest.mark.parametrize("path", INSIDE)
    def test_the_inside_cannot_be_reached(self, gateway: str, account: Account, path: str) -> None:
        body = f'{{"token": "{account.token}", "user_id": null}}'.encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        with Connection(gateway) as connection:
            connection.begin("POST", path, headers)
            connection.send([body])
            answer = connection.answer()
        assert answer.status in (400, 404)
        assert answer.problem()["code"] in ("route_not_found", "malformed_request")

    @pytest.mark.parametrize(("path", "method"), UNLISTED_METHODS)
    def test_a_method_that_a_path_does_not_take(self, api: Api, path: str, method: str) -> None:
        response = api.request(method, path)
        assert response.status_code == 405
        allowed = set(re.split(r", *", response.headers["Allow"]))
        assert allowed == LISTED[path]
        if method != "HEAD":
            assert_problem(response, 405, "method_not_allowed")

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "G" * 100])
    def test_a_method_that_nobody_takes(self, gateway: str, method: str) -> None:
        with Connection(gateway) as connection:
            connection.begin(method, "/user", {})
            answer = connection.answer()
        assert answer.status in (400, 405)
        assert answer.problem()["status"] == answer.status


class TestItsOwnErrors:
    def test_a_query_of_a_hundred_kilobytes(self, gateway: str) -> None:
        with Connection(gateway) as connection:
            connection.begin("GET", "/record?id=" + "x" * 100_000, {})
            assert connection.answer().problem()["code"] == "uri_too_long"

    def test_headers_of_a_hundred_kilobytes(self, gateway: str) -> None:
        with Connection(gateway) as connection:
            connection.begin("GET", "/user", {"X-Long": "x" * 100_000})
            answer = connection.answer()
        assert answer.status in (400, 431)
        assert answer.problem()["status"] == answer.status

    @pytest.mark.parametrize("length", ["-1", "abc", "1, 2", "9" * 30])
    def test_a_length_that_is_none(self, gateway: str, length: str) -> None:
        with Connection(gateway) as connection:
            connection.begin("POST", "/user", {"Content-Length": length})
            answer = connection.answer()
        assert answer.status in (400, 413)
        assert answer.problem()["status"] == answer.status

    @pytest.mark.parametrize("host", ["", "a b", "evil/path", "x" * 300])
    def test_a_host_that_is_none(self, gateway: str, host: str) -> None:
        with Connection(gateway) as connection:
            connection.begin("GET", "/health", {"Host": host})
            answer = connection.answer()
        assert answer.status in (200, 400)
        assert "x-request-id" in answer.headers

    def test_it_does_not_tell_what_it_is_made_of(self, api: Api) -> None:
        for path in ("/nowhere", "/user", "/health", "/docs"):
            headers = api.client.get(path).headers
            assert headers.get("Server", "nginx") == "nginx"
            assert "X-Powered-By" not in headers


class TestRequestIds:
    def test_the_client_s_id_comes_back_if_it_is_well_formed(self, api: Api) -> None:
        for path in ("/health", "/nowhere", "/user"):
            response = api.request("GET", path, headers={"X-Request-ID": "my-id.1_2"})
            assert response.headers["X-Request-ID"] == "my-id.1_2"

    @pytest.mark.parametrize("given", ["two words", "x" * 65, "<script>", ""])
    def test_another_takes_the_place_of_one_that_is_not(self, api: Api, given: str) -> None:
        response = api.request("GET", "/user", headers={"X-Request-ID": given})
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


class TestLinksAndHosts:
    def test_a_link_leads_where_the_client_came_in(self, api: Api, account: Account, clip: bytes) -> None:
        headers = {"Host": "recordings.example:8443", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
        url = api.upload(account, clip, headers=headers).json()["url"]
        assert url.startswith("http://recordings.example:8443/record?id=")

    def test_a_client_cannot_say_who_it_is(self, api: Api, account: Account) -> None:
        forged = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "X-User-ID": account.id}
        assert_problem(api.request("GET", "/user", headers=forged), 401, "unauthorized")


class TestHealth:
    @pytest.mark.parametrize("path", ["/health", "/health/users", "/health/records", "/health/transcoder"])
    def test_a_system_that_runs_is_well(self, api: Api, path: str) -> None:
        response = api.request("GET", path)
        assert response.status_code == 200
        assert response.json()["status"] == "ok"

    @pytest.mark.parametrize("path", ["/health", "/health/users", "/health/records", "/health/transcoder"])
    def test_head_is_get_without_a_body(self, api: Api, path: str) -> None:
        response = api.request("HEAD", path)
        assert (response.status_code, response.content) == (200, b"")

    def test_health_names_all_that_an_upload_needs(self, api: Api) -> None:
        assert api.request("GET", "/health").json()["checks"].keys() == {"database", "users", "transcoder"}


class TestDocs:
    def test_the_page_loads_only_what_is_served_here(self, api: Api) -> None:
        page = api.request("GET", "/docs")
        assert page.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert assets
        for asset in assets:
            if asset.startswith("data:"):
                continue
            assert asset.startswith("/docs/"), asset
            assert api.request("GET", asset).status_code == 200, asset

    @pytest.mark.parametrize(
        ("document", "paths"),
        [
            ("/docs/users.json", {"/user", "/user/token"}),
            ("/docs/records.json", {"/record", "/record/info", "/records"}),
        ],
    )
    def test_each_document_has_the_public_routes_and_no_other(self, api: Api, document: str, paths: set[str]) -> None:
        openapi = api.request("GET", document).json()
        assert openapi["paths"].keys() == paths
        for path, operations in openapi["paths"].items():
            assert {method.upper() for method in operations} == LISTED[path]

    @pytest.mark.parametrize("document", ["/docs/users.json", "/docs/records.json"])
    def test_every_operation_is_described_with_examples(self, api: Api, document: str) -> None:
        openapi = api.request("GET", document).json()
        for path, operations in openapi["paths"].items():
            for method, operation in operations.items():
                assert operation["summary"], (path, method)
                assert operation["description"], (path, method)
        assert "example" in httpx.Response(200, json=openapi).text
