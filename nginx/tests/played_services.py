"""Apps that play the services at the gateway's HTTP border: service-kit and uvicorn as in production, no rules."""

import asyncio
import hashlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from service_kit.app import build_app
from service_kit.http_protocol import ProblemProtocol
from service_kit.problems import Problem, Unauthorized
from service_kit.server import KEEP_ALIVE_SECONDS

MODIFIED = "Tue, 24 Nov 2026 09:00:00 GMT"


class PlayedService:
    """An app on uvicorn in a thread, on a port of its own; use as a context manager."""

    def __init__(self, app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"{host}:{self.port}"
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=ProblemProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@asynccontextmanager
async def _no_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


def _build(title: str, router: APIRouter) -> FastAPI:
    for route in router.routes:
        route.include_in_schema = False  # type: ignore[attr-defined]
    return build_app(title=title, description=f"Plays {title}", routers=[router], checks={}, lifespan=_no_lifespan)


def describe(request: Request) -> dict[str, Any]:
    """What of a request reached the service."""
    headers = dict(request.headers)
    return {"method": request.method, "path": request.url.path, "query": request.url.query, "headers": headers}


def played_users() -> FastAPI:
    """Answers every public path of users-service with what it was asked."""
    router = APIRouter()

    @router.api_route("/user", methods=["GET", "POST"])
    @router.post("/user/token")
    async def echo(request: Request) -> JSONResponse:
        return JSONResponse({"service": "users", **describe(request)})

    @router.post("/internal/token/verify")
    async def verify() -> dict[str, str]:
        return {"user_id": "must never be reached"}

    return _build("users", router)


@dataclass
class Recording:
    """A file to serve, and how the service misbehaves with it."""

    body: bytes
    cut_after: int | None = None
    block_pause_seconds: float = 0.0

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()}"'

    def headers(self) -> dict[str, str]:
        return {
            "ETag": self.etag,
            "Last-Modified": MODIFIED,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": "attachment; filename*=UTF-8''%D0%B0.mp3",
            "X-Accel-Expires": f"@{int(time.time())}",
        }


class NoSuchRecording(Problem):
    status, code, title = 404, "record_not_found", "There is no such record"


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition_failed", "The record is not the one that the request is meant for"


class TooLarge(Problem):
    status, code, title = 413, "upload_too_large", "The upload is larger than allowed"


class NotAWav(Problem):
    status, code, title = 415, "not_a_wav", "The file is not a WAV"


REFUSALS: dict[str, type[Problem]] = {"401": Unauthorized, "413": TooLarge, "415": NotAWav}


@dataclass
class _Seen:
    recordings: dict[str, Recording] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    bytes_in: int = 0
    hold: threading.Event = field(default_factory=threading.Event)


class PlayedRecords(PlayedService):
    """Serves `recordings` by id; an upload is refused, held or counted as its path says (`/record?as=...`)."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.reset()
        super().__init__(_build("records", self._router()), host, port)

    def reset(self) -> None:
        """Forget everything."""
        self._seen = _Seen()

    @property
    def recordings(self) -> dict[str, Recording]:
        return self._seen.recordings

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was asked, in the order in which it came."""
        return self._seen.requests

    @property
    def bytes_in(self) -> int:
        """Bytes of uploads that have arrived."""
        return self._seen.bytes_in

    @property
    def hold(self) -> threading.Event:
        """What `as=held` waits for."""
        return self._seen.hold

    def _router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/record", self._download, methods=["GET", "HEAD"])
        router.add_api_route("/record", self._upload, methods=["POST"])
        router.add_api_route("/record", self._echo, methods=["DELETE"])
        router.add_api_route("/record/info", self._echo, methods=["GET"])
        router.add_api_route("/records", self._echo, methods=["GET"])
        router.add_api_route("/internal/health", self._echo, methods=["GET", "HEAD"])
        return router

    async def _echo(self, request: Request) -> Response:
        self.requests.append(describe(request))
        return JSONResponse({"service": "records", **describe(request)})

    async def _download(self, request: Request) -> Response:
        self.requests.append(describe(request))
        seconds = float(request.query_params.get("sleep", 0))
        await asyncio.sleep(seconds)
        recording = self.recordings.get(request.query_params.get("id", ""))
        if recording is None:
            raise NoSuchRecording
        if not _holds(request, recording):
            raise PreconditionFailed
        if request.headers.get("if-none-match") == recording.etag:
            return Response(status_code=304, headers=recording.headers())
        headers = {**recording.headers(), "Content-Length": str(len(recording.body))}
        return StreamingResponse(_stream(recording), media_type="audio/mpeg", headers=headers)

    async def _upload(self, request: Request) -> Response:
        self.requests.append(describe(request))
        way = request.query_params.get("as", "")
        if way in REFUSALS:
            raise REFUSALS[way]
        if way == "refused_late":
            await anext(aiter(request.stream()))
            raise NotAWav
        seen = self._seen
        digest = hashlib.sha256()
        async for block in request.stream():
            digest.update(block)
            seen.bytes_in += len(block)
        if way == "held":
            await asyncio.to_thread(seen.hold.wait, 20)
        return JSONResponse({"bytes": seen.bytes_in, "sha256": digest.hexdigest()}, 201)


def _holds(request: Request, recording: Recording) -> bool:
    wanted, unmodified_since = request.headers.get("if-match"), request.headers.get("if-unmodified-since")
    return wanted in (None, recording.etag) and unmodified_since in (None, MODIFIED)


async def _stream(recording: Recording) -> AsyncIterator[bytes]:
    position = 0
    while position < len(recording.body):
        if recording.cut_after is not None and position >= recording.cut_after:
            raise ConnectionAbortedError("the recording was deleted while it was read")
        yield recording.body[position : position + 65536]
        position += 65536
        await asyncio.sleep(recording.block_pause_seconds)


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until `holds()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
