"""What the logs say of a request, and what they must not."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from acceptance.api import Account, Api
from acceptance.containers.compose import SERVICES, compose, containers_of

pytestmark = pytest.mark.containers


FLUSH_SECONDS = 1.5
"""Within this the gateway has written what it logged."""


def lines_of(service: str, request_id: str) -> list[dict[str, Any]]:
    """What a service's containers say of a request, once they say anything."""
    deadline = time.monotonic() + 5
    while True:
        lines = [line for one in containers_of(service) for line in one.log_lines() if request_id in line]
        if lines or time.monotonic() > deadline:
            return [json.loads(line) for line in lines]
        time.sleep(0.1)


class TestLogs:
    def test_one_request_id_goes_through_all_hops(self, api: Api, account: Account, clip: bytes) -> None:
        request_id = uuid4().hex
        assert api.upload(account, clip, headers={"X-Request-ID": request_id}).status_code == 201
        for service, path in [
            ("nginx", "/record"),
            ("records-service", "/record"),
            ("users-service", "/internal/token/verify"),
            ("transcoder-service", "/transcode"),
        ]:
            access = lines_of(service, request_id)
            assert [line["path"] for line in access if line["event"] == "request.answered"] == [path], service

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_line_is_json_with_an_event_and_a_time(self, service: str) -> None:
        for container in containers_of(service):
            for line in container.log_lines():
                assert json.loads(line).keys() >= {"event", "timestamp", "level"}, line

    def test_no_token_and_no_query_is_in_them(self, api: Api, account: Account, clip: bytes) -> None:
        stored = api.store(account, clip)
        api.upload_bare(account, clip)
        api.client.get(stored.url)
        api.request("GET", "/user", headers=account.bearer)
        api.request("GET", f"/user?token={account.token}")
        last = api.request("GET", f"/nowhere?token={account.token}").headers["X-Request-ID"]
        time.sleep(FLUSH_SECONDS)  # whichever of the gateway's workers answered each of them
        logs = compose("logs", "--no-color")
        assert last in logs
        assert account.token not in logs
        assert f"user={account.id}" not in logs
        assert "id=" + stored.id not in logs

    def test_health_probes_are_silent(self) -> None:
        for service in SERVICES:
            for container in containers_of(service):
                assert not any('"/readyz"' in line and "request.answered" in line for line in container.log_lines())
