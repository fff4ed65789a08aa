"""For tests: the standalone system as a process of its own, in a temporary folder and on free ports."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import psutil

from standalone.ports import answers_ok, free_ports

START_SECONDS = 40.0
ANSWER_SECONDS = 10.0
STOP_SECONDS = 20.0


class SystemProcess:
    """`python -m standalone`, or a command that starts it."""

    def __init__(self, folder: Path, environment: dict[str, str], command: list[str]) -> None:
        self.data = folder / "data"
        self.port, self.postgres_port = free_ports(2)
        given = {
            "DATA_DIRECTORY": str(self.data),
            "GATEWAY_PORT": str(self.port),
            "POSTGRES_PORT": str(self.postgres_port),
            **environment,
        }
        self.port = int(given["GATEWAY_PORT"]) if given["GATEWAY_PORT"].isdecimal() else 0
        self._output = folder / f"output-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | given,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        """What it has written so far."""
        return self._output.read_text()

    def failure(self) -> str:
        """Wait for a start that must fail; returns all that it wrote on the way."""
        assert self.popen.wait(START_SECONDS) != 0
        assert "Traceback" not in self.output()
        return self.output()

    def wait_until_ready(self) -> None:
        """Returns once it has said that it is ready."""
        wait_for(lambda: self.popen.poll() is not None or "Ready" in self.output(), START_SECONDS)
        assert self.popen.poll() is None, self.output()

    def family(self) -> list[psutil.Process]:
        """Everything that it started, to the last grandchild."""
        return psutil.Process(self.popen.pid).children(recursive=True)

    def children(self, pattern: str) -> list[psutil.Process]:
        """Its children of which the command line matches."""
        children = psutil.Process(self.popen.pid).children()
        return [child for child in children if re.search(pattern, " ".join(_command_line(child)))]

    def child(self, pattern: str) -> psutil.Process:
        """The one child of which the command line matches."""
        (child,) = self.children(pattern)
        return child

    def create_user(self) -> str:
        """Make a user through the gateway; returns the token."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)) as connection:
            connection.request("POST", "/user", json.dumps({"name": "Ada"}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == HTTPStatus.CREATED
            return str(json.load(answer)["token"])

    def knows(self, token: str) -> bool:
        """Whether the token belongs to a user."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)) as connection:
            connection.request("GET", "/user", headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().status == HTTPStatus.OK

    def is_healthy(self) -> bool:
        """Whether the gateway says that everything works."""
        return answers_ok(self.port, "/health")


class StartSystem(Protocol):
    """Starts a system that is ended with the test."""

    def __call__(
        self, environment: dict[str, str] | None = None, folder: Path | None = None, command: list[str] | None = None
    ) -> SystemProcess: ...


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Returns when the condition holds, fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def survivors(processes: list[psutil.Process], seconds: float) -> list[str]:
    """What is still running of `processes` after waiting for their end."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [" ".join(_command_line(process)) for process in alive]


def _is_alive(process: psutil.Process) -> bool:
    """Orphans that nobody has collected yet have ended; who collects them is the machine's affair."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(process: SystemProcess) -> None:
    """Whatever state it is in, leave nothing of it behind."""
    if process.popen.poll() is None:
        family = process.family()
        process.popen.terminate()
        try:
            process.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            process.popen.wait()
        survivors(family, STOP_SECONDS)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def open_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that other accounts may enter, as PostgreSQL's must when the tests run as root."""
    folder = tempfile.TemporaryDirectory(prefix="standalone-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o755)
    return folder
