"""An httpx transport that reads the answer while it still writes the request.

httpx's own writes the whole body before it looks at the answer, so a neighbour's early refusal of a long body would be
met as a broken pipe. Each request has a connection of its own, to an address picked at random from those that the host
has right now: that spreads uploads over replicas, and closing it cancels what the neighbour does.
"""

import asyncio
import random
import socket
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, cast

import h11
import httpx

WRITE_BUFFER_BYTES = 512 * 1024
READ_BUFFER_BYTES = 1024 * 1024
HEAD_BYTES = 64 * 1024


ADDRESS_SECONDS = 1.0


class DuplexTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 without TLS, for neighbours in one's own network.

    Honours the request's `timeout` extension: `connect` for the whole of resolving and connecting, `write` for the
    longest time that the neighbour takes no byte, `read` for the longest wait for the head once the request is
    written, and for each part of the body. What the request's body raises goes up as it is.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer with its body still to be read. The request's body may not have been read to its end."""
        deadlines = request.extensions["timeout"]
        exchange = await _connect(request, deadlines["connect"])
        try:
            head = await exchange.ask(request, write_seconds=deadlines["write"], read_seconds=deadlines["read"])
        except BaseException:
            exchange.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=list(head.headers),
            stream=_AnswerBody(exchange, deadlines["read"]),
            extensions={"request_written": exchange.request_written},
        )


class _AnswerBody(httpx.AsyncByteStream):
    def __init__(self, exchange: "_Exchange", read_seconds: float) -> None:
        self._exchange = exchange
        self._read_seconds = read_seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._exchange.read(self._read_seconds):
            yield part

    async def aclose(self) -> None:
        self._exchange.close()


async def _connect(request: httpx.Request, seconds: float) -> "_Exchange":
    """Tries all addresses of the host, and all once more: nothing of the body has been read yet."""
    loop = asyncio.get_running_loop()
    host, port = request.url.host, request.url.port or 80
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = random.sample(found, len(found)) * 2
            for left, (family, _type, _proto, _name, address) in enumerate(addresses, 1 - len(addresses)):
                try:
                    # A replica that has just gone swallows packets: it may not use up the time of the others.
                    async with asyncio.timeout(ADDRESS_SECONDS):
                        _, exchange = await loop.create_connection(
                            _Exchange, str(address[0]), int(address[1]), family=family
                        )
                    return exchange
                except OSError:
                    if left == 0:
                        raise
            raise httpx.ConnectError(f"{host} has no address", request=request)
    except TimeoutError:
        raise httpx.ConnectTimeout(f"no connection to {host}:{port}", request=request) from None
    except OSError as error:
        raise httpx.ConnectError(f"{host}:{port}: {error}", request=request) from error


class _Exchange(asyncio.Protocol):
    """One request and its answer on one connection."""

    def __init__(self) -> None:
        self.request_written = False
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._transport: asyncio.Transport
        self._head: asyncio.Future[h11.Response] = asyncio.get_running_loop().create_future()
        self._parts: deque[bytes] = deque()
        self._queued_bytes = 0
        self._answer_ended = False
        self._failure: str | None = None
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # What the request's side uses

    async def ask(self, request: httpx.Request, *, write_seconds: float, read_seconds: float) -> h11.Response:
        """Send the request until it ends or the answer begins, whichever is first; the answer's head."""
        sending = asyncio.create_task(self._send(request, write_seconds))
        try:
            waited_for: set[asyncio.Future[Any]] = {sending, self._head}
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            if not self._head.done():
                await sending
                await asyncio.wait({self._head}, timeout=read_seconds)
            if not self._head.done():
                raise httpx.ReadTimeout("no answer after the whole request", request=request)
            return self._head.result()
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            for ended in (sending, self._head):
                if ended.done() and not ended.cancelled():
                    ended.exception()  # looked at, so that the loop does not report what nobody needs any more

    async def read(self, seconds: float) -> bytes:
        """The next part of the answer's body, empty at its end."""
        while not self._parts:
            if self._failure is not None:
                raise httpx.ReadError(self._failure)
            if self._answer_ended:
                return b""
            self._readable.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._readable.wait()
            except TimeoutError:
                raise httpx.ReadTimeout("the answer stands still") from None
        part = self._parts.popleft()
        self._queued_bytes -= len(part)
        if self._queued_bytes < READ_BUFFER_BYTES and not self._answer_ended:
            self._transport.resume_reading()
        return part

    def close(self) -> None:
        """Close at once; what is not written yet is dropped."""
        self._head.cancel()  # of no effect on one that has come; else nobody would look at its failure
        self._transport.abort()

    async def _send(self, request: httpx.Request, write_seconds: float) -> None:
        self._write(h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw))
        async for block in request.stream:  # type: ignore[union-attr]
            if not self._writable.is_set():
                await self._drain(request, write_seconds)
            if block:
                self._write(h11.Data(data=block))
        self._write(h11.EndOfMessage())
        self.request_written = True

    async def _drain(self, request: httpx.Request, write_seconds: float) -> None:
        try:
            async with asyncio.timeout(write_seconds):
                await self._writable.wait()
        except TimeoutError:
            raise httpx.WriteTimeout("the request stands still", request=request) from None

    def _write(self, event: h11.Event) -> None:
        self._transport.writelines(self._h11.send_with_data_passthrough(event) or ())

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its bases
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._h11.receive_data(data)
        self._take_events()

    def eof_received(self) -> None:
        self._h11.receive_data(b"")
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection broke: {exc or 'closed by the other side'}")

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _take_events(self) -> None:
        try:
            while (event := self._h11.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    if not self._head.done():
                        self._head.set_result(event)
                elif isinstance(event, h11.Data):
                    self._parts.append(bytes(event.data))
                    self._queued_bytes += len(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._answer_ended = True
                    break
                elif isinstance(event, h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            self._fail(f"the answer is not HTTP/1.1: {error}")
        if self._queued_bytes >= READ_BUFFER_BYTES:
            self._transport.pause_reading()
        self._readable.set()

    def _fail(self, reason: str) -> None:
        if not self._answer_ended:
            self._failure = self._failure or reason
            if not self._head.done():
                self._head.set_exception(httpx.RemoteProtocolError(reason))
        self._readable.set()
        self._writable.set()
