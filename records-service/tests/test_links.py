"""Links start with what the client used, unless it is configured."""

from uuid import UUID

import pytest
from pydantic import HttpUrl
from starlette.datastructures import Headers

from records_service.links import Links
from service_kit.problems import MalformedRequest

RECORD, USER = UUID(int=1), UUID(int=2)
QUERY = f"id={RECORD}&user={USER}"


def link(headers: dict[str, str], base: str | None = None) -> str:
    links = Links(None if base is None else HttpUrl(base))
    return links.record(Headers(headers), record_id=RECORD, user_id=USER)


class TestLinks:
    @pytest.mark.parametrize(
        ("headers", "base"),
        [
            ({"host": "localhost:8080"}, "http://localhost:8080"),
            ({"host": "[::1]:8080"}, "http://[::1]:8080"),
            ({"host": "inner:8000", "x-forwarded-host": "audio.example"}, "http://audio.example"),
            ({"host": "audio.example", "x-forwarded-proto": "https"}, "https://audio.example"),
        ],
    )
    def test_start_with_what_the_client_used(self, headers: dict[str, str], base: str) -> None:
        assert link(headers) == f"{base}/record?{QUERY}"

    @pytest.mark.parametrize("base", ["https://audio.example", "https://audio.example/"])
    def test_start_with_the_configured_base(self, base: str) -> None:
        assert link({"host": "inner"}, base) == f"https://audio.example/record?{QUERY}"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"host": ""},
            {"host": "a b"},
            {"host": "a/b"},
            {"host": "a@b"},
            {"host": "a", "x-forwarded-proto": "ftp"},
        ],
    )
    def test_are_not_made_of_nonsense(self, headers: dict[str, str]) -> None:
        with pytest.raises(MalformedRequest):
            link(headers)
