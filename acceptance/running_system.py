"""Starts the whole system standalone, in a folder and on ports of its own, for tests that were given no gateway."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil

START_SECONDS = 90.0
STOP_SECONDS = 40.0
ROOT = Path(__file__).parents[1]

# Small enough that a test can send more than this; .ci/run gives the containers the same.
MAX_UPLOAD_BYTES = int(os.environ.get("MAX_UPLOAD_BYTES") or 192 * 1024 * 1024)


class RunningSystem:
    """`python -m standalone` as a child process; `settings` are variables of its environment."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.gateway_port, self.postgres_port = _free_ports(2)
        self.base_url = f"http://127.0.0.1:{self.gateway_port}"
        self._log = folder / "standalone.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "standalone", "--with-parent"],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "DATA_DIRECTORY": str(folder / "data"),
                    "GATEWAY_PORT": str(self.gateway_port),
                    "POSTGRES_PORT": str(self.postgres_port),
                    "MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES),
                    **settings,
                },
            )

    def wait_until_ready(self) -> None:
        """Returns when the gateway says that all is well; raises with what the system printed."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the system did not start:\n{self._log.read_text()}")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        """Whether /health is 200."""
        try:
            return httpx.get(f"{self.base_url}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def service(self, name: str) -> psutil.Process:
        """The process of one service, such as `records-service`."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if any(Path(argument).name == name for argument in child.cmdline()):
                return child
        raise LookupError(name)

    def database_url(self, login: str) -> str:
        """The URL of the database for one of its roles, as psql takes it."""
        password = (self.folder / "data" / "passwords" / login).read_text()
        return f"postgresql://{login}:{password}@127.0.0.1:{self.postgres_port}/recordings"

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def open_system(**settings: str) -> Iterator[RunningSystem]:
    """A system from an empty folder, ready, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="recordings-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs under another account, which must reach its data
    system = RunningSystem(folder, **settings)
    try:
        system.wait_until_ready()
        yield system
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in bound:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in bound]
