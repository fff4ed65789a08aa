"""CPU and memory of a tree of processes, read from Linux's /proc (proc(5))."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# PostgreSQL first: its processes name the role that they serve.
_NAMES = ("postgres", "nginx", "users-service", "records-service", "transcoder-service")


def tree(root: int) -> list[int]:
    """`root` and all of its descendants that are alive."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, fields in _stats():
        children[int(fields[1])].append(pid)
    found = [root]
    for pid in found:
        found.extend(children[pid])
    return found


def cpu_seconds(root: int) -> dict[str, float]:
    """User and system seconds so far by program, those of ended and awaited children included."""
    wanted = set(tree(root))
    seconds: defaultdict[str, float] = defaultdict(float)
    for pid, fields in _stats():
        if pid in wanted:
            seconds[program(pid)] += sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
    return dict(seconds)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """The difference of two readings of `cpu_seconds`."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def reset_peaks(root: int) -> None:
    """Make the kernel's record of each process's peak memory start anew from what it uses now."""
    for pid in tree(root):
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_megabytes(root: int) -> dict[str, float]:
    """The largest resident set of any process of each program since the last reset, in MiB (shared pages included)."""
    peaks: defaultdict[str, float] = defaultdict(float)
    for pid in tree(root):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    peaks[program(pid)] = max(peaks[program(pid)], int(line.split()[1]) / 1024)
    return dict(peaks)


def program(pid: int) -> str:
    """Which part of the system a process belongs to."""
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        for name in _NAMES:
            if name in command:
                return name
    return "supervisor"


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Each process's fields of /proc/PID/stat from the third (state) on; the second may hold spaces."""
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            with suppress(OSError):
                text = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
                yield int(entry), text.rpartition(")")[2].split()
