"""Load on a URL, bounded in time, on loopback: as much as it takes, by the `wrk` command, or at a steady rate."""

import multiprocessing
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

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


def steady_latencies(url: str, *, per_second: int, connections: int, seconds: float) -> list[float]:
    """Seconds from the moment each GET was due to the end of its answer, sorted.

    Requests are due at a steady rate, however long those before took, so that a pause of the server counts for all
    who came in it; so does one of this client, which shares the cores. It is a process of its own, so that only they
    are shared.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_steady_latencies, url, per_second, connections, seconds).result()


def _steady_latencies(url: str, per_second: int, connections: int, seconds: float) -> list[float]:
    parts = urlsplit(url)
    opened = [HTTPConnection(parts.netloc, timeout=30) for _ in range(connections)]

    def get(connection: HTTPConnection) -> None:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET {url} was answered {answer.status}")

    def ask(first: int) -> list[float]:
        latencies = []
        for number in range(first, round(per_second * seconds), connections):
            due = started + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            get(opened[first])
            latencies.append(time.perf_counter() - due)
        return latencies

    for connection in opened:
        get(connection)
    with ThreadPoolExecutor(connections) as threads:
        started = time.perf_counter() + 0.1
        asked = list(threads.map(ask, range(connections)))
    for connection in opened:
        connection.close()
    return sorted(latency for latencies in asked for latency in latencies)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk's report has changed:\n{text}")
    return match[1]
