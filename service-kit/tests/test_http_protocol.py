"""A request that the parser cannot read is refused with a problem document, like any other."""

import json
import socket
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture
def client(make_app: Callable[..., FastAPI], serve: Callable[[FastAPI], httpx.Client]) -> httpx.Client:
    return serve(make_app())


def send(client: httpx.Client, request: bytes) -> tuple[str, httpx.Headers, bytes]:
    """Status line, headers and body of the answer, read until the connection ends."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while block := connection.recv(4096):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    return (
        status_line,
        httpx.Headers([(name, value) for name, _, value in (line.partition(": ") for line in lines)]),
        body,
    )


class TestWhatCannotBeParsed:
    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"junk\r\n\r\n",
            b"GET /livez?\xff HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Odd: \x01\r\n\r\n",
            b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        ],
    )
    def test_is_a_400_that_ends_the_connection(self, client: httpx.Client, request_bytes: bytes) -> None:
        status_line, headers, body = send(client, request_bytes)
        problem = json.loads(body)

        assert status_line == "HTTP/1.1 400 Bad Request"
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Connection"] == "close"
        assert int(headers["Content-Length"]) == len(body)
        assert (problem["status"], problem["code"]) == (400, "malformed_request")
        assert problem["request_id"] == headers["X-Request-ID"] != ""
        assert client.get("/livez").status_code == 200

    def test_keeps_a_request_id_that_came_before(self, client: httpx.Client) -> None:
        _, headers, _ = send(
            client, b"GET /livez HTTP/1.1\r\nX-Request-ID: gateway-1\r\nHost: a\r\nX-Odd: \x01\r\n\r\n"
        )

        assert headers["X-Request-ID"] == "gateway-1"
