"""What the transcoder costs by itself, beside the `lame` command on the same files in the same run.

Prints CPU and wall time, peak memory by length, and how long clips take while long recordings convert. About four
minutes on two cores.
"""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench.lame_command import Cost, cost_of_lame, print_library
from bench.processes import cpu_seconds, peak_megabytes, reset_peaks
from bench.recordings import write_wav

START_SECONDS = 30
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Transcoder:
    """A transcoder service of its own, with nothing in front of it."""

    port: int
    pid: int

    def post(self, path: Path) -> float:
        """Post a WAV as fast as it is taken; seconds until the MP3 was there."""
        started = time.perf_counter()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.putrequest("POST", "/transcode")
        connection.putheader("Content-Type", "audio/wav")
        connection.putheader("Content-Length", str(path.stat().st_size))
        connection.endheaders()
        with path.open("rb") as file:
            connection.sock.sendfile(file)
        answer = connection.getresponse()
        size = 0
        while block := answer.read(READ_BYTES):
            size += len(block)
        connection.close()
        if answer.status != 200 or size != int(answer.getheader("Content-Length", "-1")):
            raise SystemExit(f"the transcoder answered {answer.status} with {size} bytes")
        return time.perf_counter() - started

    def cpu_seconds(self) -> float:
        """User and system seconds of its process tree so far."""
        return sum(cpu_seconds(self.pid).values())


@contextmanager
def running_transcoder() -> Iterator[Transcoder]:
    """Start one, and stop it on the way out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"LISTEN_PORT": str(port), "LOG_LEVEL": "warning", "DRAIN_SECONDS": "0"}
    process = subprocess.Popen([sys.executable, "-m", "transcoder_service.main"], env=environment)
    try:
        _wait_until_ready(port, process)
        yield Transcoder(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the transcoder did not start")


def main() -> None:
    """Run the report."""
    if shutil.which("lame") is None:
        raise SystemExit("the lame command is the yardstick of this report and is not installed")
    print_library()
    with tempfile.TemporaryDirectory() as folder:
        hour = write_wav(Path(folder, "hour.wav"), seconds=3600, sample_rate_hz=44100, channels=2)
        long = write_wav(Path(folder, "long.wav"), seconds=600, sample_rate_hz=44100, channels=2)
        song = write_wav(Path(folder, "song.wav"), seconds=60, sample_rate_hz=44100, channels=2)
        word = write_wav(Path(folder, "word.wav"), seconds=1, sample_rate_hz=16000, channels=1)
        clips = {
            "5 s, 44.1 kHz stereo": write_wav(Path(folder, "clip.wav"), seconds=5, sample_rate_hz=44100, channels=2),
            "5 s, 16 kHz mono": write_wav(Path(folder, "mono.wav"), seconds=5, sample_rate_hz=16000, channels=1),
        }
        print("Transcoder: medians of interleaved rounds, after one that is not counted")
        with running_transcoder() as transcoder:
            report_cost(transcoder, word, "1 s, 16 kHz mono", rounds=5, uploads=60)
            report_cost(transcoder, song, "60 s, 44.1 kHz stereo", rounds=7, uploads=2)
            report_cost(transcoder, long, "600 s, 44.1 kHz stereo", rounds=5, uploads=1)
        report_memory({"600 s": long, "3600 s": hour})
        with running_transcoder() as transcoder:
            report_clips(transcoder, clips, hour, long)


def report_cost(transcoder: Transcoder, path: Path, title: str, *, rounds: int, uploads: int) -> None:
    """CPU and wall time per recording, as a share of those of `lame -V4 -q 5`."""
    ours, lames = [], []
    for _ in range(rounds + 1):
        lames.append(cost_of_lame(path, times=uploads))
        ours.append(_cost_of(transcoder, path, uploads))
    print(f"\n{title}")
    for name in ("cpu_seconds", "wall_seconds"):
        pairs = [(getattr(our, name), getattr(lame, name)) for our, lame in zip(ours[1:], lames[1:], strict=True)]
        our, lame, ratio = (
            statistics.median(column) for column in zip(*((o, y, o / y) for o, y in pairs), strict=True)
        )
        print(f"  {name:14s} transcoder {our:8.4f}   lame -V4 -q 5 {lame:8.4f}   ratio {ratio:5.2f}")


def _cost_of(transcoder: Transcoder, path: Path, uploads: int) -> Cost:
    before = transcoder.cpu_seconds()
    seconds = sum(transcoder.post(path) for _ in range(uploads))
    return Cost((transcoder.cpu_seconds() - before) / uploads, seconds / uploads)


def report_memory(recordings: dict[str, Path]) -> None:
    """The peak while one recording converts, each in a process of its own."""
    print("\nPeak memory, MiB")
    for title, path in recordings.items():
        with running_transcoder() as transcoder:
            reset_peaks(transcoder.pid)
            idle = max(peak_megabytes(transcoder.pid).values())
            transcoder.post(path)
            peak = max(peak_megabytes(transcoder.pid).values())
        print(f"  {title:8s} of 44.1 kHz stereo: idle {idle:6.1f}   peak {peak:6.1f}   above idle {peak - idle:5.1f}")


def report_clips(transcoder: Transcoder, clips: dict[str, Path], hour: Path, long: Path) -> None:
    """How long clips take, one after the other, alone and while an hour and ten minutes of stereo convert."""
    print("\nClips, one after the other: milliseconds until the MP3 is there")
    alone = {title: [transcoder.post(path) for _ in range(150)] for title, path in clips.items()}
    beside: dict[str, list[float]] = {title: [] for title in clips}
    with _repeating(lambda: transcoder.post(long)):
        converting = threading.Thread(target=transcoder.post, args=(hour,))
        converting.start()
        while converting.is_alive():
            for title, path in clips.items():
                beside[title].append(transcoder.post(path))
    for title in clips:
        figures = [statistics.quantiles(times[title], n=100)[at] * 1000 for times in (alone, beside) for at in (49, 98)]
        print(
            f"  {title}: alone p50 {figures[0]:.1f} p99 {figures[1]:.1f}   beside an hour and ten minutes of stereo "
            f"p50 {figures[2]:.1f} p99 {figures[3]:.1f} ({len(beside[title])} clips)   p99 ratio "
            f"{figures[3] / figures[1]:.2f}"
        )


@contextmanager
def _repeating(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` again and again in a thread."""
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


if __name__ == "__main__":
    main()
