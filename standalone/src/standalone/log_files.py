"""Log files that processes append to: keeping them small, and what they say of a failure."""

import os
import re
import shutil
from pathlib import Path

TAIL_LINES = 30
_TELLING = re.compile(r"fatal|emerg|error|cannot|invalid|[A-Z_]{4,}: ", re.IGNORECASE)


def put_aside(log: Path) -> None:
    """Keep what a log holds as `.1` in place of what was there, and empty it; whoever appends to it may go on."""
    if log.exists() and log.stat().st_size:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def telling_line(log: Path) -> str:
    """The line at the end of a log that most likely says what went wrong; without one, where to look."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if line.strip()]
    except OSError:
        lines = []
    telling = [line for line in lines if _TELLING.search(line)] or lines
    return f"{telling[-1]} (see {log})" if telling else f"it wrote nothing to {log}"
