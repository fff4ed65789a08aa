"""Systems for the tests of the standalone way to run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone.testing_system import StartSystem, SystemProcess, end, open_folder


@pytest.fixture
def start_system() -> Iterator[StartSystem]:
    """A function that starts systems, each in a folder of its own unless one is given."""
    with open_folder() as own:
        started: list[SystemProcess] = []

        def start(
            environment: dict[str, str] | None = None, folder: Path | None = None, command: list[str] | None = None
        ) -> SystemProcess:
            process = SystemProcess(
                folder or Path(own), environment or {}, command or [sys.executable, "-m", "standalone"]
            )
            started.append(process)
            return process

        yield start
        for process in started:
            end(process)


@pytest.fixture(scope="module")
def running() -> Iterator[SystemProcess]:
    """One system for all tests of a module that leave it as they found it."""
    with open_folder() as folder:
        process = SystemProcess(Path(folder), {}, [sys.executable, "-m", "standalone"])
        try:
            process.wait_until_ready()
            yield process
        finally:
            end(process)
