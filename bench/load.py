"""Load on a URL by the `wrk` command, bounded in time, on loopback."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SCALE = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Load:
    """What one run of `wrk` saw. `failed` counts answers other than 2xx and 3xx and broken connections."""

    requests_per_second: float
    p99_seconds: float
    requests: int
    failed: int


def put_load(url: str, *, connections: int, seconds: int, script: str = "") -> Load:
    """Ask `url` again and again over kept-alive connections; `script` is Lua that makes requests of another kind."""
    if shutil.which("wrk") is None:
        raise SystemExit("the wrk command makes the load of this report and is not installed")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    with tempfile.TemporaryDirectory() as folder:
        if script:
            path = Path(folder, "request.lua")
            path.write_text(script, encoding="utf-8")
            command += ["-s", str(path)]
        output = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", output)
    failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", output)))
    for counts in re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output):
        failed += sum(map(int, counts))
    return Load(
        requests_per_second=float(_found(r"Requests/sec:\s+([\d.]+)", output)),
        p99_seconds=float(slow[1]) * _SCALE[slow[2]] if slow else 0.0,
        requests=int(_found(r"(\d+) requests in", output)),
        failed=failed,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk's report has changed:\n{text}")
    return match[1]
