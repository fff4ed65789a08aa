"""Keeps processes running: starts again what ends, less and less eagerly, and stops all in order."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
STEADY_AFTER_SECONDS = 30.0
POLL_SECONDS = 0.1
HURRIED_SECONDS = 2.0


class Stopping:
    """What SIGINT and SIGTERM ask for: the first to stop in order, any further one to hurry.

    With `parent`, the end of that process asks as well: `make run` must leave nothing behind when make is killed.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._asked = threading.Event()
        self._parent = parent
        self.hurried = False

    def ask(self) -> None:
        """Called by the signal handler."""
        self.hurried = self._asked.is_set()
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether the system is to stop."""
        if self._parent is not None and os.getppid() != self._parent:
            self._asked.set()
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, less long if the system is to stop; returns whether it is."""
        return self._asked.wait(seconds) or self.asked


@dataclass
class Child:
    """A process to keep. `ask` is the signal that ends it in order, `force` the one for when there is no more time."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    ask: signal.Signals = signal.SIGTERM
    force: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _restart_at: float = 0.0
    _pause: float = field(default=FIRST_PAUSE_SECONDS)

    def start(self) -> None:
        """Launch the process; it is not awaited."""
        self.process = self.launch()
        self._started_at = time.monotonic()

    def ended(self) -> bool:
        """Whether the process was started and is gone."""
        return self.process is not None and self.process.poll() is not None

    def tend(self, say: Callable[[str], None]) -> None:
        """Start the process again if it ended: at once after a long life, later and later after short ones."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._restart_at:
                self.start()
        elif self.process.poll() is not None:
            if now - self._started_at >= STEADY_AFTER_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            say(f"{self.name} ended ({describe_end(self.process)}); it starts again in {self._pause:.1f} s")
            self._sweep(self.process)
            self.process = None
            self._restart_at = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def stop(self, stopping: Stopping, timeout_seconds: float) -> None:
        """End the process in order, or by force when time is over or a second signal asks to hurry."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.ask)
            _await_end(process, timeout_seconds, lambda: stopping.hurried)
        if process.poll() is None:
            process.send_signal(self.force)
            _await_end(process, HURRIED_SECONDS, lambda: False)
        if process.poll() is None:
            process.kill()
        process.wait()
        self._sweep(process)

    @staticmethod
    def _sweep(process: subprocess.Popen[bytes]) -> None:
        """End what is left of its process group: workers outlive an nginx master that was killed, and hold the port."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def supervise(children: Sequence[Child], stopping: Stopping, say: Callable[[str], None]) -> None:
    """One round: start again what has ended."""
    for child in children:
        if stopping.asked:
            return
        child.tend(say)


def describe_end(process: subprocess.Popen[bytes]) -> str:
    """How a process ended, in words."""
    code = process.returncode
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _await_end(process: subprocess.Popen[bytes], seconds: float, hurried: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline and not hurried():
        time.sleep(POLL_SECONDS / 5)
