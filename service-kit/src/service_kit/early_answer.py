"""Lets an answer that comes before the end of its request reach the client.

A server that answers 401 or 413 and closes while the body is still arriving makes the sender's next write fail; a
proxy then reports its own 502 in place of the answer. So the answer is sent whole, and what is still arriving is read
and dropped for a bounded number of bytes and seconds before the connection closes.
"""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRAIN_BYTES = 256 * 1024 * 1024
DRAIN_SECONDS = 10.0


class EarlyAnswer:
    """ASGI middleware: holds back the end of an early answer until its request's body has been dropped."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body_ended = not _has_body(scope)

        async def receive_noting_the_end() -> Message:
            nonlocal body_ended
            message = await receive()
            body_ended = body_ended or not message.get("more_body", False)
            return message

        async def send_then_drain(message: Message) -> None:
            nonlocal body_ended
            if body_ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                # The client has all that Content-Length promised; only the server waits for the final message.
                await send({**message, "more_body": True})
                body_ended = True
                await _drop(receive)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app(scope, receive_noting_the_end, send_then_drain)


def _has_body(scope: Scope) -> bool:
    names = {name: value for name, value in scope["headers"] if name in (b"content-length", b"transfer-encoding")}
    return b"transfer-encoding" in names or names.get(b"content-length", b"0") != b"0"


async def _drop(receive: Receive) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while dropped < DRAIN_BYTES:
                message = await receive()
                if not message.get("more_body", False):
                    return
                dropped += len(message.get("body", b""))
    except TimeoutError:
        return
