"""Uploads that end before their body does: refused at once, given up, or left by their client."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

Rows = Callable[..., list[tuple[Any, ...]]]
BeginUpload = Callable[..., tuple[socket.socket, float]]
WAV = b"RIFF" + bytes(200_000)
END = b"--cut--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}
FORM_HEAD = "POST /record HTTP/1.1\nHost: here\nContent-Type: multipart/form-data; boundary=cut\nContent-Length: 900000"


@pytest.fixture
def client(serve_records: Callable[..., str]) -> Iterator[httpx.Client]:
    """A service that takes a megabyte and waits half a second for the next block."""
    url = serve_records(max_upload_bytes=1_000_000, upload_idle_timeout_seconds=1)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_stored(query: Rows) -> Iterator[None]:
    """Each of these tests leaves the tables as it found them."""
    counts = "SELECT (SELECT count(*) FROM records.record), (SELECT count(*) FROM records.record_chunk)"
    before = query(counts)
    yield
    assert query(counts) == before


@pytest.fixture
def begin_upload(client: httpx.Client) -> Iterator[BeginUpload]:
    """Sends a request's head and some of its body on a socket of its own; closed after the test."""
    with ExitStack() as stack:

        def begin(head: str, sent: bytes, *, url: str = "") -> tuple[socket.socket, float]:
            address = urlsplit(url or str(client.base_url))
            connection = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
            connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + sent)
            return connection, time.monotonic()

        yield begin


def part(name: str, value: bytes, extra: bytes = b"") -> bytes:
    """A part of a form with the boundary `cut`."""
    return b'--cut\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), extra, value)


def file_part(value: bytes = WAV) -> bytes:
    return part("file", value, b'; filename="a.wav"')


def credentials(user: UUID, token: UUID) -> bytes:
    return part("user", str(user).encode()) + part("token", str(token).encode())


class TestEarlyRefusals:
    """The answer comes although most of the body never does."""

    def test_a_length_over_the_limit_is_refused_by_the_head(self, begin_upload: BeginUpload) -> None:
        connection, began = begin_upload(FORM_HEAD.replace("900000", "1000001"), b"")
        assert b"413" in connection.recv(65536).split(b"\r\n")[0]
        assert time.monotonic() - began < 0.4

    def test_a_body_without_a_length_is_refused_at_the_limit(self, client: httpx.Client, users: Any) -> None:
        def blocks() -> Iterator[bytes]:
            yield credentials(*users.add()) + file_part()[:-2]
            for _ in range(20):
                yield bytes(50_000)

        answer = client.post("/record", content=blocks(), headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")

    def test_a_wrong_token_is_refused_before_the_file(
        self, begin_upload: BeginUpload, users: Any, transcoder: Any
    ) -> None:
        fields = credentials(users.add()[0], uuid4())
        connection, began = begin_upload(FORM_HEAD, fields + file_part()[:1000])
        assert b"401" in connection.recv(65536).split(b"\r\n")[0]
        assert time.monotonic() - began < 0.4
        assert transcoder.begun == 0

    def test_the_transcoders_refusal_is_passed_on(self, begin_upload: BeginUpload, users: Any, transcoder: Any) -> None:
        transcoder.refusal = 415, "not_a_wav"
        connection, began = begin_upload(FORM_HEAD, credentials(*users.add()) + file_part()[:5000])
        answer = connection.recv(65536)
        assert b"415" in answer.split(b"\r\n")[0]
        assert b'"code":"not_a_wav"' in answer
        assert b'"detail":"Because"' in answer
        assert time.monotonic() - began < 0.4

    def test_an_upload_that_stands_still_is_given_up(
        self, begin_upload: BeginUpload, users: Any, transcoder: Any
    ) -> None:
        connection, began = begin_upload(FORM_HEAD, credentials(*users.add()) + file_part()[:5000])
        answer = connection.recv(65536)
        assert b"408" in answer.split(b"\r\n")[0]
        assert b'"code":"upload_too_slow"' in answer
        assert 0.4 < time.monotonic() - began < 1.5
        assert wait_until(lambda: transcoder.cancelled == 1)

    def test_past_the_limit_of_uploads_the_answer_is_busy(
        self, begin_upload: BeginUpload, serve_records: Callable[..., str], users: Any, transcoder: Any
    ) -> None:
        url = serve_records(max_uploads=1, upload_idle_timeout_seconds=2)
        with httpx.Client(base_url=url, trust_env=False) as client:
            first, _ = begin_upload(FORM_HEAD, credentials(*users.add()) + file_part()[:5000], url=url)
            assert wait_until(lambda: transcoder.begun == 1)
            began = time.monotonic()
            refused = client.post("/record", content=END, headers=FORM)
            assert time.monotonic() - began < 0.3
            assert (refused.status_code, refused.json()["code"]) == (503, "records_busy")
            assert refused.headers["Retry-After"]
            first.close()
            assert wait_until(lambda: client.post("/record", content=END, headers=FORM).status_code == 422)


class TestClientsThatLeave:
    def test_in_mid_upload_the_conversion_is_cancelled(
        self, begin_upload: BeginUpload, users: Any, transcoder: Any
    ) -> None:
        connection, _ = begin_upload(FORM_HEAD, credentials(*users.add()) + file_part()[:5000])
        assert wait_until(lambda: transcoder.begun == 1)
        connection.close()
        assert wait_until(lambda: transcoder.cancelled == 1)

    def test_while_the_answer_is_awaited_the_conversion_is_cancelled(
        self, begin_upload: BeginUpload, client: httpx.Client, users: Any, transcoder: Any
    ) -> None:
        transcoder.silent = True
        body = credentials(*users.add()) + file_part() + END
        connection, _ = begin_upload(FORM_HEAD.replace("900000", str(len(body))), body)
        assert wait_until(lambda: transcoder.begun == 1)
        time.sleep(0.1)
        connection.close()
        assert wait_until(lambda: transcoder.cancelled == 1)


def wait_until(true: Callable[[], bool], seconds: float = 1.0) -> bool:
    """Whether it came true within a second, which is what a client that leaves is promised."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
