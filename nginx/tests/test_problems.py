"""Every error that nginx makes itself is a problem, whatever was wrong."""

import pytest
from gateway_process import GatewayProcess

HOST = b"Host: gateway.test\r\n"


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"junk\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET /a%zz HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /../a HTTP/1.1\r\n" + HOST + b"\r\n",
            b"POST /user HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n",
            b"POST /user HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST /user HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST /record HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\nHost: a\x01b\r\n\r\n",
            b"GET /user?a=\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /record?id=\xff HTTP/1.1\r\n" + HOST + b"\r\n",
            b"POST /record?user=\xff HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
            b"GET /health?\xff HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /user HTTP/1.1\r\n" + HOST + b"Authorization: Bearer \x01\r\n\r\n",
            b"GET /record?id=1 HTTP/1.1\r\n" + HOST + b"Accept: \x7f\r\n\r\n",
            b"POST /record HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nIdempotency-Key: a\x1fb\r\n\r\n",
        ],
    )
    def test_is_a_400(self, gateway: GatewayProcess, request_bytes: bytes) -> None:
        answer = gateway.send(request_bytes)
        assert answer.status == 400
        assert answer.problem()["code"] == "malformed_request"

    def test_an_unknown_coding_is_a_501(self, gateway: GatewayProcess) -> None:
        answer = gateway.send(b"POST /user HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n")
        assert answer.status == 501
        assert answer.problem()["code"] == "not_implemented"

    def test_an_unknown_version_is_a_505(self, gateway: GatewayProcess) -> None:
        answer = gateway.send(b"GET / HTTP/2.5\r\n" + HOST + b"\r\n")
        assert answer.status == 505
        assert answer.problem()["code"] == "http_version_not_supported"

    def test_a_long_address_is_a_414(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/record?id=" + "a" * 20_000)
        assert answer.status == 414
        assert answer.problem()["code"] == "uri_too_long"

    def test_a_long_header_is_a_431(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/user", "Cookie: " + "a" * 20_000)
        assert answer.status == 431
        assert answer.problem()["code"] == "headers_too_large"


class TestPathsAndMethods:
    @pytest.mark.parametrize(
        "path",
        ["/", "/user/", "/User", "/record/", "//record", "/records/", "/internal/health", "/internal/token/verify",
         "/internal/problem", "/internal/upload", "/internal/record", "/record/x", "/openapi.json", "/readyz", "/livez",
         "/transcode", "/docs/", "/docs/../user/", "/docs/nginx.conf", "/health/", "/health/nginx", "/favicon.ico"],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_what_is_not_listed_is_a_404(self, gateway: GatewayProcess, path: str, method: str) -> None:
        answer = gateway.get(path, "Content-Length: 0", method=method)
        assert answer.status == 404
        assert answer.problem()["code"] == "route_not_found"

    @pytest.mark.parametrize("path", ["/health", "/health/users", "/docs", "/docs/users.json", "/docs/page.js"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "ODD"])
    def test_what_can_only_be_read_is_a_405(self, gateway: GatewayProcess, path: str, method: str) -> None:
        answer = gateway.get(path, "Content-Length: 0", method=method)
        assert answer.status == 405
        assert answer.problem()["code"] == "method_not_allowed"
        assert answer.headers["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize("path", ["/user", "/record", "/nowhere"])
    @pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
    def test_trace_and_connect_are_refused(self, gateway: GatewayProcess, path: str, method: str) -> None:
        target = "gateway.test:80" if method == "CONNECT" else path
        answer = gateway.get(target, method=method)
        assert answer.status == 405
        assert answer.problem()["code"] == "method_not_allowed"

    def test_a_services_own_405_passes(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/record", "Content-Length: 0", method="PUT")
        assert answer.status == 405
        assert answer.headers.get_all("Allow") == ["DELETE, GET, HEAD, POST"]
        assert answer.problem()["code"] == "method_not_allowed"


class TestBodies:
    @pytest.mark.parametrize("framing", [b"Content-Length: 70000", b"Transfer-Encoding: chunked"])
    def test_a_body_too_large_for_a_small_route_is_a_413(self, gateway: GatewayProcess, framing: bytes) -> None:
        body = b"a" * 70_000 if b"Length" in framing else b"11170\r\n" + b"a" * 70_000 + b"\r\n0\r\n\r\n"
        answer = gateway.send(b"POST /user HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n", body)
        assert answer.status == 413
        assert answer.problem()["code"] == "body_too_large"

    def test_a_problem_is_not_for_keeping(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/nowhere")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "nginx"
        assert not {"retry-after", "allow"} & {name.lower() for name in answer.headers}
