"""What a recording costs the whole system, beside the `lame` command on the same file in the same run.

Prints CPU seconds by part for a 10-minute stereo WAV and a 5-second mono clip, and, for an hour of stereo, each part's
peak memory and the time from the upload's last byte to the answer.
"""

import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.lame_command import print_library
from bench.processes import cpu_seconds, peak_megabytes, reset_peaks, spent
from bench.recordings import write_wav
from bench.system import System, running_system

BLOCK_BYTES = 1 << 20


def main() -> None:
    """Run the report."""
    if shutil.which("lame") is None:
        raise SystemExit("the lame command is the yardstick of this report and is not installed")
    print_library()
    with tempfile.TemporaryDirectory() as folder, running_system() as system:
        uploader = Uploader(system)
        ten_minutes = write_wav(Path(folder, "music.wav"), seconds=600, sample_rate_hz=44100, channels=2)
        report_cpu(uploader, ten_minutes, "10 minutes, 44.1 kHz stereo", rounds=3, uploads_a_round=1)
        clip = write_wav(Path(folder, "clip.wav"), seconds=5, sample_rate_hz=16000, channels=1)
        report_cpu(uploader, clip, "5 seconds, 16 kHz mono", rounds=5, uploads_a_round=40)
        hour = write_wav(Path(folder, "hour.wav"), seconds=3600, sample_rate_hz=44100, channels=2)
        report_hour(uploader, hour)


class Uploader:
    """A user of the system under measurement."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.client = httpx.Client(base_url=system.url, timeout=300)
        self.user = self.client.post("/user", json={"name": "bench"}).raise_for_status().json()
        self.last_byte_at = 0.0

    def upload(self, path: Path) -> str:
        """Post a WAV as a stream, as `curl -T` does; returns the link."""
        answer = self.client.post(
            "/record",
            params={"user": self.user["id"]},
            headers={"Authorization": f"Bearer {self.user['token']}", "Content-Type": "audio/wav"},
            content=self._blocks(path),
        )
        return str(answer.raise_for_status().json()["url"])

    def _blocks(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
        self.last_byte_at = time.perf_counter()


def lame_cpu_seconds(path: Path) -> float:
    """User and system seconds of `lame -V4 -q 5` on a file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["lame", "--quiet", "-V4", "-q", "5", path, "/dev/null"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report_cpu(uploader: Uploader, path: Path, title: str, *, rounds: int, uploads_a_round: int) -> None:
    """Interleave uploads and the yardstick; medians over the rounds, after one that is not counted."""
    lames: list[float] = []
    parts: list[dict[str, float]] = []
    for _ in range(rounds + 1):
        lames.append(statistics.mean(lame_cpu_seconds(path) for _ in range(uploads_a_round)))
        before = cpu_seconds(uploader.system.pid)
        for _ in range(uploads_a_round):
            uploader.upload(path)
        after = cpu_seconds(uploader.system.pid)
        parts.append({name: seconds / uploads_a_round for name, seconds in spent(before, after).items()})
    totals = [sum(part.values()) for part in parts]
    ratios = [total / lame for total, lame in zip(totals[1:], lames[1:], strict=True)]
    print(f"\n{title}: CPU seconds per upload, median of {rounds} rounds of {uploads_a_round}")
    for name in sorted(parts[-1]):
        print(f"  {name:20s} {statistics.median(part.get(name, 0.0) for part in parts[1:]):8.4f}")
    print(f"  {'whole system':20s} {statistics.median(totals[1:]):8.4f}")
    print(f"  {'lame -V4 -q 5':20s} {statistics.median(lames[1:]):8.4f}")
    print(f"  ratio                {statistics.median(ratios):8.2f}  (from {min(ratios):.2f} to {max(ratios):.2f})")


def report_hour(uploader: Uploader, path: Path) -> None:
    """One hour of stereo: memory of each part at its peak, and how long the answer takes after the last byte."""
    idle = peak_megabytes(uploader.system.pid)
    reset_peaks(uploader.system.pid)
    started = time.perf_counter()
    uploader.upload(path)
    ended = time.perf_counter()
    peaks = peak_megabytes(uploader.system.pid)
    print(f"\n60 minutes, 44.1 kHz stereo ({path.stat().st_size / 1e6:.0f} MB)")
    print(
        f"  upload and answer {ended - started:.2f} s, of which after the last byte was sent "
        f"{ended - uploader.last_byte_at:.2f} s"
    )
    for name in sorted(peaks):
        print(f"  {name:20s} peak {peaks[name]:7.1f} MiB, before {idle.get(name, 0.0):7.1f} MiB")


if __name__ == "__main__":
    main()
