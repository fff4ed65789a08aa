"""One line per request, readable by machines, and no secret in any of them."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

StartProcess = Callable[..., Any]


def answered(log: str) -> list[dict[str, Any]]:
    """The access lines of a JSON log, those of the start and the end left out."""
    lines = [json.loads(line) for line in log.splitlines()]
    return [line for line in lines if line["event"] == "request.answered"]


def await_lines(service: Any, event: str, count: int) -> str:
    """The log once it has so many lines of an event; a line is written just after its answer was sent."""
    deadline = time.monotonic() + 5
    while service.log().count(event) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    log: str = service.log()
    assert log.count(event) == count
    return log


class TestTheAccessLine:
    def test_it_holds_the_facts_of_a_request(self, start_process: StartProcess) -> None:
        service = start_process()
        httpx.get(f"{service.url}/slow?seconds=0", headers={"X-Request-ID": "abc"})
        (line,) = answered(await_lines(service, "request.answered", 1))

        assert line.pop("timestamp").endswith("Z")
        assert 0 < line.pop("duration_ms") < 5000
        assert line == {
            "event": "request.answered",
            "level": "info",
            "service": "sample",
            "request_id": "abc",
            "method": "GET",
            "path": "/slow",
            "status": 200,
            "bytes_out": 6,
        }

    def test_an_error_nobody_caught_is_logged_with_its_cause_under_the_request_id(
        self, start_process: StartProcess
    ) -> None:
        service = start_process()
        httpx.get(f"{service.url}/broken", headers={"X-Request-ID": "abc"})
        log = await_lines(service, "request.answered", 1)
        lines = [json.loads(line) for line in log.splitlines()]

        (failed,) = [line for line in lines if line["event"] == "request.failed"]
        assert failed["request_id"] == "abc"
        assert "RuntimeError: boom" in failed["exception"]
        assert [line["status"] for line in answered(log)] == [500]

    def test_probes_are_silent(self, start_process: StartProcess) -> None:
        service = start_process()
        assert httpx.get(f"{service.url}/livez").status_code == httpx.get(f"{service.url}/readyz").status_code == 200

        assert answered(service.log()) == []


class TestSecrets:
    @pytest.mark.parametrize("log_format", ["json", "console"])
    def test_tokens_query_strings_and_bodies_never_appear(self, start_process: StartProcess, log_format: str) -> None:
        service = start_process(LOG_FORMAT=log_format, LOG_LEVEL="debug")
        token, secret = str(uuid4()), f"secret{uuid4().hex}"
        with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {token}"}) as client:
            statuses = [
                client.post("/mine", json={"name": secret}).status_code,
                client.post("/mine", json={"name": [secret]}).status_code,
                client.post("/mine", content=secret, headers={"Content-Type": "application/json"}).status_code,
                client.post(f"/mine?token={secret}", json={}).status_code,
                client.get(f"/broken?q={secret}").status_code,
                client.get(f"/nothing?token={secret}").status_code,
                client.post("/mine", json={}, headers={"Authorization": f"Bearer {secret}"}).status_code,
            ]
        log = await_lines(service, "request.answered", len(statuses))

        assert statuses == [200, 422, 400, 400, 500, 404, 401]
        assert token not in log
        assert secret not in log
