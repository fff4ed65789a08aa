"""Starts processes that never outlive this one. Knows nothing of what they are."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")


class StartFailure(Exception):
    """Something that must run could not be started; the text is one line for the person at the terminal."""


def start_process(
    command: Sequence[str | Path],
    *,
    on_parent_death: signal.Signals,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    account: str | None = None,
    reach: Sequence[Path] = (),
    directory: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group; it gets `on_parent_death` when this process ends, kill -9 included.

    On Linux the signal comes when the thread that called this ends, so call it from the main thread.
    """
    options = ["--parent", str(os.getpid()), "--signal", str(int(on_parent_death))]
    if account is not None:
        options += ["--account", account]
    for path in reach:
        options += ["--reach", str(path)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCHER, *options, "--", *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=directory,
    )


def stop_process(process: subprocess.Popen[bytes], ask: signal.Signals, timeout_seconds: float) -> None:
    """Ask with a signal, then kill what has not ended in time."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
