"""The transport reads while it writes, and says in httpx's own words what went wrong."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing

import httpx
import pytest

from records_service.clients.duplex import DuplexTransport

Serve = Callable[[bytes, int], str]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that reads so many bytes of one request, sends these bytes back and closes; its URL."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def answer(content: bytes, after_bytes: int) -> None:
            connection, _ = listener.accept()
            with connection:
                read = 0
                while read < after_bytes:
                    block = connection.recv(65536)
                    if not block:
                        return
                    read += len(block)
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        def start(content: bytes, after_bytes: int) -> str:
            threading.Thread(target=answer, args=(content, after_bytes), daemon=True).start()
            return f"http://localhost:{listener.getsockname()[1]}"

        yield start


def send(url: str, body: AsyncIterator[bytes] | None = None, **timeouts: float) -> httpx.Response:
    async def run() -> httpx.Response:
        timeout = httpx.Timeout(**{"connect": 2.0, "read": 2.0, "write": 2.0, "pool": 2.0, **timeouts})
        async with httpx.AsyncClient(transport=DuplexTransport(), timeout=timeout) as client:
            return await client.post(url, content=body)

    return asyncio.run(run())


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(100_000)
        await asyncio.sleep(0)


async def stuck() -> AsyncIterator[bytes]:
    yield bytes(1000)
    await asyncio.sleep(3600)


class TestAnswers:
    def test_the_whole_answer_is_read(self, serve: Serve) -> None:
        answer = send(serve(OK, 10))
        assert (answer.status_code, answer.text) == (200, "hello")
        assert answer.extensions["request_written"] is True

    @pytest.mark.parametrize("body", [endless, stuck])
    def test_one_that_comes_early_ends_the_request(
        self, serve: Serve, body: Callable[[], AsyncIterator[bytes]]
    ) -> None:
        answer = send(serve(OK, 200), body())
        assert answer.text == "hello"
        assert answer.extensions["request_written"] is False

    def test_one_in_chunks_is_read(self, serve: Serve) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        assert send(serve(b"HTTP/1.1 100 Continue\r\n\r\n" + chunked, 10)).text == "hello"


class TestFailures:
    @pytest.mark.parametrize(
        "content", [b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000]
    )
    def test_an_answer_without_a_head_is_no_http(self, serve: Serve, content: bytes) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            send(serve(content, 10))

    def test_a_body_cut_short_is_an_error(self, serve: Serve) -> None:
        with pytest.raises(httpx.ReadError):
            send(serve(OK[:-1], 10))

    def test_what_the_body_raises_goes_up(self, serve: Serve) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"first"
            raise LookupError("ours")

        with pytest.raises(LookupError, match="ours"):
            send(serve(OK, 10**9), broken())

    def test_nobody_listening_is_a_connect_error(self) -> None:
        with pytest.raises(httpx.ConnectError):
            send("http://127.0.0.1:9")

    def test_an_unknown_host_is_a_connect_error(self) -> None:
        with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
            send("http://no-such-host.invalid")

    def test_silence_is_a_read_timeout(self, serve: Serve) -> None:
        with pytest.raises(httpx.ReadTimeout):
            send(serve(OK, 10**9), read=0.2)
