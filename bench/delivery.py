"""What downloads cost, beside the same nginx serving the same bytes from a file in the same run.

Warm: requests per second for a 5-second and a 10-minute MP3 at 1, 16 and 64 connections. Cold: the first read of each
of several recordings, from PostgreSQL. Last, how much longer a hot link takes, asked for at a steady rate, while four
10-minute WAVs upload.
"""

import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.conversion import Uploader
from bench.load import put_load, steady_latencies
from bench.processes import cpu_seconds, spent
from bench.recordings import write_wav
from bench.system import free_port, running_system
from standalone.gateway import find_nginx

SECONDS = 4
COLD_READS = 5
P99_ROUNDS = 5
# At ten times as many the client's own pauses beside busy cores are most of what is measured.
STEADY_PER_SECOND = 100
STEADY_SECONDS = 8

FILE_SERVER = """
worker_processes auto;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    types {{ audio/mpeg mp3; }}
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def main() -> None:
    """Run the report on a system of its own."""
    with tempfile.TemporaryDirectory() as folder, running_system() as system:
        uploader = Uploader(system)
        clip = write_wav(Path(folder, "clip.wav"), seconds=5, sample_rate_hz=16000, channels=1)
        music = write_wav(Path(folder, "music.wav"), seconds=600, sample_rate_hz=44100, channels=2)
        Path(folder).chmod(0o755)
        with file_server(Path(folder)) as (files, files_pid):
            for title, path in (("5 seconds, 16 kHz mono", clip), ("10 minutes, 44.1 kHz stereo", music)):
                link = uploader.upload(path)
                path.with_suffix(".mp3").write_bytes(httpx.get(link).raise_for_status().content)
                report_warm(title, link, system.pid, f"{files}/{path.stem}.mp3", files_pid)
        report_cold(uploader, music)
        report_beside_uploads(uploader, clip, music)


@contextmanager
def file_server(root: Path) -> Iterator[tuple[str, int]]:
    """The same nginx with nothing but files; its address and its master's process id."""
    port = free_port()
    with tempfile.TemporaryDirectory() as prefix:
        Path(prefix).chmod(0o755)
        Path(prefix, "nginx.conf").write_text(FILE_SERVER.format(port=port, root=root), encoding="utf-8")
        command = [
            str(find_nginx()),
            "-p",
            f"{prefix}/",
            "-c",
            f"{prefix}/nginx.conf",
            "-e",
            "stderr",
            "-g",
            "daemon off;",
        ]
        server = subprocess.Popen(command)
        try:
            time.sleep(0.5)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
            server.wait(10)


def report_warm(title: str, link: str, system_pid: int, file_link: str, files_pid: int) -> None:
    """Requests per second and CPU of the cached link and of the file, in turn."""
    print(f"\n{title}: warm downloads, the link beside the same nginx serving the file")
    for connections in (1, 16, 64):
        ratios = []
        for _ in range(3):
            ours, our_cpu = _loaded(link, connections, system_pid)
            theirs, their_cpu = _loaded(file_link, connections, files_pid)
            ratios.append(ours / theirs)
        print(
            f"  {connections:2d} connections: {ours:7.0f} requests/s, CPU {our_cpu * 1e6:6.0f} us;  "
            f"file {theirs:7.0f} requests/s, CPU {their_cpu * 1e6:6.0f} us;  "
            f"ratio of requests/s {statistics.median(ratios):.2f}"
        )


def _loaded(url: str, connections: int, pid: int) -> tuple[float, float]:
    before = cpu_seconds(pid)
    load = put_load(url, connections=connections, seconds=SECONDS)
    if load.failed:
        print(f"  {load.failed} of {load.requests} requests failed")
    return load.requests_per_second, sum(spent(before, cpu_seconds(pid)).values()) / load.requests


def report_cold(uploader: Uploader, path: Path) -> None:
    """MB/s of the first read of a recording, which comes from PostgreSQL."""
    speeds = []
    for link in [uploader.upload(path) for _ in range(COLD_READS)]:
        started = time.perf_counter()
        size = len(httpx.get(link, timeout=60).raise_for_status().content)
        speeds.append(size / 1e6 / (time.perf_counter() - started))
    print(f"\nCold downloads of 10 minutes: {statistics.median(speeds):.0f} MB/s, median of {COLD_READS} first reads")


def report_beside_uploads(uploader: Uploader, clip: Path, music: Path) -> None:
    """How long a hot link takes while nothing else happens and while four uploads run."""
    link = uploader.upload(clip)
    httpx.get(link).raise_for_status()
    idle, busy, uploading = [], [], []
    for _ in range(P99_ROUNDS):
        idle.append(_p99(link))
        threads = [threading.Thread(target=Uploader(uploader.system).upload, args=(music,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        busy.append(_p99(link))
        uploading.append(sum(thread.is_alive() for thread in threads))
        for thread in threads:
            thread.join()
    ratios = [beside / alone for alone, beside in zip(idle, busy, strict=True)]
    print(
        f"\nGET of a 5-second MP3, {STEADY_PER_SECOND} times a second, p99: "
        f"idle {statistics.median(idle) * 1e3:.2f} ms, "
        f"beside four 10-minute uploads {statistics.median(busy) * 1e3:.2f} ms, "
        f"ratio {statistics.median(ratios):.1f} (from {min(ratios):.1f} to {max(ratios):.1f}; "
        f"uploads still running at the ends: {uploading})"
    )


def _p99(link: str) -> float:
    latencies = steady_latencies(link, per_second=STEADY_PER_SECOND, connections=4, seconds=STEADY_SECONDS)
    return latencies[len(latencies) * 99 // 100]


if __name__ == "__main__":
    main()
