"""records-service on a real PostgreSQL, with its neighbours faked at the HTTP border."""

import asyncio
import base64
import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
import psycopg2
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from records_service.db import record as record_table
from records_service.main import create_app
from records_service.records.chunks import CHUNK_BYTES, copy_in
from records_service.records.model import Record
from records_service.settings import RecordsSettings
from service_kit.early_answer import EarlyAnswer
from standalone.testing import TestPostgres


@contextmanager
def serving(app: ASGIApp, *, lifespan: Literal["on", "off"] = "on") -> Iterator[str]:
    """Serve an app on a port of its own, in a thread; the base URL."""
    config = uvicorn.Config(
        app,
        port=0,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


class FakeUsers:
    """users-service at its HTTP border: who owns which token."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.asked: list[dict[str, str | None]] = []
        self.status = 200
        self.delay_seconds = 0.0
        self.ready = True
        self.url = ""

    def add(self) -> tuple[UUID, UUID]:
        """A new user: id and token."""
        user, token = uuid4(), uuid4()
        self.tokens[str(token)] = str(user)
        return user, token

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/internal/token/verify", self._verify, methods=["POST"]), Route("/readyz", self._readyz)]
        )

    async def _verify(self, request: Request) -> Response:
        question = await request.json()
        self.asked.append(question)
        await asyncio.sleep(self.delay_seconds)
        if self.status != 200:
            return JSONResponse({"code": "whatever"}, self.status)
        owner = self.tokens.get(question["token"])
        if owner is None or question["user_id"] not in (None, owner):
            return JSONResponse({"code": "unauthorized"}, 401)
        return JSONResponse({"user_id": owner})

    async def _readyz(self, _request: Request) -> Response:
        return JSONResponse({}, 200 if self.ready else 503)


class FakeTranscoder:
    """transcoder-service at its HTTP border: takes everything, answers a made-up MP3 of `mp3_bytes` bytes."""

    def __init__(self) -> None:
        self.url = ""
        self.restore()

    def restore(self) -> None:
        """Work as it should."""
        self.wavs: list[bytes] = []  # SHA-256 of each WAV that came to its end
        self.begun = self.cancelled = 0
        self.mp3_bytes = 5000
        self.refusal: tuple[int, str] | None = None  # status and code, given at the first block
        self.delay_seconds = 0.0  # after the last byte, or before it refuses
        self.silent = False  # reads everything, never answers
        self.pauses = False  # a long time, in the middle of its answer
        self.dies = False  # in the middle of its answer
        self.ready = True
        self.facts: dict[str, object] = {
            "sample_count": 160_000,
            "sample_rate_hz": 16_000,
            "channels": 1,
            "encoding": "pcm",
            "bits_per_sample": 16,
            "peak_dbfs": -1.5,
            "rms_dbfs": None,
            "peaks": base64.b64encode(bytes([200, 56])).decode(),
        }

    def mp3(self) -> bytes:
        """What it answers."""
        return random.Random(self.mp3_bytes).randbytes(self.mp3_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/readyz":
            await JSONResponse({}, 200 if self.ready else 503)(scope, receive, send)
            return
        self.begun += 1
        sha256 = hashlib.sha256()
        async for block in Request(scope, receive).stream():
            sha256.update(block)
            if self.refusal is not None:
                break
        if self.refusal is not None:
            await self._refuse(scope, receive, send)
            return
        if self.silent:
            assert (await receive())["type"] == "http.disconnect"
            self.cancelled += 1
            return
        await asyncio.sleep(self.delay_seconds)
        self.wavs.append(sha256.digest())
        headers = {"X-Recording-Facts": json.dumps(self.facts)}
        answer = Response(self.mp3(), media_type="audio/mpeg", headers=headers)
        if self.pauses or self.dies:
            await send({"type": "http.response.start", "status": 200, "headers": answer.raw_headers})
            await send({"type": "http.response.body", "body": answer.body[: self.mp3_bytes // 2], "more_body": True})
            if self.dies:
                return  # the server breaks the connection
            await receive()
        else:
            await answer(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.refusal is not None
        await asyncio.sleep(self.delay_seconds)
        status, code = self.refusal
        problem = {"code": code, "title": "Refused", "status": status, "detail": "Because"}
        answer = JSONResponse(problem, status, media_type="application/problem+json", headers={"Connection": "close"})
        await answer(scope, receive, send)


@pytest.fixture(scope="session")
def transcoder_server() -> Iterator[FakeTranscoder]:
    transcoder = FakeTranscoder()

    async def counting_disconnects(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await transcoder(scope, receive, send)
        except ClientDisconnect:
            transcoder.cancelled += 1

    with serving(EarlyAnswer(counting_disconnects), lifespan="off") as transcoder.url:  # as the real one answers
        yield transcoder


@pytest.fixture
def transcoder(transcoder_server: FakeTranscoder) -> FakeTranscoder:
    """A fake transcoder-service that works, until a test says otherwise."""
    transcoder_server.restore()
    return transcoder_server


@pytest.fixture(scope="session")
def database(postgres: TestPostgres) -> TestPostgres:
    """The session's PostgreSQL with schema `records` migrated."""
    postgres.migrate("records-service")
    return postgres


@pytest.fixture
def query(database: TestPostgres) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Runs SQL as the superuser and returns the rows."""
    connection = psycopg2.connect(database.admin_url)
    connection.autocommit = True

    def run(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [] if cursor.description is None else list(cursor.fetchall())

    yield run
    connection.close()


@pytest.fixture(scope="session")
def users_server() -> Iterator[FakeUsers]:
    users = FakeUsers()
    with serving(users.app()) as users.url:
        yield users


@pytest.fixture
def users(users_server: FakeUsers) -> FakeUsers:
    """A fake users-service that works, until a test says otherwise."""
    users_server.asked.clear()
    users_server.status, users_server.delay_seconds, users_server.ready = 200, 0.0, True
    return users_server


@pytest.fixture(scope="session")
def make_settings(
    database: TestPostgres, users_server: FakeUsers, transcoder_server: FakeTranscoder
) -> Callable[..., RecordsSettings]:
    """Settings for the session's database and the fakes; keyword arguments override."""

    def make(**overrides: object) -> RecordsSettings:
        return RecordsSettings.model_validate(
            {
                "records_database_url": SecretStr(database.url("records_service")),
                "records_database_pool_size": 5,
                "users_url": users_server.url,
                "transcoder_url": transcoder_server.url,
                **overrides,
            }
        )

    return make


@pytest.fixture
def serve_records(
    make_settings: Callable[..., RecordsSettings], users: FakeUsers, transcoder: FakeTranscoder
) -> Iterator[Callable[..., str]]:
    """Starts records-service with the given settings; returns its base URL. Stopped after the test."""
    with ExitStack() as stack:

        def start(**overrides: object) -> str:
            app: FastAPI = create_app(make_settings(**overrides))
            return stack.enter_context(serving(app))

        yield start


@pytest.fixture
def serve_app() -> Callable[..., AbstractContextManager[str]]:
    return serving


@pytest.fixture(scope="session")
def engine(database: TestPostgres) -> Iterator[sa.Engine]:
    """The database as the role that serves."""
    engine = sa.create_engine(database.url("records_service"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def store(engine: sa.Engine) -> Callable[..., tuple[Record, bytes]]:
    """Stores `size` random bytes as a recording without an upload; other arguments override what its row says."""

    def store(size: int = 1000, **overrides: Any) -> tuple[Record, bytes]:
        content = random.randbytes(size)
        facts = {"wav_bytes": 320_044, "size_bytes": size, "sha256": hashlib.sha256(content).digest()}
        wav = {"sample_count": 160_000, "sample_rate_hz": 16_000, "channels": 1, "encoding": "pcm"}
        levels = {"bits_per_sample": 16, "peak_dbfs": -1.5, "rms_dbfs": -20.25, "peaks": b"\x81\x7f\x00\x40"}
        row: dict[str, Any] = {"id": uuid4(), "user_id": uuid4(), "name": "recording.wav", "chunk_size": CHUNK_BYTES}
        stored = Record(**(row | facts | wav | levels | {"created_at": datetime.now(UTC)} | overrides))
        with engine.begin() as connection:
            connection.execute(sa.insert(record_table).values(asdict(stored)))
            step = stored.chunk_size
            copy_in(connection, stored.id, 0, [content[start : start + step] for start in range(0, size, step)])
        return stored, content

    return store


@pytest.fixture(scope="session")
def served(make_settings: Callable[..., RecordsSettings]) -> Iterator[str]:
    """The base URL of the records-service that most tests ask: they need none of their own."""
    with serving(create_app(make_settings())) as url:
        yield url


@pytest.fixture
def client(served: str, users: FakeUsers, transcoder: FakeTranscoder) -> Iterator[httpx.Client]:
    """A client of a records-service with a pool of five connections and with neighbours that work."""
    with httpx.Client(base_url=served, trust_env=False, timeout=30) as client:
        yield client
