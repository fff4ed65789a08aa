"""Routes that take a JSON body read at most `JSON_BODY_BYTES` of it, and refuse what is not declared as JSON.

Without this the framework would collect whatever arrives in memory, and report a form post as "not a dictionary".
Routes that stream their body declare none, so none of this touches them.
"""

from collections.abc import Awaitable, Callable
from email.message import Message as Headers

from fastapi import Request, Response
from starlette.types import Message

from service_kit.problems import BodyTooLarge, ContentTypeUnsupported
from service_kit.strict_query import StrictQueryRoute

JSON_BODY_BYTES = 64 * 1024


class StrictRoute(StrictQueryRoute):
    """Strict about the query, and about a JSON body where the route has one."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_json(request: Request) -> Response:
            return await handle(await _with_body_read(request))

        return handle_json


async def _with_body_read(request: Request) -> Request:
    """The same request, its body in memory; raises BodyTooLarge or ContentTypeUnsupported."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > JSON_BODY_BYTES:
        raise BodyTooLarge(f"{JSON_BODY_BYTES} bytes at most")
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > JSON_BODY_BYTES:
            raise BodyTooLarge(f"{JSON_BODY_BYTES} bytes at most")
    if body and not _is_json(request.headers.get("content-type", "")):
        raise ContentTypeUnsupported("Content-Type must be application/json")

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(request.scope, receive)


def _is_json(content_type: str) -> bool:
    headers = Headers()
    headers["content-type"] = content_type
    return headers.get_content_type() == "application/json"
