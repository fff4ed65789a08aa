"""The neighbour as it is: what records sends and reads is what transcoder-service takes and answers."""

import io
import json
import math
import os
import struct
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from standalone.testing import free_port


@dataclass(frozen=True)
class RealTranscoder:
    """Where it listens and what it logs."""

    url: str
    log: Path

    def conversions(self) -> int:
        """How many uploads it was sent so far, whatever became of them."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return sum(line["event"] == "request.answered" and line["path"] == "/transcode" for line in lines)


@pytest.fixture(scope="module")
def real_transcoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTranscoder]:
    """transcoder-service as a process of its own."""
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("transcoder")
    environment = {**os.environ, "LISTEN_PORT": str(port), "SPOOL_DIRECTORY": str(folder), "DRAIN_SECONDS": "0"}
    environment |= {"LOG_FORMAT": "json", "LOG_LEVEL": "info"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "transcoder_service.main"], env=environment, stdout=log)
    url = f"http://127.0.0.1:{port}"
    transport = httpx.HTTPTransport(retries=6)
    with httpx.Client(transport=transport, timeout=10) as client:
        client.get(f"{url}/readyz").raise_for_status()
    yield RealTranscoder(url, folder / "log")
    process.terminate()
    process.wait(10)


@pytest.fixture
def post(
    real_transcoder: RealTranscoder, serve_records: Callable[..., str], users: Any
) -> Callable[[bytes], httpx.Response]:
    """Uploads a WAV by a new user."""
    url = serve_records(transcoder_url=real_transcoder.url)

    def send(wav: bytes) -> httpx.Response:
        user, token = users.add()
        form = {"user": str(user), "token": str(token)}
        return httpx.post(f"{url}/record", data=form, files={"file": ("a.wav", wav)}, trust_env=False, timeout=30)

    return send


def tone(seconds: float) -> bytes:
    """A WAV of 440 Hz, 16 kHz, mono, 16 bits."""
    samples = [int(20_000 * math.sin(2 * math.pi * 440 * n / 16_000)) for n in range(int(seconds * 16_000))]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


class TestRealTranscoder:
    def test_a_wav_becomes_an_mp3(self, post: Callable[[bytes], httpx.Response]) -> None:
        answer = post(tone(3.5))
        assert answer.status_code == 201, answer.text
        assert answer.json()["duration_seconds"] == 3.5
        info = httpx.get(answer.json()["url"].replace("/record?", "/record/info?"), trust_env=False).json()
        assert (info["encoding"], info["bits_per_sample"], info["channels"]) == ("pcm", 16, 1)
        assert info["peak_dbfs"] == pytest.approx(20 * math.log10(20_000 / 32_768), abs=0.1)
        assert max(high for _, high in info["peaks"]) == pytest.approx(20_000 / 32_768, abs=0.02)
        mp3 = httpx.get(answer.json()["url"], trust_env=False).content
        assert mp3[:2] == b"\xff\xf3"
        assert len(mp3) == answer.json()["size_bytes"]

    @pytest.mark.parametrize(
        ("wav", "status", "code"),
        [
            (b"this is a text" * 100_000, 415, "not_a_wav"),
            (tone(1)[:20_000], 422, "wav_truncated"),
            (tone(0), 422, "wav_no_samples"),
        ],
    )
    def test_its_refusals_are_passed_on(
        self, post: Callable[[bytes], httpx.Response], wav: bytes, status: int, code: str
    ) -> None:
        answer = post(wav)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_fifty_uploads_at_once_with_one_key_are_one_conversion(
        self, real_transcoder: RealTranscoder, serve_records: Callable[..., str], users: Any
    ) -> None:
        url = serve_records(transcoder_url=real_transcoder.url, max_uploads=50)
        user, token = users.add()
        headers = {"Idempotency-Key": "key-1", "Content-Type": "audio/wav", "Authorization": f"Bearer {token}"}
        wav = tone(20)
        before = real_transcoder.conversions()

        def send(_number: int) -> httpx.Response:
            return httpx.post(f"{url}/record?user={user}", content=wav, headers=headers, trust_env=False, timeout=60)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send, range(50)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
        assert send(0).headers["Idempotency-Replayed"] == "true"
        assert real_transcoder.conversions() - before == 1
