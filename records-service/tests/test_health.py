"""Readiness is the database's; `/internal/health` says which neighbour is missing."""

from collections.abc import Callable
from typing import Any

import httpx


def get(url: str) -> tuple[int, dict[str, str]]:
    answer = httpx.get(url, trust_env=False, timeout=10)
    return answer.status_code, answer.json()["checks"]


class TestHealth:
    def test_all_is_well(self, serve_records: Callable[..., str]) -> None:
        url = serve_records()
        assert get(f"{url}/internal/health") == (200, {"database": "ok", "users": "ok", "transcoder": "ok"})
        assert get(f"{url}/readyz") == (200, {"database": "ok"})

    def test_a_missing_neighbour_is_named(self, serve_records: Callable[..., str], users: Any) -> None:
        users.ready = False
        url = serve_records(transcoder_url="http://127.0.0.1:9")
        expected = {"database": "ok", "users": "failed", "transcoder": "failed"}
        assert get(f"{url}/internal/health") == (503, expected)
        assert get(f"{url}/readyz")[0] == 200

    def test_head_is_get_without_a_body(self, serve_records: Callable[..., str], users: Any) -> None:
        url = serve_records()
        for ready, status in ((True, 200), (False, 503)):
            users.ready = ready
            answer = httpx.head(f"{url}/internal/health", trust_env=False)
            assert (answer.status_code, answer.content) == (status, b"")

    def test_it_is_not_documented(self, serve_records: Callable[..., str]) -> None:
        document = httpx.get(f"{serve_records()}/openapi.json", trust_env=False).json()
        assert set(document["paths"]) == {"/record", "/record/info", "/records"}


class TestDocument:
    def test_it_describes_both_forms_of_an_upload(self, serve_records: Callable[..., str]) -> None:
        document = httpx.get(f"{serve_records()}/openapi.json", trust_env=False).json()
        upload = document["paths"]["/record"]["post"]
        assert set(upload["requestBody"]["content"]) == {"multipart/form-data", "audio/wav"}
        names = {parameter["name"] for parameter in upload["parameters"]}
        assert names == {"user", "Idempotency-Key", "Content-Digest"}
        assert {"201", "400", "401", "404", "408", "409", "413", "415", "422", "503", "504"} == set(upload["responses"])
