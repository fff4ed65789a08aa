"""An answer that comes before the end of a large body reaches the client, every time."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

StartProcess = Callable[..., Any]

BODY_BYTES = 100_000_000
BLOCK = bytes(1_000_000)


def send_all_then_read(port: int, path: str, head: bytes) -> tuple[int, str]:
    """Status and code as a proxy sees them: it writes the whole body and fails if one write does, then reads."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\n%b\r\n" % (path.encode(), head))
        for _ in range(BODY_BYTES // len(BLOCK)):
            if b"chunked" in head:
                client.sendall(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            else:
                client.sendall(BLOCK)
        if b"chunked" in head:
            client.sendall(b"0\r\n\r\n")
        answer = b""
        while block := client.recv(65536):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)["code"]


class TestARefusal:
    @pytest.mark.parametrize(
        ("path", "tries", "expected"),
        [
            ("/refused", 30, (401, "unauthorized")),
            ("/refused-later", 10, (401, "unauthorized")),
            ("/mine", 10, (413, "body_too_large")),
            ("/nothing", 10, (404, "route_not_found")),
        ],
    )
    def test_it_arrives_every_time_with_100_mb_on_their_way(
        self, start_process: StartProcess, path: str, tries: int, expected: tuple[int, str]
    ) -> None:
        service = start_process(LOG_LEVEL="error")
        head = b"Content-Length: %d\r\n" % BODY_BYTES
        answers = {send_all_then_read(service.port, path, head) for _ in range(tries)}

        assert answers == {expected}
        memory = Path(f"/proc/{service.process.pid}/status")
        if memory.exists():
            (peak,) = [line for line in memory.read_text().splitlines() if line.startswith("VmHWM")]
            assert int(peak.split()[1]) < 120_000

    def test_it_arrives_when_the_body_has_no_length(self, start_process: StartProcess) -> None:
        service = start_process()
        answers = {send_all_then_read(service.port, "/refused", b"Transfer-Encoding: chunked\r\n") for _ in range(5)}

        assert answers == {(401, "unauthorized")}

    def test_it_comes_before_the_body_does(self, start_process: StartProcess) -> None:
        service = start_process()
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
            client.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")

            assert client.recv(4096).startswith(b"HTTP/1.1 401")

    def test_a_client_that_leaves_after_it_harms_nobody(self, start_process: StartProcess) -> None:
        service = start_process()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
                client.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
                client.recv(4096)

        assert httpx.get(f"{service.url}/livez").status_code == 200
        assert "request.failed" not in service.log()


class TestAnOrdinaryAnswer:
    def test_a_connection_is_kept_when_the_body_was_read(self, start_process: StartProcess) -> None:
        service = start_process()
        with httpx.Client(base_url=service.url) as client:
            for _ in range(2):
                answer = client.post("/counted", content=bytes(1_000_000))
                assert answer.json() == 1_000_000
                assert "Connection" not in answer.headers
            assert client.get("/slow?seconds=0").status_code == 200
