"""POST /transcode on the real server: what comes back is what one pass of LAME gives, or a refusal at once."""

import io
import json
import socket
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from yardstick import Samples, changing_music, decoded, one_pass

from standalone.testing import serve_in_thread
from transcoder_service.main import create_app
from transcoder_service.settings import TranscoderSettings

# Seconds for two or three segments, and, where one segment holds minutes or is all there is, a few.
FORMATS = [(44100, 2, 60), (48000, 2, 55), (96000, 2, 25), (32000, 1, 90), (22050, 1, 9), (16000, 2, 9), (8000, 1, 9)]


@pytest.fixture(scope="module")
def transcoder() -> Iterator[str]:
    """The base URL of a transcoder with two threads and two places."""
    with serve_in_thread(
        create_app(TranscoderSettings.model_validate({"transcoder_threads": 2, "max_transcodes": 2}))
    ) as url:
        yield url


def wav_of(samples: Samples, rate: int) -> bytes:
    """A plain WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(samples.shape[1])
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.tobytes())
    return file.getvalue()


class TestAnMp3:
    @pytest.mark.parametrize(("rate", "channels", "seconds"), FORMATS)
    def test_sounds_as_one_pass_does(self, transcoder: str, rate: int, channels: int, seconds: int) -> None:
        samples = changing_music(seconds, rate, channels)
        answer = httpx.post(f"{transcoder}/transcode", content=wav_of(samples, rate), timeout=60)
        assert answer.status_code == 200, answer.text
        ours, theirs = decoded(answer.content), decoded(one_pass(samples, rate))
        assert ours.shape == theirs.shape
        assert np.array_equal(ours, theirs)

    @pytest.mark.parametrize("frames", [1, 575, 576, 1151, 1152, 1153, 3 * 1152, 44100])
    def test_has_exactly_as_many_samples_as_the_wav(self, transcoder: str, frames: int) -> None:
        samples = changing_music(1, 44100, 1)[:frames]
        answer = httpx.post(f"{transcoder}/transcode", content=wav_of(samples, 44100))
        assert decoded(answer.content).shape[1] == frames
        assert json.loads(answer.headers["X-Recording-Facts"])["sample_count"] == frames

    def test_tells_its_length_in_its_tag(self, transcoder: str) -> None:
        answer = httpx.post(f"{transcoder}/transcode", content=wav_of(changing_music(60, 44100, 2), 44100), timeout=60)
        mp3, at = answer.content, answer.content.index(b"Xing")
        assert int(answer.headers["Content-Length"]) == len(mp3)
        assert int.from_bytes(mp3[at + 12 : at + 16], "big") == len(mp3)


class TestAnUpload:
    def test_is_refused_while_its_client_pauses(self, transcoder: str) -> None:
        for _ in range(20):
            with begun_upload(transcoder) as connection:
                connection.sendall(b"no wav " * 20000)
                assert b" 415 " in connection.recv(4096)[:20]

    def test_is_refused_by_its_header_however_that_is_cut(self, transcoder: str) -> None:
        header = bytearray(wav_of(changing_music(0.1, 8000, 1), 8000)[:1000])
        header[24:28] = b"\0\0\0\0"  # the sample rate
        with begun_upload(transcoder) as connection:
            for at in range(0, len(header), 25):
                connection.sendall(header[at : at + 25])
                time.sleep(0.002)
            assert b" 422 " in connection.recv(4096)[:20]

    def test_past_the_places_there_are_is_told_so_at_once(self, transcoder: str) -> None:
        with begun_upload(transcoder) as first, begun_upload(transcoder) as second:
            for connection in (first, second):
                connection.sendall(b"RIFF")
            time.sleep(0.2)
            started = time.monotonic()
            answer = httpx.post(f"{transcoder}/transcode", content=wav_of(changing_music(1, 8000, 1), 8000))
            assert (answer.status_code, answer.json()["code"]) == (503, "transcoder_busy")
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - started < 1

    def test_whose_client_vanishes_frees_its_place_within_a_second(self, transcoder: str) -> None:
        for connection in (begun_upload(transcoder), begun_upload(transcoder)):
            connection.sendall(wav_of(changing_music(5, 44100, 2), 44100)[:-1000])
            connection.close()
        time.sleep(1)
        answer = httpx.post(f"{transcoder}/transcode", content=wav_of(changing_music(1, 8000, 1), 8000))
        assert answer.status_code == 200

    def test_leaves_nothing_in_the_spool(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            settings = TranscoderSettings.model_validate({"transcoder_threads": 2, "spool_directory": folder})
            with serve_in_thread(create_app(settings)) as url:
                httpx.post(
                    f"{url}/transcode", content=wav_of(changing_music(60, 44100, 2), 44100), timeout=60
                ).raise_for_status()
            assert list(Path(folder).iterdir()) == []


def begun_upload(url: str) -> socket.socket:
    """A connection that has announced 100 MB and sent none of it."""
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=5)
    connection.sendall(
        b"POST /transcode HTTP/1.1\r\nHost: test\r\nContent-Type: audio/wav\r\nContent-Length: 100000000\r\n\r\n"
    )
    return connection
