"""A small service built with the kit, served as in production."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from service_kit.app import build_app
from service_kit.health import Check
from service_kit.logs import configure_logs
from service_kit.settings import ServiceSettings
from standalone.testing import free_port, serve_in_thread


@pytest.fixture
def make_app() -> Callable[..., FastAPI]:
    """Makes an app with the given routers and checks and nothing to open or close."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    def make(*routers: APIRouter, checks: dict[str, Check] | None = None) -> FastAPI:
        return build_app(
            title="Sample", description="A sample.", routers=list(routers), checks=checks or {}, lifespan=lifespan
        )

    return make


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], httpx.Client]]:
    """Serves an app on a port of its own until the test ends; gives a client of it."""
    with ExitStack() as opened:

        def start(app: FastAPI) -> httpx.Client:
            url = opened.enter_context(serve_in_thread(app))
            return opened.enter_context(httpx.Client(base_url=url, timeout=30))

        yield start


class Process:
    """The sample service as a process."""

    def __init__(self, log: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        environment = {**os.environ, "LISTEN_PORT": str(self.port), "LOG_FORMAT": "json", **settings}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("sample_service.py")],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def await_start(self) -> None:
        """Returns when it takes connections."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError(self.log())

    def log(self) -> str:
        """All that it wrote so far."""
        return self._log.read_text()


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts the sample service with the given environment; gives it once it takes connections."""
    started: list[Process] = []

    def start(**settings: str) -> Process:
        process = Process(tmp_path / f"{len(started)}.log", **settings)
        started.append(process)
        process.await_start()
        return process

    yield start
    for process in started:
        process.process.kill()
        process.process.wait()


@pytest.fixture(autouse=True, scope="session")
def _plain_log() -> None:
    """Without it the library would draw every traceback with its frames' variables, which takes seconds."""
    configure_logs("sample", ServiceSettings.model_validate({"log_format": "json", "log_level": "error"}))
