"""The HTTP answer of a download: headers from the plan, body from the windows."""

import asyncio
import base64

from fastapi.responses import Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from records_service.records.content_disposition import inline_disposition, mp3_name
from records_service.records.service import Delivery

# `private`: a recording is for those who have its link, so no cache that others share may keep it. `no-cache`: a
# browser may, but asks each time (one row, 304), so what was deleted is gone at once for everyone. The gateway's own
# cache goes by X-Accel-Expires, which takes precedence for nginx.
CACHE_CONTROL = "private, no-cache"


class AudioResponse(Response):
    """Sends a delivery's windows as they are read; `with_body` is false for HEAD.

    While one window is on its way to the client, the next is read; a third is not begun before the first has gone, so
    a download takes two windows of memory however slow its client is.
    """

    media_type = "audio/mpeg"

    def __init__(self, delivery: Delivery, *, with_body: bool) -> None:
        planned = delivery.plan
        self.status_code = 304 if planned.not_modified else 206 if planned.part else 200
        self.background = None
        self.body = b""
        self.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in _headers(delivery).items()]
        self._first_window = delivery.first_window
        self._further_windows = delivery.further_windows
        self._unsent = len(planned.body) if with_body and not planned.not_modified else 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Raises whatever cuts the body short: the server then breaks the connection, which no client can miss."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        window, self._first_window = self._first_window, b""  # not kept while the others are sent
        if self._unsent == len(window):
            await send({"type": "http.response.body", "body": window, "more_body": False})
            return
        gone = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            await self._send_window(send, window)
            async for window in self._further_windows():
                if gone.done():
                    raise ClientDisconnect
                await self._send_window(send, window)
        finally:
            gone.cancel()

    async def _send_window(self, send: Send, window: bytes) -> None:
        self._unsent -= len(window)
        await send({"type": "http.response.body", "body": window, "more_body": self._unsent > 0})


def _headers(delivery: Delivery) -> dict[str, str]:
    """RFC 9110, 15.4.5 limits those of a 304; X-Accel-Expires belongs to what the gateway's cache may keep."""
    planned = delivery.plan
    headers = {"etag": planned.validators.etag, "cache-control": CACHE_CONTROL}
    if planned.part is None:
        # Fresh until the end of the second in which the row was asked for, or what is deleted meanwhile would be served
        # for longer; the absolute form, because nginx rounds a relative one up.
        headers["x-accel-expires"] = f"@{int(delivery.asked_at)}"
    if planned.not_modified:
        return headers
    file = planned.file
    headers |= {
        "content-type": AudioResponse.media_type,
        "content-length": str(len(planned.body)),
        "content-disposition": inline_disposition(mp3_name(file.name)),
        "accept-ranges": "bytes",
        "last-modified": planned.validators.http_date,
        "repr-digest": f"sha-256=:{base64.b64encode(file.sha256).decode()}:",
    }
    if planned.part is not None:
        headers["content-range"] = planned.part.content_range(file.size_bytes)
    return headers


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
