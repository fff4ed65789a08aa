"""A neighbour that is away, slow, busy or talks nonsense: 503 or 504 with Retry-After, in time, nothing stored."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

Rows = Callable[..., list[tuple[Any, ...]]]
Serve = Callable[..., str]
WAV = b"RIFF" + bytes(300_000)
AWAY = "http://127.0.0.1:9"


def upload(url: str, users: Any, wav: bytes = WAV, key: str | None = None) -> tuple[int, str, float]:
    """Status, code and seconds of an upload that must be refused with Retry-After."""
    user, token = users.add()
    began = time.monotonic()
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.post(
            f"{url}/record",
            data={"user": str(user), "token": str(token)},
            files={"file": ("a.wav", wav)},
            headers={"Idempotency-Key": key} if key else {},
        )
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    return answer.status_code, answer.json()["code"], time.monotonic() - began


@pytest.fixture(autouse=True)
def _nothing_is_stored(query: Rows) -> Iterator[None]:
    counts = "SELECT (SELECT count(*) FROM records.record), (SELECT count(*) FROM records.record_chunk)"
    before = query(counts)
    yield
    assert query(counts) == before


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


class TestUsers:
    def test_away(self, serve_records: Serve, users: Any) -> None:
        assert upload(serve_records(users_url=AWAY), users)[:2] == (503, "users_unavailable")

    def test_failing(self, serve_records: Serve, users: Any) -> None:
        users.status = 500
        assert upload(serve_records(), users)[:2] == (503, "users_unavailable")

    def test_slow(self, serve_records: Serve, users: Any) -> None:
        users.delay_seconds = 2
        status, code, seconds = upload(serve_records(users_timeout_seconds=0.3), users)
        assert (status, code) == (504, "users_timeout")
        assert seconds < 1.3

    def test_silent(self, serve_records: Serve, users: Any, silent_port: int) -> None:
        url = serve_records(users_url=f"http://127.0.0.1:{silent_port}", users_timeout_seconds=0.3)
        assert upload(url, users)[:2] == (504, "users_timeout")


class TestTranscoder:
    def test_away(self, serve_records: Serve, users: Any) -> None:
        status, code, seconds = upload(serve_records(transcoder_url=AWAY), users)
        assert (status, code) == (503, "transcoder_unavailable")
        assert seconds < 1

    def test_busy(self, serve_records: Serve, users: Any, transcoder: Any) -> None:
        transcoder.refusal = 503, "transcoder_busy"
        assert upload(serve_records(), users)[:2] == (503, "transcoder_busy")

    @pytest.mark.parametrize("refusal", [(500, "internal_error"), (404, "route_not_found"), (503, "not_ready")])
    def test_failing(self, serve_records: Serve, users: Any, transcoder: Any, refusal: tuple[int, str]) -> None:
        transcoder.refusal = refusal
        assert upload(serve_records(), users)[:2] == (503, "transcoder_unavailable")

    def test_silent_after_the_last_byte(self, serve_records: Serve, users: Any, transcoder: Any) -> None:
        transcoder.silent = True
        status, code, seconds = upload(serve_records(transcode_timeout_seconds=1), users)
        assert (status, code) == (504, "transcoder_timeout")
        assert seconds < 2

    def test_that_takes_nothing(self, serve_records: Serve, users: Any, silent_port: int) -> None:
        url = serve_records(transcoder_url=f"http://127.0.0.1:{silent_port}", transcode_timeout_seconds=1)
        status, code, seconds = upload(url, users, bytes(20_000_000))
        assert (status, code) == (504, "transcoder_timeout")
        assert seconds < 3

    @pytest.mark.parametrize("facts", [{}, {"sample_count": "many"}, {"peaks": "?"}])
    def test_with_unusable_facts(
        self, serve_records: Serve, users: Any, transcoder: Any, facts: dict[str, object]
    ) -> None:
        transcoder.facts = transcoder.facts | facts if facts else {}
        assert upload(serve_records(), users)[:2] == (503, "transcoder_unavailable")

    def test_with_an_empty_mp3(self, serve_records: Serve, users: Any, transcoder: Any) -> None:
        transcoder.mp3_bytes = 0
        assert upload(serve_records(), users)[:2] == (503, "transcoder_unavailable")

    @pytest.mark.parametrize("mp3_bytes", [10_000, 5_000_000])
    def test_that_dies_in_the_middle_of_the_mp3(
        self, serve_records: Serve, users: Any, transcoder: Any, query: Rows, mp3_bytes: int
    ) -> None:
        transcoder.mp3_bytes, transcoder.dies = mp3_bytes, True
        key = f"dies-{mp3_bytes}"
        assert upload(serve_records(), users, key=key)[:2] == (503, "transcoder_unavailable")
        assert query("SELECT FROM records.idempotency_key WHERE key = %s", key) == []


class TestDatabase:
    def test_away(self, serve_records: Serve, users: Any) -> None:
        url = serve_records(records_database_url="postgresql+psycopg2://nobody:x@127.0.0.1:9/none")
        assert upload(url, users)[:2] == (503, "database_unavailable")

    @pytest.mark.parametrize("table", ["record", "record_chunk"])
    def test_with_a_locked_table(self, serve_records: Serve, users: Any, query: Rows, table: str) -> None:
        query("BEGIN")
        query(f"LOCK records.{table} IN EXCLUSIVE MODE")
        try:
            status, code, seconds = upload(serve_records(), users)
        finally:
            query("ROLLBACK")
        assert (status, code) == (503, "database_busy")
        assert seconds < 7
