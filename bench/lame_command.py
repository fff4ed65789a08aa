"""The yardstick: what `lame -V4 -q 5` takes for a file."""

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from transcoder_service.lame.library import load_lame


@dataclass(frozen=True)
class Cost:
    """Per recording; CPU is user and system."""

    cpu_seconds: float
    wall_seconds: float


def cost_of_lame(path: Path, *, times: int) -> Cost:
    """The mean of so many runs."""
    before, started = _children_seconds(), time.perf_counter()
    for _ in range(times):
        subprocess.run(["lame", "--quiet", "-V4", "-q", "5", path, "/dev/null"], check=True)
    return Cost((_children_seconds() - before) / times, (time.perf_counter() - started) / times)


def print_library() -> None:
    """Which libmp3lame the transcoder takes here: it decides much of what is measured."""
    lame = load_lame(os.environ.get("LAME_LIBRARY", ""))
    print(f"The transcoder encodes with LAME {lame.version}, {lame.path}")


def _children_seconds() -> float:
    """CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
