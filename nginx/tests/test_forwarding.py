"""What of a request reaches a service, what of it reaches the log, and where it goes."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from gateway_process import Answer, GatewayProcess


def reached(answer: Answer) -> dict[str, Any]:
    """What the played service says that it was asked."""
    assert answer.status == 200, answer.body
    described: dict[str, Any] = json.loads(answer.body)
    return described


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "service", "arrives_as"),
        [
            ("GET", "/user", "users", "/user"),
            ("POST", "/user", "users", "/user"),
            ("POST", "/user/token", "users", "/user/token"),
            ("DELETE", "/record", "records", "/record"),
            ("GET", "/record/info", "records", "/record/info"),
            ("GET", "/records", "records", "/records"),
            ("GET", "/health", "records", "/internal/health"),
        ],
    )
    def test_lead_to_their_service(
        self, gateway: GatewayProcess, method: str, path: str, service: str, arrives_as: str
    ) -> None:
        described = reached(gateway.get(f"{path}?a=%20b&c", "Content-Length: 0", method=method))
        assert (described["service"], described["method"]) == (service, method)
        assert (described["path"], described["query"]) == (arrives_as, "a=%20b&c")

    @pytest.mark.parametrize("path", ["/health/users", "/health/records", "/health/transcoder"])
    def test_health_of_each_service(self, gateway: GatewayProcess, path: str) -> None:
        assert json.loads(gateway.get(path).body)["status"] == "ok"

    @pytest.mark.parametrize("path", ["/docs/users.json", "/docs/records.json"])
    def test_documents_of_both_services(self, gateway: GatewayProcess, path: str) -> None:
        assert json.loads(gateway.get(path).body)["info"]["title"] == path.removeprefix("/docs/").removesuffix(".json")


class TestForwardedHeaders:
    def test_say_what_the_gateway_saw_whatever_the_client_says(self, gateway: GatewayProcess) -> None:
        headers = reached(
            gateway.get(
                "/user",
                "X-Forwarded-For: 6.6.6.6",
                "X-Forwarded-Host: evil.test",
                "X-Forwarded-Proto: https",
                "X-Real-IP: 6.6.6.6",
                "Forwarded: for=6.6.6.6",
                "Accept-Encoding: gzip",
            )
        )["headers"]
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-host"] == "gateway.test:8080"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["host"] == "gateway.test:8080"
        assert not {"x-real-ip", "forwarded", "accept-encoding", "connection"} & headers.keys()

    def test_a_token_passes(self, gateway: GatewayProcess) -> None:
        assert reached(gateway.get("/user", "Authorization: Bearer t"))["headers"]["authorization"] == "Bearer t"

    @pytest.mark.parametrize("host", ["a/b", "a..b", "a b", "a:b:c", "a:99999", "a:1x", "[::1", ":80", "a\\b"])
    def test_a_host_that_is_none_is_refused(self, gateway: GatewayProcess, host: str) -> None:
        answer = gateway.send(f"GET /user HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert answer.status == 400
        assert answer.problem()["code"] == "malformed_request"

    @pytest.mark.parametrize("host", ["a.test", "A.test:81", "127.0.0.1:8080", "[::1]:8080"])
    def test_a_host_passes_with_its_port(self, gateway: GatewayProcess, host: str) -> None:
        answer = gateway.send(f"GET /user HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert reached(answer)["headers"]["x-forwarded-host"] == host.lower()


class TestRequestId:
    @pytest.mark.parametrize("path", ["/user", "/nowhere", "/docs"])
    def test_is_the_clients_if_it_is_well_formed(self, gateway: GatewayProcess, path: str) -> None:
        answer = gateway.get(path, "X-Request-ID: from-client_1.2")
        assert answer.headers.get_all("X-Request-ID") == ["from-client_1.2"]

    @pytest.mark.parametrize("given", ["", "a b", 'a"b', "a" * 65, "é"])
    def test_is_a_new_one_otherwise(self, gateway: GatewayProcess, given: str) -> None:
        answer = gateway.get("/user", f"X-Request-ID: {given}")
        (request_id,) = answer.headers.get_all("X-Request-ID") or []
        assert len(request_id) == 32
        assert reached(answer)["headers"]["x-request-id"] == request_id

    def test_given_twice_is_a_new_one(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/user", "X-Request-ID: a", "X-Request-ID: b")
        assert len(answer.headers["X-Request-ID"]) == 32


FLUSH_SECONDS = 1.5
"""Within this the gateway has written what it logged."""


class TestAccessLog:
    def test_names_the_path_and_never_the_query(self, gateway: GatewayProcess) -> None:
        answer = gateway.get("/records?limit=secret-1", "Authorization: Bearer secret-2")
        line = gateway.log_line(answer.headers["X-Request-ID"])
        assert (line["method"], line["path"], line["status"]) == ("GET", "/records", 200)
        assert line["upstream_status"] == "200"
        assert line["bytes_out"] > 0
        logged = gateway.access_log.read_text() + gateway.error_log.read_text()
        assert "secret-" not in logged

    def test_keeps_the_path_of_what_was_rewritten_or_failed(self, gateway: GatewayProcess) -> None:
        for path, status in (("/record?id=secret-1", 404), ("/nowhere?secret-2", 404)):
            line = gateway.log_line(gateway.get(path).headers["X-Request-ID"])
            assert (line["path"], line["status"]) == (path.partition("?")[0], status)

    def test_of_a_request_that_could_not_be_read_is_still_json(self, gateway: GatewayProcess) -> None:
        answer = gateway.send(b'GET /"\x01\xff\\?secret-3 HTTP/1.1\r\nHost: a b\r\n\r\n')
        assert gateway.log_line(answer.headers["X-Request-ID"])["status"] == 400
        assert "secret-" not in gateway.access_log.read_text() + gateway.error_log.read_text()

    def test_is_silent_about_health(self, gateway: GatewayProcess) -> None:
        gateway.get("/health")
        gateway.get("/health/users")
        gateway.log_line(gateway.get("/nowhere").headers["X-Request-ID"])
        time.sleep(FLUSH_SECONDS)  # another worker may have answered
        assert not [line for line in gateway.log_lines() if line["path"].startswith("/health")]

    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGQUIT])
    def test_has_everything_at_the_end(self, nginx_binary: Path, tmp_path: Path, end: signal.Signals) -> None:
        with GatewayProcess(nginx_binary, tmp_path, {}) as gateway:
            for _ in range(20):
                gateway.get("/nowhere")
            gateway.process.send_signal(end)
            gateway.process.wait(10)
        assert len(gateway.log_lines()) == 20
