"""A system to measure: a fresh standalone one on a free port, in a temporary folder that goes with it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

START_SECONDS = 90


@dataclass(frozen=True)
class System:
    """Where the gateway is and which process is the parent of all the others."""

    url: str
    pid: int


@contextmanager
def running_system(**settings: str) -> Iterator[System]:
    """Start the standalone system with the given settings on top of the defaults, and stop it on the way out."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = os.environ | {"GATEWAY_PORT": str(port), "DATA_DIRECTORY": folder} | settings
        supervisor = subprocess.Popen([sys.executable, "-m", "standalone"], env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(url, supervisor)
            yield System(url, supervisor.pid)
        finally:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait(60)


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, supervisor: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if supervisor.poll() is not None:
            raise SystemExit(f"the system ended at its start with exit code {supervisor.returncode}")
        try:
            if httpx.get(f"{url}/health", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the system was not healthy within {START_SECONDS} s")
