"""SIGTERM: not ready at once, still serving for a moment, and requests in flight end well."""

import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

StartProcess = Callable[..., Any]


class TestSigterm:
    def test_requests_in_flight_are_answered_and_the_exit_is_clean(self, start_process: StartProcess) -> None:
        service = start_process(DRAIN_SECONDS="0.2")
        with ThreadPoolExecutor(8) as threads:
            running = [threads.submit(httpx.get, f"{service.url}/slow?seconds=1.5", timeout=10) for _ in range(8)]
            time.sleep(0.5)
            service.process.send_signal(signal.SIGTERM)
            answers = [request.result() for request in running]

        assert [answer.status_code for answer in answers] == [200] * 8
        assert service.process.wait(5) == 0
        assert "service.stopped" in service.log()

    def test_until_the_drain_is_over_it_serves_but_is_not_ready(self, start_process: StartProcess) -> None:
        service = start_process(DRAIN_SECONDS="1")
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        ready = httpx.get(f"{service.url}/readyz")
        served = httpx.get(f"{service.url}/slow?seconds=0")

        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert served.status_code == 200
        assert served.headers["Connection"] == "close"
        assert service.process.wait(5) == 0

    def test_after_the_drain_it_refuses_for_a_while_but_serves_those_who_are_there(
        self, start_process: StartProcess
    ) -> None:
        service = start_process(DRAIN_SECONDS="1")
        with httpx.Client() as connected:
            assert connected.get(f"{service.url}/slow?seconds=0").status_code == 200
            service.process.send_signal(signal.SIGTERM)
            time.sleep(1.5)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{service.url}/slow?seconds=0")
            served = connected.get(f"{service.url}/slow?seconds=0")

        assert (served.status_code, served.headers["Connection"]) == (200, "close")
        assert service.process.wait(5) == 0

    def test_an_upload_in_flight_is_read_to_its_end(self, start_process: StartProcess) -> None:
        service = start_process(DRAIN_SECONDS="0")
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(b"POST /counted HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n")
            client.sendall(b"x" * 100)
            time.sleep(0.3)
            service.process.send_signal(signal.SIGTERM)
            for _ in range(3):
                time.sleep(0.3)
                client.sendall(b"x" * 100)
            answer = b""
            while block := client.recv(4096):
                answer += block

        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"400")
        assert service.process.wait(5) == 0

    def test_one_that_takes_too_long_is_cut_off(self, start_process: StartProcess) -> None:
        service = start_process(DRAIN_SECONDS="0", SHUTDOWN_TIMEOUT_SECONDS="1")
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(httpx.get, f"{service.url}/slow?seconds=60", timeout=30)
            time.sleep(0.5)
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(10)

            assert time.monotonic() - started < 4
            answer = running.result()

        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "Traceback" not in service.log()

    def test_a_second_one_ends_the_drain(self, start_process: StartProcess) -> None:
        service = start_process(DRAIN_SECONDS="60")
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(5) == 0
