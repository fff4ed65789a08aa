"""The outermost ASGI middleware: request id, one access line per request, and a 500 for what nobody caught."""

import asyncio
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.lifecycle import Lifecycle
from service_kit.problems import NotReady, Problem, problem_response
from service_kit.request_id import HEADER, begin_request

log = structlog.get_logger()

SILENT_PATHS = frozenset({"/livez", "/readyz"})


class RequestScope:
    """Wraps one request. It neither buffers bodies nor swallows a disconnect."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle) -> None:
        self.app = app
        self.lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = begin_request(Headers(scope=scope).get(HEADER))
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0
        bytes_out = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status, bytes_out
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if self.lifecycle.draining:
                    headers["Connection"] = "close"
            elif message["type"] == "http.response.body":
                bytes_out += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            log.info("client.gone", method=scope["method"], path=scope["path"])
        except asyncio.CancelledError:  # the server's, when a shutdown will wait no longer
            if status:
                raise
            await problem_response(NotReady("The service is shutting down"))(scope, receive, send_with_id)
        except Exception as error:
            log.exception("request.failed", method=scope["method"], path=scope["path"])
            if status:
                raise  # too late for an answer: the server breaks the connection, which the client notices
            await problem_response(Problem(log_detail=str(error)))(scope, receive, send_with_id)
        finally:
            if scope["path"] not in SILENT_PATHS:
                log.info(
                    "request.answered",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    bytes_out=bytes_out,
                    duration_ms=round((time.perf_counter() - started) * 1000, 2),
                )
            structlog.contextvars.clear_contextvars()
